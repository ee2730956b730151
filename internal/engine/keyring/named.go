package keyring

import (
	"encoding/hex"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// rows is a table whose rows have something sealed in them.
type rows struct {
	id table.ID
	// own says that each row has a data key of its own; texts in the others are sealed
	// under the keys of people who may read them.
	own bool
	// names visits the keys that the table's rows name.
	names func(r table.Reader, visit func(id string) bool) (more bool)
}

// named are all of them. A test holds it against the schema.
var named = []rows{
	{table.Persons, true, in(table.Persons, func(p *pb.Person) []*pb.Sealed { return []*pb.Sealed{p.Details} })},
	{table.Staff, true, in(table.Staff, func(m *pb.StaffMember) []*pb.Sealed { return []*pb.Sealed{m.Details} })},
	{table.Appeals, false, in(table.Appeals, func(a *pb.Appeal) []*pb.Sealed { return []*pb.Sealed{a.Words, a.Answer} })},
	{table.Transfers, false, in(table.Transfers, func(t *pb.PersonTransfer) []*pb.Sealed { return []*pb.Sealed{t.Memo} })},
	{table.Packets, false, in(table.Packets, func(p *pb.Packet) []*pb.Sealed { return []*pb.Sealed{p.Words} })},
	{table.Reports, false, in(table.Reports, func(p *pb.ProblemReport) []*pb.Sealed { return []*pb.Sealed{p.Words, p.Answer} })},
	{table.Shops, false, in(table.Shops, func(s *pb.Shop) []*pb.Sealed { return []*pb.Sealed{s.Words} })},
}

// in reads the keys that are named in a table's rows.
func in[R any, P interface {
	*R
	table.Record
}](id table.ID, sealed func(P) []*pb.Sealed) func(table.Reader, func(string) bool) bool {
	return func(r table.Reader, visit func(string) bool) (more bool) {
		from, to := table.Range(id)
		more = true
		table.Of[R, P]{ID: id}.Scan(r, from, to, func(_ []byte, rec P) bool {
			for _, s := range sealed(rec) {
				more = more && (s.GetKeyId() == "" || visit(s.KeyId))
			}
			return more
		})
		return more
	}
}

// OwnTables are the tables in which a row has a data key of its own. Every key that
// opens anything stands in one of them.
func OwnTables() (list []table.ID) {
	for _, t := range named {
		if t.own {
			list = append(list, t.id)
		}
	}
	return list
}

// Lacking counts the data keys that the state names and this node does not have.
// Those that were deleted are not missed.
func (r *Ring) Lacking(state table.Reader) (missing uint64) {
	for _, t := range named {
		if !t.own {
			continue
		}
		t.names(state, func(id string) bool {
			if r.Lacks(id) {
				missing++
			}
			return true
		})
	}
	return missing
}

// Lacks says whether a key is neither here nor marked as deleted.
func (r *Ring) Lacks(id string) bool {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != nameSize {
		return false // no node can have it
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.slots[name(raw)]
	return !ok
}

// Unnamed returns the keys that were minted before a time and that no row of the
// state names.
func (r *Ring) Unnamed(state table.Reader, before time.Time) (ids []string) {
	old := r.mintedBefore(before.UnixMilli())
	for _, t := range named {
		if len(old) == 0 {
			return nil
		}
		t.names(state, func(id string) bool {
			delete(old, id)
			return len(old) > 0
		})
	}
	for id := range old {
		ids = append(ids, id)
	}
	return ids
}

func (r *Ring) mintedBefore(at int64) map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := map[string]bool{}
	for n, s := range r.slots {
		if !s.gone && s.minted < at {
			old[hex.EncodeToString(n[:])] = true
		}
	}
	return old
}

// Minted is when a key was minted; the zero time when there is no such key.
func (r *Ring) Minted(id string) time.Time {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != nameSize {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.slots[name(raw)]; ok && !s.gone {
		return time.UnixMilli(s.minted)
	}
	return time.Time{}
}
