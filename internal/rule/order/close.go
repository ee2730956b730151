package order

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
)

// ApplyClose closes an unpaid order. Closing it again, and closing a number
// that was never used, changes nothing and succeeds (wire reference, 3.3).
//
// Refuses: OrderPaid, with the order.
func ApplyClose(d *deed.Deed, c *pb.OrderClose) (code.Code, *pb.Order) {
	o, ok := ByNumber(d.Tx, c.Mchid, c.OutTradeNo)
	switch {
	case !ok:
		return code.OK, nil
	case Paid(o):
		return code.OrderPaid, o
	case o.State == pb.TradeState_TRADE_STATE_CLOSED:
		return code.OK, o
	}
	closeNow(d, o)
	return code.OK, o
}

func closeNow(d *deed.Deed, o *pb.Order) {
	Moves.Enter(&o.State, pb.TradeState_TRADE_STATE_CLOSED)
	o.ClosedAt, o.CloseSeq = d.At, d.Seq()
	o.OlderPrepayIds = nil
	Put(d.Tx, o)
	d.Record(Entity(o.Id), o.Mchid+"/"+o.OutTradeNo, nil)
}

// CloseDue closes an order whose automatic close is due, if it is still unpaid.
func CloseDue(d *deed.Deed, id uint64) {
	if o := Need(d.Tx, id); o.State == pb.TradeState_TRADE_STATE_NOTPAY {
		closeNow(d, o)
	}
}

// AutoClose closes unpaid orders that are older than Life, at most limit orders
// looked at, and moves the cursor over them. Ids grow with time, so the orders
// themselves are the queue and no order costs a row for it; one whose
// time_expire lies beyond goes to the due table.
func AutoClose(d *deed.Deed, limit int) (looked int) {
	for looked < limit && d.Head.CloseCursor < d.Head.NextOrder {
		o := orders.Need(d.Tx, key(d.Head.CloseCursor))
		if o.CreatedAt+Life > d.At {
			break
		}
		looked++
		d.Head.CloseCursor++
		switch {
		case o.State != pb.TradeState_TRADE_STATE_NOTPAY:
		case ClosesAt(o) > d.At:
			due.Put(d.Tx, ClosesAt(o), pb.DueKind_DUE_KIND_ORDER_CLOSE, o.Id)
		default:
			closeNow(d, o)
		}
	}
	return looked
}

// NextAutoClose is when the order at the cursor is old enough, ok false when
// there is none.
func NextAutoClose(r table.Reader, head *pb.Head) (at int64, ok bool) {
	o, ok := Get(r, head.CloseCursor)
	if !ok {
		return 0, false
	}
	return o.CreatedAt + Life, true
}
