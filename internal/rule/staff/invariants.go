package staff

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

var invariants = []catalogue.Invariant{
	catalogue.Numbered("members of staff", ids, Entity, all),
	{Name: "members of staff are found by their names", Check: found},
	{Name: "a merchant's own people are of a merchant that is there", Check: ofMerchants},
	{Name: "who was ended has neither token nor session", Check: ended},
	{Name: "a session is found by its hash, and is of one member", Check: sessionsFound},
	{Name: "a person finds the members they sign in for", Check: ofPeople},
}

func all(r table.Reader, visit func(*pb.StaffMember) bool) { Scan(r, 0, visit) }

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(m *pb.StaffMember) bool {
		if ref, ok := refs.Get(r, refKey(m.Mchid, m.Ref)); !ok || ref.Id != m.Id {
			return report(Entity(m.Id), "is not found by their name, %s/%s", m.Mchid, m.Ref)
		}
		return true
	})
}

func ofMerchants(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(m *pb.StaffMember) bool {
		if _, ok := merchant.Peek(r, m.Mchid); m.Mchid != "" && !ok {
			return report(Entity(m.Id), "is of merchant %s, which is not there", m.Mchid)
		}
		return true
	})
}

func ended(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(m *pb.StaffMember) bool {
		if m.EndedAt != 0 && len(m.Token)+len(m.Sessions)+len(m.Passkeys) > 0 {
			return report(Entity(m.Id), "was ended, and could still sign in")
		}
		return true
	})
}

func sessionsFound(r table.Reader, _ *pb.Head, report catalogue.Report) {
	there := 0
	Scan(r, 0, func(m *pb.StaffMember) bool {
		for _, s := range m.Sessions {
			if ref, ok := opened.Get(r, openedKey(s.Hash)); !ok || ref.Id != m.Id {
				return report(Entity(m.Id), "has session %d, which is not found by its hash", s.Number)
			}
			there++
		}
		return true
	})
	from, to := table.Range(table.SessionRefs)
	found := 0
	r.Scan(from, to, func(_, _ []byte) bool { found++; return true })
	if found != there {
		report("staff", "%d hashes find %d sessions", found, there)
	}
}

func ofPeople(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(m *pb.StaffMember) bool {
		if _, ok := table.Value(r, personKey(m.Uid, m.Id)); m.Uid != 0 && !ok {
			return report(Entity(m.Id), "is not found by person %d", m.Uid)
		}
		return true
	})
}
