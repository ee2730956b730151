package catalogue

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Numbered is the invariant that records are numbered from 1 without gaps, as far as was
// counted. what they are is for a report; scan visits them in the order of their numbers.
func Numbered[T interface{ GetId() uint64 }](
	what string, counted deed.Counter, entity func(uint64) string, scan func(table.Reader, func(T) bool),
) Invariant {
	return Invariant{Name: what + " are numbered without gaps", Check: func(r table.Reader, _ *pb.Head, report Report) {
		next, more := uint64(1), true
		scan(r, func(rec T) bool {
			id := rec.GetId()
			if id != next {
				more = report(entity(next), "is missing: the next one is %d", id)
			}
			next = id + 1
			return more
		})
		if last := deed.Last(r, counted); more && next != last+1 {
			report(what, "end with %d, %d were counted", next-1, last)
		}
	}}
}
