package refund

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// orderIndex names the backfill.
const orderIndex = "order_refunds"

// BackfillOrderIndex adds the index rows of refunds made below LevelOrderIndex:
// at most limit refunds from the cursor (empty: from the first). It returns the
// next cursor and whether it has come to the end. A cursor is a key of the
// refunds' table; below it, it begins with the first refund.
func BackfillOrderIndex(tx table.Txn, cursor []byte, limit int) (next []byte, done bool) {
	from, to := table.Range(table.Refunds)
	if bytes.Compare(cursor, from) > 0 {
		from = cursor
	}
	type row struct{ order, id uint64 }
	var rows []row
	more := false
	refunds.Scan(tx, from, to, func(k []byte, f *pb.Refund) bool {
		if len(rows) == limit {
			next, more = append([]byte(nil), k...), true
			return false
		}
		rows = append(rows, row{f.OrderId, f.Id})
		return true
	})
	for _, r := range rows {
		tx.Set(orderKey(r.order, r.id), nil)
	}
	return next, !more
}
