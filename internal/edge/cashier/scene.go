package cashier

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// H5Life is how long an h5_url can be opened, milliseconds (wire reference, 5.1).
const H5Life = 5 * stamp.Minute

// scene is what one snapshot says about a code.
type scene struct {
	sandbox  bool
	offset   int32
	now      int64 // business time, Unix milliseconds
	prepayID string
	order    *pb.Order
	merchant *pb.Merchant
}

// look reads the scene of a prepay_id; false when no order has it.
func (c *Cashier) look(r table.Reader, prepayID string) (*scene, bool) {
	head, ok := machine.Head(r)
	if !ok {
		return nil, false
	}
	s := &scene{sandbox: head.Sandbox, offset: head.CutoffOffsetS, prepayID: prepayID,
		now: max(head.At, c.now().UnixMilli()+head.ClockOffsetMs)}
	if s.order, ok = order.Behind(r, prepayID); !ok {
		return nil, false
	}
	if s.merchant, ok = merchant.Get(r, s.order.Mchid); !ok {
		return nil, false
	}
	return s, true
}

// issued is when this prepay_id was given out, Unix milliseconds.
func (s *scene) issued() int64 { return order.Issued(s.order, s.prepayID, s.offset) }

// payableUntil is when nothing can be paid through this code any more.
func (s *scene) payableUntil() int64 {
	return min(order.PayableUntil(s.order), s.issued()+order.PrepayLife)
}

// first is the page that comes first: what can be said before anybody pays. To who holds a prepay_id
// that the order does not know, replaced or made up, nothing of the order is told.
func (s *scene) first() kind {
	switch out := order.Payable(s.order, s.prepayID, s.now, s.offset); out {
	case code.OK:
		return kindPay
	case code.OrderPaid:
		return kindAlready
	default:
		return outcomeKinds[out]
	}
}
