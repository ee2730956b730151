package till

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyPay places an order of the till's merchant that is paid at once: the payer has
// read the printed code and typed the amount. (payer, client id) is the identity; a
// repeat returns the order as it is now, whatever its consent.
//
// Refuses, in this order: ClientIDInvalid; TillNotFound; TillPaymentExists; TillClosed;
// TillCapExceeded; what order.Begin refuses; what wallet.Check refuses; and what
// ledger.Book.Post refuses, BalanceTooLow above all.
func ApplyPay(d *deed.Deed, c *pb.TillPay) (code.Code, *pb.Order) {
	if !ident.ValidClientID(c.ClientId) {
		return code.ClientIDInvalid, nil
	}
	t, ok := ByToken(d.Tx, c.Token)
	if !ok {
		return code.TillNotFound, nil
	}
	if old, ok := Paid(d.Tx, c.Uid, c.ClientId); ok {
		if old.DeviceId != Entity(t.Id) || old.Total != c.Amount {
			return code.TillPaymentExists, nil
		}
		return code.OK, old
	}
	if out := used(t); out != code.OK {
		return out, nil
	}
	if c.Amount > Caps(t).Pay {
		return code.TillCapExceeded, nil
	}
	w, out := order.Begin(d, placed(d, t, c), []byte(c.ClientId))
	if out != code.OK {
		return out, nil
	}
	leave, out := wallet.Check(d, c.Uid, c.Consent, c.Amount)
	if out != code.OK {
		return out, nil
	}
	if out := w.Charge(d, c.Uid); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	leave.Use(d)
	o := w.Pay(d)
	refs.Insert(d.Tx, paymentKey(c.Uid, c.ClientId), &pb.OrderRef{Id: o.Id})
	d.Consent(c.Consent)
	return code.OK, o
}

// placed is the order that a merchant's program would place. The till is the order's
// device, and the merchant says where notices of what tills are paid go.
func placed(d *deed.Deed, t *pb.Till, c *pb.TillPay) *pb.OrderCreate {
	o := &pb.OrderCreate{
		Mchid: t.Mchid, OutTradeNo: number(t.Id, c), Product: pb.Product_PRODUCT_NATIVE, Total: c.Amount, Currency: money.CNY,
		Description: t.Name, DeviceId: Entity(t.Id),
	}
	if m, ok := merchant.Peek(d.Tx, t.Mchid); ok {
		o.NotifyUrl = m.Settings.GetTillNotifyUrl()
		if len(m.Appids) > 0 {
			o.Appid = m.Appids[0]
		}
	}
	return o
}

// number is the merchant's number of a payment: "T7-" and 16 hex digits that only who
// made the payment could have said before.
func number(id uint64, c *pb.TillPay) string {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, c.Uid), c.ClientId...))
	return "T" + strconv.FormatUint(id, 36) + "-" + hex.EncodeToString(sum[:8])
}

// Paid finds a payment by printed code by the payer's own name for it.
func Paid(r table.Reader, uid uint64, clientID string) (*pb.Order, bool) {
	ref, ok := refs.Get(r, paymentKey(uid, clientID))
	if !ok {
		return nil, false
	}
	return order.Need(r, ref.Id), true
}
