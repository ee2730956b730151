package notice

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
)

// pruneAfter is how long after its creation the cursor looks at a notice. The
// schedule ends after a day and 4 minutes, so that by then nearly all were
// delivered KeepSettled ago and none needs a row in the due table.
const pruneAfter = KeepSettled + 2*stamp.DayMs

// Prune drops notices that were delivered KeepSettled ago: at most limit rows
// are looked at, from the cursor on. One delivered later than that goes to the
// due table; parked ones are passed over and kept, and settle makes them due
// when they are delivered after all.
func Prune(d *deed.Deed, limit int) (looked int) {
	if limit <= 0 {
		return 0
	}
	var delivered []*pb.Notice
	Ended(d.Tx, d.Head.PruneCursor, func(n *pb.Notice) bool {
		if n.CreatedAt+pruneAfter > d.At {
			return false
		}
		d.Head.PruneCursor = n.Id + 1
		looked++
		if n.State == pb.NoticeState_NOTICE_STATE_DELIVERED {
			delivered = append(delivered, n)
		}
		return looked < limit
	})
	for _, n := range delivered {
		if at := n.SettledAt + KeepSettled; at > d.At {
			due.Put(d.Tx, at, pb.DueKind_DUE_KIND_NOTICE_PRUNE, n.Id)
		} else {
			d.Tx.Delete(endedKey(n.Id))
		}
	}
	return looked
}

// PruneDue drops a notice whose time in the due table has come. One that was
// owed again since then stays: it becomes due anew when it is delivered.
func PruneDue(d *deed.Deed, id uint64) {
	n, ok := ended.Get(d.Tx, endedKey(id))
	if ok && n.State == pb.NoticeState_NOTICE_STATE_DELIVERED && n.SettledAt+KeepSettled <= d.At {
		d.Tx.Delete(endedKey(id))
	}
}

// NextPrune is when the ended notice at the cursor is old enough to prune.
func NextPrune(r table.Reader, head *pb.Head) (at int64, ok bool) {
	Ended(r, head.PruneCursor, func(n *pb.Notice) bool {
		at, ok = n.CreatedAt+pruneAfter, true
		return false
	})
	return at, ok
}
