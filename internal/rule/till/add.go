package till

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyAdd adds a till. (mchid, name) is the identity: the same again returns the
// till as it is now, with the token it got first, so that whoever adds a till need
// not know whether it was there.
//
// Refuses, in this order: TextInvalid (name); MerchantNotFound; TillClosed, with the
// till; TillTokenInvalid (not of TokenSize, or another till's).
func ApplyAdd(d *deed.Deed, c *pb.TillAdd) (code.Code, *pb.Till) {
	if c.Name == "" || !wallet.Text(c.Name, MaxName) {
		return code.TextInvalid, nil
	}
	if _, ok := merchant.Peek(d.Tx, c.Mchid); !ok {
		return code.MerchantNotFound, nil
	}
	if old, ok := ByName(d.Tx, c.Mchid, c.Name); ok {
		return used(old), old
	}
	if _, ok := refs.Get(d.Tx, tokenKey(c.Token)); ok || len(c.Token) != TokenSize {
		return code.TillTokenInvalid, nil
	}
	// From here the command succeeds.
	t := &pb.Till{Id: d.Next(ids), Mchid: c.Mchid, Name: c.Name, Token: c.Token, CreatedAt: d.At}
	refs.Insert(d.Tx, tokenKey(t.Token), &pb.OrderRef{Id: t.Id})
	refs.Insert(d.Tx, nameKey(t.Mchid, t.Name), &pb.OrderRef{Id: t.Id})
	put(d, t)
	return code.OK, t
}

// used says whether the till takes money.
func used(t *pb.Till) code.Code {
	if t.ClosedAt != 0 {
		return code.TillClosed
	}
	return code.OK
}

// ApplySet closes a till for good, or replaces its caps. What is so already changes
// nothing.
//
// Refuses, in this order: TillCapsInvalid; TillNotFound; TillClosed (new caps);
// ShiftStillOpen (a till that is to be closed).
func ApplySet(d *deed.Deed, c *pb.TillSet) (code.Code, *pb.Till) {
	if !validCaps(c.Caps) {
		return code.TillCapsInvalid, nil
	}
	t, ok := Get(d.Tx, c.Id)
	switch {
	case !ok:
		return code.TillNotFound, nil
	case c.Close && t.ClosedAt != 0:
		return code.OK, t
	case t.ClosedAt != 0:
		return code.TillClosed, t
	case !c.Close && sameCaps(c.Caps, t.Caps):
		return code.OK, t
	case c.Close && Open(d.Tx, t) != nil:
		return code.ShiftStillOpen, t
	}
	// From here the command succeeds.
	if c.Close {
		t.ClosedAt = d.At
	} else {
		t.Caps = c.Caps
	}
	put(d, t)
	return code.OK, t
}

func validCaps(c *pb.TillCaps) bool {
	if c.GetPay() < 0 || c.GetCash() < 0 || c.GetShift() < 0 {
		return false
	}
	all := Caps(&pb.Till{Caps: c})
	return all.Cash <= all.Shift
}

func sameCaps(a, b *pb.TillCaps) bool {
	return a.GetPay() == b.GetPay() && a.GetCash() == b.GetCash() && a.GetShift() == b.GetShift()
}
