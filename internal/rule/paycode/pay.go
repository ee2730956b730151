package paycode

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyCodePay places an order that a code was shown for, and pays it; above what the
// person pays without a PIN the order is USERPAYING, and they are asked. A repeat
// with the same number, content and code returns the order as it is now.
//
// Refuses, in this order: PayCodeInvalid; what order.Begin refuses; TillNotFound (another
// merchant's, too), TillClosed, PayCodesTooMany; PayCodeWrong, PayCodeExpired, PayCodeUsed; and of the person's wallet
// PersonBlocked, DeviceUnknown, NewDeviceLimit, LimitPerAct, LimitPerDay,
// LimitPerYear, TooManyActs; AsksTooMany; and of what the ledger refuses
// AccountFrozen, AmountOverflows, BalanceTooLow, AccountCapExceeded.
func ApplyCodePay(d *deed.Deed, c *pb.CodePay) (code.Code, *pb.Order) {
	if !valid(c) {
		return code.PayCodeInvalid, nil
	}
	w, out := order.Begin(d, c.Order, Attempt(c.Code))
	switch {
	case out != code.OK:
		return out, nil
	case w.Old != nil:
		return code.OK, w.Old
	}
	if out := open(d, c); out != code.OK {
		return out, nil
	}
	p, dev, out := good(d, c.Code)
	if out != code.OK {
		return out, nil
	}
	leave, out := wallet.CheckShown(d, p.Uid, dev.Id, c.Order.Total)
	ask := out == code.PinNeeded
	switch {
	case out != code.OK && !ask:
		return out, nil
	case ask && full(d, p):
		return code.AsksTooMany, nil
	}
	if out := w.Charge(d, p.Uid); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	use(dev, c.Code)
	var o *pb.Order
	if ask {
		o = w.Ask(d)
		due.Put(d.Tx, AskedUntil(o), pb.DueKind_DUE_KIND_ASK, o.Id)
		p.Asked = append(waiting(d.Tx, p.Asked), o.Id)
	} else {
		leave.Use(d)
		o = w.Pay(d)
	}
	put(d.Tx, p)
	d.Shown(shownBy(c.Code, dev))
	return code.OK, o
}

// shownBy is a code as the journal keeps it, with whose it was.
func shownBy(c *pb.ShownCode, dev *pb.PayDevice) *pb.ShownCode {
	return &pb.ShownCode{Alias: c.Alias, Device: dev.Id, Step: c.Step, Tap: c.Tap, Digits: c.Digits, Judge: c.Judge}
}

// full says whether as much waits for a person as may.
func full(d *deed.Deed, p *pb.PayCodes) bool {
	return len(waiting(d.Tx, p.Asked))+len(waitingCash(d.Tx, d.At, p.Cash)) >= maxAsked
}

// open says whether the till takes codes now.
func open(d *deed.Deed, c *pb.CodePay) code.Code {
	if c.Till != allTills {
		switch t, ok := till.Peek(d.Tx, c.Till); {
		case !ok || t.Mchid != c.Order.Mchid:
			return code.TillNotFound
		case t.ClosedAt != 0:
			return code.TillClosed
		}
	}
	if exhausted(d, c.Order.Mchid, c.Till) {
		return code.PayCodesTooMany
	}
	return code.OK
}

// valid says whether a command has the shape of a payment by code.
func valid(c *pb.CodePay) bool {
	o := c.Order
	return wellMade(c.Code) && o != nil && o.Product == pb.Product_PRODUCT_MICROPAY && o.Openid == "" && o.TimeExpire == 0
}

// wellMade says whether a code has the shape of one.
func wellMade(c *pb.ShownCode) bool {
	return c != nil && c.Alias < MaxAlias && c.Step > 0 && c.Tap < Taps && c.Digits < maxDigits
}

// good finds the device that shows a code, which was not used and has not run out.
func good(d *deed.Deed, c *pb.ShownCode) (*pb.PayCodes, *pb.PayDevice, code.Code) {
	p, dev, a := ByAlias(d.Tx, c.Alias)
	switch {
	case p == nil:
		return nil, nil, code.PayCodeWrong
	case d.At >= a.Until || c.Step+keptSteps <= dev.Latest:
		return nil, nil, code.PayCodeExpired
	case Used(dev, c):
		return nil, nil, code.PayCodeUsed
	}
	return p, dev, code.OK
}

// Used says whether a code was used: by its step and tap, and by its digits, which
// two of them may share.
func Used(dev *pb.PayDevice, c *pb.ShownCode) bool {
	return slices.ContainsFunc(dev.Used, func(u *pb.UsedCode) bool {
		return u.Step == c.Step && u.Tap == c.Tap || u.Digits == c.Digits
	})
}

// use notes that a code was used, and forgets those too old to be taken.
func use(dev *pb.PayDevice, c *pb.ShownCode) {
	dev.Latest = max(dev.Latest, c.Step)
	dev.Used = slices.DeleteFunc(dev.Used, func(u *pb.UsedCode) bool { return u.Step+keptSteps <= dev.Latest })
	dev.Used = append(dev.Used, &pb.UsedCode{Step: c.Step, Tap: c.Tap, Digits: c.Digits})
}

// AskedUntil is when an order whose payer is asked closes by itself, Unix
// milliseconds.
func AskedUntil(o *pb.Order) int64 { return o.CreatedAt + AskLife }

// waiting are those of the orders that still wait for their payer.
func waiting(r table.Reader, asked []uint64) (still []uint64) {
	for _, id := range asked {
		if o, ok := order.Get(r, id); ok && o.State == pb.TradeState_TRADE_STATE_USERPAYING {
			still = append(still, id)
		}
	}
	return still
}

// Waiting are the orders that wait for a person, oldest first.
func Waiting(r table.Reader, uid uint64) (list []*pb.Order) {
	for _, id := range waiting(r, Of(r, uid).Asked) {
		o, _ := order.Get(r, id)
		list = append(list, o)
	}
	return list
}
