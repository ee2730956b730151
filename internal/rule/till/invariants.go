package till

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var invariants = []catalogue.Invariant{
	{Name: "tills are numbered without gaps", Check: numbered},
	{Name: "tills are found by token and by name", Check: found},
}

func numbered(r table.Reader, _ *pb.Head, report catalogue.Report) {
	next, more := uint64(1), true
	Scan(r, func(t *pb.Till) bool {
		if t.Id != next {
			more = report(Entity(next), "is missing: the next one is %d", t.Id)
		}
		next = t.Id + 1
		return more
	})
	if last := deed.Last(r, ids); more && next != last+1 {
		report("tills", "end with %d, %d were counted", next-1, last)
	}
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(t *pb.Till) bool {
		ref, ok := refs.Get(r, tokenKey(t.Token))
		named, ok2 := refs.Get(r, nameKey(t.Mchid, t.Name))
		if !ok || !ok2 || ref.Id != t.Id || named.Id != t.Id {
			return report(Entity(t.Id), "is not found by its token, or by its name")
		}
		return true
	})
}
