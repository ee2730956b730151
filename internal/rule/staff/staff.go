// Package staff keeps who works for the operator and for merchants: their roles,
// the token by which a member signs in, and the sessions that are open. Edges ask it
// whose a token or a session is (ByToken, BySession); the actor of what a member does
// is Entity of their number, "staff/17".
//
// The state has SHA-256 of 32 random bytes, never a token or a session's secret: there
// are too many to try, so the hash needs no key and no salt.
package staff

import (
	"crypto/subtle"
	"slices"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on there is staff.
const Level = 5

// SecretSize is how many random bytes a token or session has, and a hash of one.
const SecretSize = 32

// ids counts members.
const ids deed.Counter = 5

var (
	members = table.Of[pb.StaffMember, *pb.StaffMember]{ID: table.Staff}
	refs    = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.StaffRefs}
	opened  = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.SessionRefs}
)

func key(id uint64) table.Key            { return table.K(table.Staff).U64(id) }
func refKey(mchid, ref string) table.Key { return table.K(table.StaffRefs).Str(mchid).Str(ref) }
func openedKey(hash []byte) table.Key    { return table.K(table.SessionRefs).Str(string(hash)) }
func personKey(uid, id uint64) table.Key { return table.K(table.StaffPeople).U64(uid).U64(id) }

// Get reads a member by number.
func Get(r table.Reader, id uint64) (*pb.StaffMember, bool) { return members.Get(r, key(id)) }

// Peek is Get for looking only: the member must not be modified.
func Peek(r table.Reader, id uint64) (*pb.StaffMember, bool) { return members.Peek(r, key(id)) }

// ByRef reads a member by name: an operator where mchid is "", else one of the
// merchant's people.
func ByRef(r table.Reader, mchid, ref string) (*pb.StaffMember, bool) {
	found, ok := refs.Get(r, refKey(mchid, ref))
	if !ok {
		return nil, false
	}
	return members.Need(r, key(found.Id)), true
}

// BySession reads the member whose session has a secret of this hash; it may have
// lapsed.
func BySession(r table.Reader, hash []byte) (*pb.StaffMember, bool) {
	found, ok := opened.Get(r, openedKey(hash))
	if !ok {
		return nil, false
	}
	return members.Need(r, key(found.Id)), true
}

// OfPerson are the members that a person's devices sign in for, those who were ended
// among them, in the order of their numbers.
func OfPerson(r table.Reader, uid uint64) (found []*pb.StaffMember) {
	from, to := table.Prefix(table.K(table.StaffPeople).U64(uid))
	var ids []uint64
	r.Scan(from, to, func(k, _ []byte) bool {
		f := table.F(k)
		f.U64() // the person
		ids = append(ids, f.U64())
		return true
	})
	for _, id := range ids {
		found = append(found, members.Need(r, key(id)))
	}
	return found
}

// Scan visits all members in the order of their numbers, beginning after the given
// one.
func Scan(r table.Reader, after uint64, visit func(*pb.StaffMember) bool) {
	_, to := table.Range(table.Staff)
	members.Scan(r, key(after+1), to, func(_ []byte, m *pb.StaffMember) bool { return visit(m) })
}

// HasToken says whether the hash is of the member's token, in constant time.
func HasToken(m *pb.StaffMember, hash []byte) bool {
	return m.EndedAt == 0 && len(m.Token) == SecretSize && subtle.ConstantTimeCompare(m.Token, hash) == 1
}

// Session finds the member's session by the hash of its secret, nil where none is open
// at the time. All are compared, each in constant time.
func Session(m *pb.StaffMember, hash []byte, at int64) (found *pb.StaffSession) {
	for _, s := range m.Sessions {
		if subtle.ConstantTimeCompare(s.Hash, hash) == 1 && at < s.Until {
			found = s
		}
	}
	return found
}

// Has says whether the member has one of the roles.
func Has(m *pb.StaffMember, roles ...pb.StaffRole) bool {
	return slices.ContainsFunc(roles, func(r pb.StaffRole) bool { return slices.Contains(m.Roles, r) })
}

// Entity is the member's name in the journal, and the actor of what they do.
func Entity(id uint64) string { return "staff/" + strconv.FormatUint(id, 10) }

// put writes a member and journals what was done.
func put(d *deed.Deed, m *pb.StaffMember) {
	members.Put(d.Tx, key(m.Id), m)
	record(d, m)
}

func record(d *deed.Deed, m *pb.StaffMember) { d.Record(Entity(m.Id), m.Mchid+"/"+m.Ref, nil) }
