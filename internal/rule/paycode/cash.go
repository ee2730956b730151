package paycode

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyCodeCash takes cash into the wallet of whoever shows a code to a till, or pays it
// out of it; above what the person pays without a PIN it waits, and they are asked. The
// code is used up. (till, client id) is the identity.
//
// Refuses, in this order: PayCodeInvalid; ClientIDInvalid, AmountMustBePositive;
// TillNotFound; CashExists (another code, too); ShiftNotOpen, ShiftOfAnother;
// PayCodesTooMany; PayCodeWrong, PayCodeExpired, PayCodeUsed; of the person's wallet
// PersonBlocked, DeviceUnknown, and to pay out NewDeviceLimit, LimitPerAct, LimitPerDay,
// LimitPerYear, TooManyActs, VelocityLimit, AsksTooMany; TillCapExceeded, CashShort;
// and of what the ledger refuses AccountFrozen, AmountOverflows, BalanceTooLow,
// AccountCapExceeded.
func ApplyCodeCash(d *deed.Deed, c *pb.CodeCash) (code.Code, *pb.CashMove) {
	if !wellMade(c.Code) || c.Kind == pb.CashKind_CASH_KIND_UNSPECIFIED {
		return code.PayCodeInvalid, nil
	}
	w, out := till.BeginCash(d, &pb.CashMove{Till: c.Till, ClientId: c.ClientId, Kind: c.Kind, Amount: c.Amount, Code: Attempt(c.Code)})
	if out == code.OK && w.Old == nil {
		out = w.By(c.Staff)
	}
	switch {
	case out != code.OK || w.Old != nil:
		return out, w.Old
	case exhausted(d, w.Mchid(), c.Till):
		return code.PayCodesTooMany, nil
	}
	p, dev, out := good(d, c.Code)
	if out != code.OK {
		return out, nil
	}
	var leave wallet.Leave
	ask := false
	pays := c.Kind == pb.CashKind_CASH_KIND_OUT
	if pays {
		leave, ask, out = payOut(d, p, dev, c.Amount)
	} else {
		out = wallet.MayAsk(d.Tx, p.Uid, dev.Id)
	}
	if out == code.OK {
		out = w.Charge(d, p.Uid)
	}
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	use(dev, c.Code)
	if pays && !ask {
		leave.Use(d)
	}
	var m *pb.CashMove
	if ask {
		m = w.Ask(d, d.At+AskLife)
		p.Cash = append(waitingCash(d.Tx, d.At, p.Cash), &pb.CashRef{Till: c.Till, ClientId: c.ClientId})
	} else {
		m = w.Do(d)
	}
	put(d.Tx, p)
	d.Shown(shownBy(c.Code, dev))
	return code.OK, m
}

// payOut says whether cash may go out of the wallet of whoever shows a code, and whether
// they are asked.
func payOut(d *deed.Deed, p *pb.PayCodes, dev *pb.PayDevice, amount int64) (leave wallet.Leave, ask bool, out code.Code) {
	leave, out = wallet.CheckShown(d, p.Uid, dev.Id, amount)
	if out != code.PinNeeded {
		return leave, false, out
	}
	if full(d, p) {
		return leave, true, code.AsksTooMany
	}
	return leave, true, code.OK
}

// ApplyCashAnswer has cash that waits for its person handed out, or turns it down. The
// same answer again changes nothing.
//
// Refuses, in this order: AskNotFound (another's, too); AskEnded, with the cash; and of
// the person's wallet ConsentNeeded, PersonBlocked, DeviceUnknown, CounterUsed, and to
// pay NewDeviceLimit, LimitPerAct, LimitPerDay, LimitPerYear, TooManyActs,
// VelocityLimit, PinNeeded, PinTryUnknown; TillCapExceeded, CashShort; AccountFrozen,
// BalanceTooLow.
func ApplyCashAnswer(d *deed.Deed, c *pb.CashAnswer) (code.Code, *pb.CashMove) {
	m, ok := till.CashOf(d.Tx, c.Till, c.ClientId)
	if !ok || m.AskedUntil == 0 || m.Uid != c.Uid {
		return code.AskNotFound, nil
	}
	w, waits := till.WaitingCash(d, m)
	switch {
	case c.Pay && m.State == pb.CashState_CASH_STATE_DONE, !c.Pay && m.State == pb.CashState_CASH_STATE_CALLED_OFF:
		return code.OK, m
	case !waits:
		return code.AskEnded, m
	case c.Pay:
		return payCash(d, w, m, c)
	}
	leave, out := wallet.CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, m
	}
	// From here the command succeeds.
	leave.Use(d)
	forgetCash(d, m)
	till.CallOff(d, m)
	d.Consent(c.Consent)
	return code.OK, m
}

func payCash(d *deed.Deed, w till.CashWork, m *pb.CashMove, c *pb.CashAnswer) (code.Code, *pb.CashMove) {
	leave, out := wallet.Check(d, c.Uid, c.Consent, m.Amount)
	if out != code.OK {
		return out, m
	}
	if out := w.Charge(d, c.Uid); out != code.OK {
		return out, m
	}
	// From here the command succeeds.
	leave.Use(d)
	forgetCash(d, m)
	m = w.Do(d)
	d.Consent(c.Consent)
	return code.OK, m
}

// forgetCash drops cash from what waits for its person.
func forgetCash(d *deed.Deed, m *pb.CashMove) {
	p := Of(d.Tx, m.Uid)
	p.Cash = slices.DeleteFunc(waitingCash(d.Tx, d.At, p.Cash), func(r *pb.CashRef) bool { return r.Till == m.Till && r.ClientId == m.ClientId })
	put(d.Tx, p)
}

// waitingCash are those that still wait for their person at a time.
func waitingCash(r table.Reader, at int64, refs []*pb.CashRef) (still []*pb.CashRef) {
	for _, ref := range refs {
		if m, ok := till.CashOf(r, ref.Till, ref.ClientId); ok && till.Waits(r, at, m) {
			still = append(still, ref)
		}
	}
	return still
}

// WaitingCash is the cash that waits for a person at a time, oldest first.
func WaitingCash(r table.Reader, at int64, uid uint64) (list []*pb.CashMove) {
	for _, ref := range waitingCash(r, at, Of(r, uid).Cash) {
		m, _ := till.CashOf(r, ref.Till, ref.ClientId)
		list = append(list, m)
	}
	return list
}

// ShownFor is the code that was shown for what was done in cash, nil where none was.
func ShownFor(m *pb.CashMove) *pb.ShownCode {
	if len(m.Code) != attemptSize {
		return nil
	}
	return shownIn(m.Code)
}

// HandedFor says whether cash was taken or handed out for the code.
func (r Read) HandedFor(m *pb.CashMove) bool { return r.of(ShownFor(m)) }

// usedFor says whether a device's code was used for what was done in cash: it is
// remembered, or older than those that are.
func usedFor(dev *pb.PayDevice, m *pb.CashMove) bool {
	c := ShownFor(m)
	return c.Step+keptSteps <= dev.Latest || slices.ContainsFunc(dev.Used, func(u *pb.UsedCode) bool {
		return bytes.Equal(Attempt(&pb.ShownCode{Alias: c.Alias, Step: u.Step, Tap: u.Tap, Digits: u.Digits}), m.Code)
	})
}
