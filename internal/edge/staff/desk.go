package staff

import (
	"context"
	"errors"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	rule "github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// Core is what it needs of the replica.
type Core interface {
	// Do runs a command; an error means that no result is known.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLatest calls f with one snapshot that has every answered command.
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Desk is what is done about members of staff, whoever asks for it: owners through
// this package's service, operators through the administration. Refusals are
// *code.Errors.
type Desk struct {
	Core Core
	// People seals and opens members' details; nil on a node without a keyring.
	People *personal.Sealer
	// Link is what a tablet scans to sign in with a token; nil where there are no pages.
	Link func(token string) string
	// Now is business time, Unix milliseconds.
	Now func() int64
}

// By is who asks, and in which request.
type By struct{ Actor, Request string }

// Newcomer is a member to be added.
type Newcomer struct {
	Mchid, Ref string
	Roles      []pb.StaffRole
	Details    *pb.Details
	Uid        uint64
}

const (
	maxName  = 40
	maxEmail = 120
)

// Add adds a member; the same again returns the member as they are.
func (d *Desk) Add(ctx context.Context, by By, who Newcomer) (*pb.StaffMember, error) {
	c := &pb.StaffAdd{Mchid: who.Mchid, Ref: who.Ref, Roles: slices.Sorted(slices.Values(who.Roles)), Uid: who.Uid}
	if out := tidy(who.Details); out != code.OK {
		return nil, out.Err()
	}
	if who.Details.GetName()+who.Details.GetPhone()+who.Details.GetEmail() == "" {
		return run(ctx, d, rule.Add, by, c)
	}
	if d.People == nil {
		return nil, code.PersonNotSealed.Err()
	}
	old, err := d.find(ctx, func(r table.Reader) (*pb.StaffMember, bool) { return rule.ByRef(r, who.Mchid, who.Ref) })
	if err != nil && !is(err, code.StaffNotFound) {
		return nil, err
	}
	if c.Details, err = d.People.Again(ctx, old.GetDetails(), who.Details); err != nil {
		return nil, err
	}
	if old.GetDetails() != nil {
		return run(ctx, d, rule.Add, by, c)
	}
	m, err := run(ctx, d, rule.Add.Until(d.People.Until(c.Details)), by, c)
	d.People.DropUnless(c.Details.KeyId, m.GetDetails(), err)
	return m, err
}

// tidy says whether details can be shown to others, and brings the phone number into
// its form.
func tidy(d *pb.Details) code.Code {
	if d == nil {
		return code.OK
	}
	if !wallet.Text(d.Name, maxName) || !wallet.Text(d.Email, maxEmail) {
		return code.TextInvalid
	}
	if d.Phone != "" {
		phone, ok := personal.Phone(d.Phone)
		if !ok {
			return code.PhoneTagInvalid
		}
		d.Phone = phone
	}
	return code.OK
}

// Find finds a member by number, or by merchant and name where the number is 0.
func (d *Desk) Find(ctx context.Context, id uint64, mchid, ref string) (*pb.StaffMember, error) {
	return d.find(ctx, func(r table.Reader) (*pb.StaffMember, bool) {
		if id != 0 {
			return rule.Get(r, id)
		}
		return rule.ByRef(r, mchid, ref)
	})
}

func (d *Desk) find(ctx context.Context, look func(table.Reader) (*pb.StaffMember, bool)) (m *pb.StaffMember, err error) {
	found := false
	err = d.Core.ReadLatest(ctx, func(r table.Reader) error {
		m, found = look(r)
		return nil
	})
	if err == nil && !found {
		err = code.StaffNotFound.Err()
	}
	return m, err
}

// Page lists members of whom of says yes, beginning after a number: at most limit, 100
// where it is 0. next is where the next page begins, 0 at the end.
func (d *Desk) Page(ctx context.Context, after uint64, limit uint32, of func(*pb.StaffMember) bool) (page []*pb.StaffShown, next uint64, err error) {
	if limit == 0 {
		limit = 100
	}
	var found []*pb.StaffMember
	err = d.Core.ReadLatest(ctx, func(r table.Reader) error {
		rule.Scan(r, after, func(m *pb.StaffMember) bool {
			if of(m) {
				found = append(found, m)
			}
			return len(found) < int(min(limit, 1000))
		})
		return nil
	})
	for _, m := range found {
		page = append(page, d.Shown(m))
		next = m.Id
	}
	if len(found) < int(min(limit, 1000)) {
		next = 0
	}
	return page, next, err
}

// Token gives a member a new token, which is returned here and kept nowhere.
func (d *Desk) Token(ctx context.Context, by By, id uint64) (*pb.NewTokenResponse, error) {
	token, hash := staffauth.NewSecret(staffauth.Token, id)
	m, err := run(ctx, d, rule.Token, by, &pb.StaffToken{Id: id, Hash: hash})
	if err != nil {
		return nil, err
	}
	a := &pb.NewTokenResponse{Token: token, Member: d.Shown(m)}
	if d.Link != nil {
		a.Link = d.Link(token)
	}
	return a, nil
}

// SetRoles replaces a member's roles.
func (d *Desk) SetRoles(ctx context.Context, by By, id uint64, roles []pb.StaffRole) (*pb.StaffMember, error) {
	return run(ctx, d, rule.SetRoles, by, &pb.StaffSetRoles{Id: id, Roles: slices.Sorted(slices.Values(roles))})
}

// End ends a member.
func (d *Desk) End(ctx context.Context, by By, id uint64) (*pb.StaffMember, error) {
	return run(ctx, d, rule.End, by, &pb.StaffEnd{Id: id})
}

// EndPasskey removes a passkey of a member's.
func (d *Desk) EndPasskey(ctx context.Context, by By, id uint64, credential []byte) (*pb.StaffMember, error) {
	return run(ctx, d, rule.EndPasskey, by, &pb.StaffPasskeyEnd{Id: id, Credential: credential})
}

// EndSession ends one of a member's sessions, or all where number is 0.
func (d *Desk) EndSession(ctx context.Context, by By, id, number uint64) (*pb.StaffMember, error) {
	return run(ctx, d, rule.EndSession, by, &pb.SessionEnd{Id: id, Number: number})
}

// is says whether err is the outcome.
func is(err error, out code.Code) bool {
	var refused *code.Error
	return errors.As(err, &refused) && refused.Code == out
}

// run runs a command about a member.
func run[B table.Record](ctx context.Context, d *Desk, c catalogue.Command[B, *pb.StaffMember], by By, body B) (*pb.StaffMember, error) {
	m, out, err := c.Do(ctx, d.Core, by.Actor, by.Request, body)
	if err == nil {
		err = out.Err()
	}
	return m, err
}

// Shown is a member as they are shown, with the sessions that are open.
func (d *Desk) Shown(m *pb.StaffMember) *pb.StaffShown {
	s := &pb.StaffShown{
		Id: m.Id, Mchid: m.Mchid, Ref: m.Ref, Roles: m.Roles, Uid: m.Uid, TokenAt: m.TokenAt, CreatedAt: m.CreatedAt, EndedAt: m.EndedAt,
	}
	if len(m.Token) == 0 {
		s.TokenAt = 0
	}
	if m.Details != nil {
		of := d.People.Opened(m.Details)
		s.Name, s.Phone, s.Email, s.Missing = of.Name, of.Phone, of.Email, of.Missing
	}
	now := d.Now()
	for _, one := range m.Sessions {
		if now < one.Until {
			s.Sessions = append(s.Sessions, &pb.StaffSessionShown{
				Number: one.Number, OpenedAt: one.OpenedAt, Until: one.Until, Label: one.Label,
				ByDevice: len(one.Device) > 0, ByPasskey: len(one.Passkey) > 0,
			})
		}
	}
	for _, k := range m.Passkeys {
		s.Passkeys = append(s.Passkeys, &pb.MemberPasskeyShown{Credential: k.Credential, Label: k.Label, AddedAt: k.AddedAt, UsedAt: k.UsedAt})
	}
	return s
}
