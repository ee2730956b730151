package staff

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// ApplyAdd adds a member, who can do nothing yet: a token comes by ApplyToken, and
// where a person is named, that person's devices sign in. (mchid, ref) is the identity
// for ever; a repeat returns the member as they are now.
//
// Refuses, in this order: StaffRefInvalid, StaffRolesInvalid, SealedInvalid;
// StaffExists; MerchantNotFound, PersonNotFound.
func ApplyAdd(d *deed.Deed, c *pb.StaffAdd) (code.Code, *pb.StaffMember) {
	switch {
	case !ident.ValidClientID(c.Ref):
		return code.StaffRefInvalid, nil
	case !fit(c.Mchid, c.Roles):
		return code.StaffRolesInvalid, nil
	case c.Details != nil && !person.ValidSealed(c.Details):
		return code.SealedInvalid, nil
	}
	content := contentHash(d, c)
	if old, ok := ByRef(d.Tx, c.Mchid, c.Ref); ok {
		if !bytes.Equal(old.ContentHash, content) {
			return code.StaffExists, nil
		}
		return code.OK, old
	}
	if out := belongs(d, c); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	return code.OK, insert(d, c, content)
}

// belongs checks that the merchant and the person are there.
func belongs(d *deed.Deed, c *pb.StaffAdd) code.Code {
	if c.Mchid != "" {
		if _, ok := merchant.Peek(d.Tx, c.Mchid); !ok {
			return code.MerchantNotFound
		}
	}
	if c.Uid != 0 {
		if _, ok := person.Peek(d.Tx, c.Uid); !ok {
			return code.PersonNotFound
		}
	}
	return code.OK
}

// insert writes a new member. The caller has checked everything.
func insert(d *deed.Deed, c *pb.StaffAdd, content []byte) *pb.StaffMember {
	m := &pb.StaffMember{
		Id: d.Next(ids), Mchid: c.Mchid, Ref: c.Ref, Roles: c.Roles, Details: c.Details, Uid: c.Uid,
		CreatedAt: d.At, CreateSeq: d.Seq(), ContentHash: content,
	}
	members.Insert(d.Tx, key(m.Id), m)
	refs.Insert(d.Tx, refKey(m.Mchid, m.Ref), &pb.OrderRef{Id: m.Id})
	if m.Uid != 0 {
		d.Tx.Set(personKey(m.Uid, m.Id), nil)
	}
	record(d, m)
	return m
}

// contentHash covers what a repeat must match. Of the details it has the keyed hash:
// sealing them again gives another box.
func contentHash(d *deed.Deed, c *pb.StaffAdd) []byte {
	same := pb.StaffAdd{Mchid: c.Mchid, Ref: c.Ref, Roles: c.Roles, Uid: c.Uid}
	if c.Details != nil {
		same.Details = &pb.Sealed{Hash: c.Details.Hash}
	}
	return ledger.ContentHash(d.Mem, &same)
}

// fit says whether somebody of the merchant, or of the operator, may have the roles:
// in the order of their numbers, each once.
func fit(mchid string, roles []pb.StaffRole) bool {
	before := pb.StaffRole_STAFF_ROLE_UNSPECIFIED
	for _, r := range roles {
		if r <= before || OfMerchant(r) != (mchid != "") || pb.StaffRole_name[int32(r)] == "" {
			return false
		}
		before = r
	}
	return len(roles) > 0
}

// OfMerchant says whether the role is one of merchants' own people.
func OfMerchant(r pb.StaffRole) bool { return r >= pb.StaffRole_STAFF_ROLE_OWNER }

// ApplyEnd ends a member with all sessions, the token and the passkeys; ending them again changes
// nothing. What they did keeps their number.
//
// Refuses, in this order: StaffNotFound.
func ApplyEnd(d *deed.Deed, c *pb.StaffEnd) (code.Code, *pb.StaffMember) {
	m, ok := Get(d.Tx, c.Id)
	switch {
	case !ok:
		return code.StaffNotFound, nil
	case m.EndedAt != 0:
		return code.OK, m
	}
	// From here the command succeeds.
	keep(d, m, nil)
	m.EndedAt, m.Token, m.Passkeys = d.At, nil, nil
	put(d, m)
	return code.OK, m
}

// ApplySetRoles replaces a member's roles, in open sessions too; the same again
// changes nothing.
//
// Refuses, in this order: StaffNotFound, StaffEnded, StaffRolesInvalid.
func ApplySetRoles(d *deed.Deed, c *pb.StaffSetRoles) (code.Code, *pb.StaffMember) {
	m, out := active(d, c.Id)
	switch {
	case out != code.OK:
		return out, m
	case !fit(m.Mchid, c.Roles):
		return code.StaffRolesInvalid, m
	case slices.Equal(m.Roles, c.Roles):
		return code.OK, m
	}
	// From here the command succeeds.
	m.Roles = c.Roles
	put(d, m)
	return code.OK, m
}

// ApplyToken gives a member a token, or another one. What came of the one before ends:
// the sessions that it opened, and the passkeys with theirs, which whoever had the token
// could add. Sessions that the person's devices opened stay. The hash is the identity.
//
// Refuses, in this order: CommandMalform (hash), StaffNotFound, StaffEnded.
func ApplyToken(d *deed.Deed, c *pb.StaffToken) (code.Code, *pb.StaffMember) {
	if len(c.Hash) != SecretSize {
		return code.CommandMalform, nil
	}
	m, out := active(d, c.Id)
	switch {
	case out != code.OK:
		return out, m
	case HasToken(m, c.Hash):
		return code.OK, m
	}
	// From here the command succeeds.
	var kept []*pb.StaffSession
	for _, s := range m.Sessions {
		if len(s.Device) > 0 {
			kept = append(kept, s)
		}
	}
	keep(d, m, kept)
	m.Token, m.TokenAt, m.Passkeys = c.Hash, d.At, nil
	put(d, m)
	return code.OK, m
}

// active finds a member who has not been ended.
func active(d *deed.Deed, id uint64) (*pb.StaffMember, code.Code) {
	m, ok := Get(d.Tx, id)
	switch {
	case !ok:
		return nil, code.StaffNotFound
	case m.EndedAt != 0:
		return m, code.StaffEnded
	}
	return m, code.OK
}
