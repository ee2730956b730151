// Package order keeps orders and their payments: create (prepay), pay, close,
// and the automatic close. The states and who moves them on are described at
// pb.TradeState.
//
// An order's id is a counter. transaction_id and prepay_id embed it, so only
// the merchant's own number needs an index row.
package order

import (
	"slices"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Time limits of an order, in milliseconds (wire reference, 5.1).
const (
	// PrepayLife is how long a prepay_id or code_url can be paid.
	PrepayLife = 2 * stamp.Hour
	// Life is how long an order without time_expire can be paid, and when an
	// unpaid one closes by itself.
	Life = 7 * stamp.DayMs
	// ExpireMin is the least time_expire after the order; earlier ones are raised.
	ExpireMin = stamp.Minute
	// ExpireMax is the most time_expire after the order.
	ExpireMax = 15 * stamp.DayMs
)

// maxOlderPrepays bounds the earlier prepay_ids an order remembers.
const maxOlderPrepays = 8

var (
	orders = table.Of[pb.Order, *pb.Order]{ID: table.Orders}
	refs   = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.OrderNos}
)

func key(id uint64) table.Key { return table.K(table.Orders).U64(id) }
func numberKey(mchid, outTradeNo string) table.Key {
	return table.K(table.OrderNos).Str(mchid).Str(outTradeNo)
}

// Get reads an order by its id.
func Get(r table.Reader, id uint64) (*pb.Order, bool) { return orders.Get(r, key(id)) }

// Need reads an order that another row names.
func Need(r table.Reader, id uint64) *pb.Order { return orders.Need(r, key(id)) }

// ByNumber reads an order by the merchant's number.
func ByNumber(r table.Reader, mchid, outTradeNo string) (*pb.Order, bool) {
	ref, ok := refs.Get(r, numberKey(mchid, outTradeNo))
	if !ok {
		return nil, false
	}
	return Need(r, ref.Id), true
}

// ByTransactionID reads a paid order by our number for its payment.
func ByTransactionID(r table.Reader, transactionID string) (*pb.Order, bool) {
	id, ok := ident.ParseTransactionID(transactionID)
	if !ok {
		return nil, false
	}
	o, ok := Get(r, id)
	if !ok || !Paid(o) || TransactionID(o, stamp.Business) != transactionID {
		return nil, false
	}
	return o, true
}

// ByPrepayID reads the order a prepay_id was given out for, as long as the order
// remembers that prepay_id: whoever made one up finds nothing. Pay says whether it
// can still be paid.
func ByPrepayID(r table.Reader, prepayID string) (*pb.Order, bool) {
	o, ok := Behind(r, prepayID)
	if !ok || !Knows(o, prepayID) {
		return nil, false
	}
	return o, true
}

// Behind reads the order whose id is inside a prepay_id, which may have been
// replaced or made up: to who holds one that the order does not know (Knows),
// nothing of the order may be told but that.
func Behind(r table.Reader, prepayID string) (*pb.Order, bool) {
	id, ok := ident.ParsePrepayID(prepayID)
	if !ok {
		return nil, false
	}
	return Get(r, id)
}

// Put writes an order back; refund moves it on through it.
func Put(tx table.Txn, o *pb.Order) { orders.Put(tx, key(o.Id), o) }

// Entity is the order's name in the journal.
func Entity(id uint64) string {
	var room [32]byte
	return string(appendEntity(room[:0], id))
}

func appendEntity(b []byte, id uint64) []byte {
	return strconv.AppendUint(append(b, "order/"...), id, 10)
}

// Paid says whether the order was ever paid.
func Paid(o *pb.Order) bool { return o.PaidAt != 0 }

// TransactionID is the payment's number, "" before payment.
func TransactionID(o *pb.Order, offset int32) string {
	if !Paid(o) {
		return ""
	}
	return ident.TransactionID(o.Id, o.PaidAt, offset)
}

// PayableUntil is when the order can no longer be paid, Unix milliseconds.
func PayableUntil(o *pb.Order) int64 {
	if o.TimeExpire != 0 {
		return o.TimeExpire
	}
	return o.CreatedAt + Life
}

// ClosesAt is when an unpaid order closes by itself, Unix milliseconds.
func ClosesAt(o *pb.Order) int64 { return max(o.CreatedAt+Life, o.TimeExpire) }

// Knows says whether prepayID was given out for the order and is remembered: the
// newest one, and for JSAPI and APP those before it. The id inside a prepay_id
// can be made up, so who does not hold a known one learns nothing of the order.
func Knows(o *pb.Order, prepayID string) bool {
	return o.PrepayId == prepayID || slices.Contains(o.OlderPrepayIds, prepayID)
}

// keepsOlderPrepays: a new code_url or h5_url replaces the one before it, while
// a JSAPI or APP client may still hold the earlier prepay_id (wire reference, 3.1).
func keepsOlderPrepays(o *pb.Order) bool {
	return o.Product == pb.Product_PRODUCT_JSAPI || o.Product == pb.Product_PRODUCT_APP
}
