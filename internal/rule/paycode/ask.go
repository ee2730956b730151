package paycode

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyAskAnswer pays an order whose payer is asked, or closes it. The same answer
// again changes nothing.
//
// Refuses, in this order: AskNotFound (another's, too); AskEnded, with the order; and
// of the person's wallet ConsentNeeded, PersonBlocked, DeviceUnknown,
// CounterUsed, and to pay NewDeviceLimit, LimitPerAct, LimitPerDay, LimitPerYear,
// TooManyActs, PinNeeded, PinTryUnknown, AccountFrozen, AmountOverflows,
// BalanceTooLow, AccountCapExceeded.
func ApplyAskAnswer(d *deed.Deed, c *pb.AskAnswer) (code.Code, *pb.Order) {
	o, ok := order.Get(d.Tx, c.Order)
	switch {
	case !ok || o.Product != pb.Product_PRODUCT_MICROPAY || o.PayerUid != c.Uid:
		return code.AskNotFound, nil
	case c.Pay && order.Paid(o) || !c.Pay && o.State == pb.TradeState_TRADE_STATE_CLOSED:
		return code.OK, o
	case o.State != pb.TradeState_TRADE_STATE_USERPAYING || d.At >= AskedUntil(o):
		return code.AskEnded, o
	case c.Pay:
		return pay(d, o, c)
	}
	leave, out := wallet.CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, o
	}
	// From here the command succeeds.
	answered(d, o)
	leave.Use(d)
	order.CloseAsked(d, o)
	d.Consent(c.Consent)
	return code.OK, o
}

func pay(d *deed.Deed, o *pb.Order, c *pb.AskAnswer) (code.Code, *pb.Order) {
	leave, out := wallet.Check(d, c.Uid, c.Consent, o.Total)
	if out != code.OK {
		return out, o
	}
	w := order.Asked(o)
	if out := w.Charge(d, c.Uid); out != code.OK {
		return out, o
	}
	// From here the command succeeds.
	answered(d, o)
	leave.Use(d)
	w.PayAsked(d)
	d.Consent(c.Consent)
	return code.OK, o
}

// answered takes an order off what waits.
func answered(d *deed.Deed, o *pb.Order) {
	due.Done(d.Tx, due.Item{At: AskedUntil(o), Kind: pb.DueKind_DUE_KIND_ASK, ID: o.Id})
	forget(d, o)
}

// forget drops an order from those that wait for its payer.
func forget(d *deed.Deed, o *pb.Order) {
	p := Of(d.Tx, o.PayerUid)
	p.Asked = without(waiting(d.Tx, p.Asked), o.Id)
	put(d.Tx, p)
}

func without(list []uint64, id uint64) (rest []uint64) {
	for _, n := range list {
		if n != id {
			rest = append(rest, n)
		}
	}
	return rest
}

// AskDue closes an order whose payer was asked and said nothing. One that the
// merchant closed meanwhile is left as it is.
func AskDue(d *deed.Deed, id uint64) {
	o, ok := order.Get(d.Tx, id)
	if !ok || o.State != pb.TradeState_TRADE_STATE_USERPAYING {
		return
	}
	forget(d, o)
	order.CloseAsked(d, o)
}
