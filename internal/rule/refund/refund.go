// Package refund returns money of paid orders: partial or whole, repeated up to
// what was paid. A refund is accepted as PROCESSING with the merchant's money
// held, and the next tick moves the money and makes it SUCCESS; see
// pb.RefundStatus for the states.
package refund

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Limits of refunds (wire reference, 3.5).
const (
	// Window is how long after payment an order can be refunded, milliseconds.
	Window = 365 * stamp.DayMs
	// MaxPerOrder is how many refunds one order takes.
	MaxPerOrder = 50
	// LevelOrderIndex is the feature level from which refunds are indexed by order.
	LevelOrderIndex = 2
)

var (
	refunds = table.Of[pb.Refund, *pb.Refund]{ID: table.Refunds}
	refs    = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.RefundNos}
)

func key(id uint64) table.Key { return table.K(table.Refunds).U64(id) }
func numberKey(mchid, no string) table.Key {
	return table.K(table.RefundNos).Str(mchid).Str(no)
}
func orderKey(orderID, id uint64) table.Key {
	return table.K(table.OrderRefunds).U64(orderID).U64(id)
}

// Get reads a refund by its id.
func Get(r table.Reader, id uint64) (*pb.Refund, bool) { return refunds.Get(r, key(id)) }

// ByNumber reads a refund by the merchant's number.
func ByNumber(r table.Reader, mchid, outRefundNo string) (*pb.Refund, bool) {
	ref, ok := refs.Get(r, numberKey(mchid, outRefundNo))
	if !ok {
		return nil, false
	}
	return refunds.Need(r, key(ref.Id)), true
}

// ByRefundID reads a refund by our number.
func ByRefundID(r table.Reader, refundID string) (*pb.Refund, bool) {
	id, ok := ident.ParseRefundID(refundID)
	if !ok {
		return nil, false
	}
	f, ok := Get(r, id)
	if !ok || ID(f, stamp.Business) != refundID {
		return nil, false
	}
	return f, true
}

// ByOrder lists an order's refunds, oldest first. States below LevelOrderIndex
// have no index; the backfill "order_refunds" adds it.
func ByOrder(r table.Reader, orderID uint64) []*pb.Refund {
	var list []*pb.Refund
	from, to := table.Prefix(table.K(table.OrderRefunds).U64(orderID))
	r.Scan(from, to, func(k, _ []byte) bool {
		f := table.F(k)
		f.U64()
		list = append(list, refunds.Need(r, key(f.U64())))
		return true
	})
	return list
}

// ID is the refund_id the API shows.
func ID(f *pb.Refund, offset int32) string { return ident.RefundID(f.Id, f.CreatedAt, offset) }

// Entity is the refund's name in the journal.
func Entity(id uint64) string { return "refund/" + strconv.FormatUint(id, 10) }

func put(tx table.Txn, f *pb.Refund) { refunds.Put(tx, key(f.Id), f) }
