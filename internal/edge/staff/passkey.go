package staff

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strconv"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	rule "github.com/holdfast-pay/holdfast/internal/rule/staff"
)

// subject is whose challenges they are by which a member's passkey is made.
func subject(id uint64) string { return "staff/" + strconv.FormatUint(id, 10) }

// idSize is how much of a handle is the member's number: it finds them, and the rest is
// a keyed hash.
const idSize = 8

// handle is what authenticators know a member by.
func (s *Server) handle(ctx context.Context, id uint64) ([]byte, error) {
	tag, err := s.Desk.People.Tag(ctx, "staff passkey owner", subject(id))
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint64(nil, id), tag[:len(tag)-idSize]...), nil
}

// owner is a member as authenticators know them.
func (s *Server) owner(ctx context.Context, m *pb.StaffMember) (o passkey.Owner, err error) {
	if s.Passkeys == nil || s.Desk.People == nil {
		return o, code.PasskeysOff.Err()
	}
	o = passkey.Owner{Name: m.Ref, Keys: m.Passkeys, Found: true}
	o.Handle, err = s.handle(ctx, m.Id)
	return o, err
}

// caller is the member who calls, as authenticators know them.
func (s *Server) caller(ctx context.Context) (staffauth.Member, passkey.Owner, error) {
	who, _ := staffauth.From(ctx)
	m, err := s.Desk.Find(ctx, who.ID, "", "")
	if err != nil {
		return who, passkey.Owner{}, err
	}
	o, err := s.owner(ctx, m)
	return who, o, err
}

// asked issues a challenge and has the party put it in the browser's words.
func (s *Server) asked(ctx context.Context, c *pb.Challenge, words func(*pb.Challenge) (string, error)) (*connect.Response[pb.MemberPasskeyAsked], error) {
	now := s.Desk.Now()
	c.Number, c.Until = uint64(now), now+assertion.Life
	token, err := passkey.Issue(ctx, s.Desk.People.Tag, c)
	if err != nil {
		return nil, s.fail(ctx, "ask for a passkey", err)
	}
	options, err := words(c)
	if err != nil {
		return nil, s.fail(ctx, "ask for a passkey", err)
	}
	return connect.NewResponse(&pb.MemberPasskeyAsked{Options: options, Token: token}), nil
}

// BeginMemberPasskey says what an authenticator needs to make a passkey for the caller.
func (s *Server) BeginMemberPasskey(ctx context.Context, _ *connect.Request[pb.BeginMemberPasskeyRequest]) (*connect.Response[pb.MemberPasskeyAsked], error) {
	who, o, err := s.caller(ctx)
	if err != nil {
		return nil, s.fail(ctx, "ask for a passkey", err)
	}
	return s.asked(ctx, &pb.Challenge{Subject: subject(who.ID)}, func(c *pb.Challenge) (string, error) { return s.Passkeys.Creation(o, c) })
}

// AddMemberPasskey adds the passkey that was made.
func (s *Server) AddMemberPasskey(ctx context.Context, q *connect.Request[pb.AddMemberPasskeyRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.addPasskey(ctx, q.Msg)
	return s.answer(ctx, "add a passkey", m, err)
}

func (s *Server) addPasskey(ctx context.Context, q *pb.AddMemberPasskeyRequest) (*pb.StaffMember, error) {
	who, o, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.issued(ctx, q.Token, subject(who.ID))
	if err != nil {
		return nil, err
	}
	k, err := s.Passkeys.Created(o, c, q.Credential)
	if err != nil {
		return nil, s.unfit(ctx, err)
	}
	k.Label = q.Label
	return run(ctx, s.Desk, rule.AddPasskey, by(ctx), &pb.StaffPasskeyAdd{Id: who.ID, Passkey: k, Secret: who.Secret()})
}

// issued is the challenge that an answer is to.
func (s *Server) issued(ctx context.Context, token []byte, subject string) (*pb.Challenge, error) {
	c, err := passkey.Open(ctx, s.Desk.People.Tag, token, subject, nil)
	switch {
	case errors.Is(err, passkey.ErrToken):
		return nil, code.PasskeyInvalid.Err()
	case err == nil && s.Desk.Now() >= c.Until:
		return nil, code.ChallengeOver.Err()
	}
	return c, err
}

// unfit refuses what a browser sent. Why is for the log: it names origins and flags, and
// nothing of the member.
func (s *Server) unfit(ctx context.Context, err error) error {
	if !errors.Is(err, passkey.ErrAnswer) {
		return err
	}
	s.Log.Info("a passkey of staff's was refused", append(whose(ctx), "err", err)...)
	return code.AssertionWrong.Err()
}

// EndMemberPasskey removes a passkey of the caller's, or of one of their people.
func (s *Server) EndMemberPasskey(ctx context.Context, q *connect.Request[pb.EndMemberPasskeyRequest]) (*connect.Response[pb.StaffShown], error) {
	who, _ := staffauth.From(ctx)
	id := who.ID
	if q.Msg.Ref != "" {
		m, err := s.own(ctx, q.Msg.Ref)
		if err != nil {
			return s.answer(ctx, "remove a passkey", nil, err)
		}
		id = m.Id
	}
	m, err := s.Desk.EndPasskey(ctx, by(ctx), id, q.Msg.Credential)
	return s.answer(ctx, "remove a passkey", m, err)
}

// AskSignIn says what a passkey has to sign to sign in. The challenge is made for the
// session that opens with it.
func (s *Server) AskSignIn(ctx context.Context, q *connect.Request[pb.AskSignInRequest]) (*connect.Response[pb.MemberPasskeyAsked], error) {
	switch {
	case s.Passkeys == nil || s.Desk.People == nil:
		return nil, s.fail(ctx, "ask for a passkey", code.PasskeysOff.Err())
	case len(q.Msg.Hash) != rule.SecretSize:
		return nil, s.fail(ctx, "ask for a passkey", code.PasskeyInvalid.Err())
	}
	return s.asked(ctx, &pb.Challenge{Subject: rule.Subject, Act: q.Msg.Hash[:assertion.ActSize]}, s.Passkeys.RequestOfAny)
}

// SignInByPasskey opens a session for the member whose passkey signed. What was not
// signed by one is counted as a wrong token is.
func (s *Server) SignInByPasskey(ctx context.Context, q *connect.Request[pb.SignInByPasskeyRequest]) (*connect.Response[pb.SignInResponse], error) {
	address := addressOf(ctx)
	if s.Auth.Spent(address) {
		return nil, s.fail(ctx, "sign in", code.StaffTriesTooMany.Err())
	}
	m, signed, err := s.signed(ctx, q.Msg)
	if err != nil {
		s.Auth.Wrong(address)
		return nil, s.fail(ctx, "sign in", err)
	}
	text, hash := staffauth.SessionOf(m.Id, q.Msg.Secret)
	c := &pb.SessionOpen{Id: m.Id, Hash: hash, LifeMs: Life(q.Msg.LifeS), Label: q.Msg.Label, Assertion: signed}
	return s.signIn(ctx, By{rule.Entity(m.Id), by(ctx).Request}, c, text, q.Msg.Cookie)
}

// signed finds whose passkey signed what was asked for.
func (s *Server) signed(ctx context.Context, q *pb.SignInByPasskeyRequest) (*pb.StaffMember, *pb.Assertion, error) {
	if s.Passkeys == nil || s.Desk.People == nil {
		return nil, nil, code.PasskeysOff.Err()
	}
	c, err := s.issued(ctx, q.Token, rule.Subject)
	if err != nil {
		return nil, nil, err
	}
	said, err := passkey.Handle(q.Credential)
	if err != nil {
		return nil, nil, s.unfit(ctx, err)
	}
	m, err := s.known(ctx, said)
	if err != nil {
		return nil, nil, err
	}
	o, err := s.owner(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	signed, err := s.Passkeys.Asserted(o, c, q.Credential)
	if err != nil {
		return nil, nil, s.unfit(ctx, err)
	}
	return m, signed, nil
}

// known is the member whom authenticators know by a handle.
func (s *Server) known(ctx context.Context, said []byte) (m *pb.StaffMember, err error) {
	if len(said) <= idSize {
		return nil, code.PasskeyUnknown.Err()
	}
	id := binary.BigEndian.Uint64(said)
	is, err := s.handle(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(is, said):
		return nil, code.PasskeyUnknown.Err()
	}
	err = s.Desk.Core.ReadLatest(ctx, func(r table.Reader) error {
		found, ok := rule.Get(r, id)
		if !ok || found.EndedAt != 0 || len(found.Passkeys) == 0 {
			return code.PasskeyUnknown.Err()
		}
		m = found
		return nil
	})
	return m, err
}
