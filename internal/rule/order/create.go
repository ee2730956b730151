package order

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// ApplyCreate places an order, or answers a repeat with a fresh prepay_id while
// the order can be paid. (mchid, out_trade_no) is the identity.
//
// Refuses, in this order: AmountMustBePositive, CurrencyUnknown,
// OutTradeNoInvalid, DescriptionNeeded, OpenidNeeded; MerchantNotFound,
// MerchantPaused, AppidNotBound; for a repeat OrderNoUsed, OrderPaid,
// OrderClosed, OrderExpired; OpenidNotFound, TimeExpireInvalid. With OrderPaid,
// OrderClosed and OrderExpired the order is answered too.
func ApplyCreate(d *deed.Deed, c *pb.OrderCreate) (code.Code, *pb.Order) {
	if out := mayPlace(d, c); out != code.OK {
		return out, nil
	}
	content := contentHash(d, c)
	if ref, ok := refs.Get(d.Tx, numberKey(c.Mchid, c.OutTradeNo)); ok {
		return repeat(d, ref.Id, content)
	}
	if c.Openid != "" {
		if _, ok := person.ByOpenid(d.Tx, c.Appid, c.Openid); !ok {
			return code.OpenidNotFound, nil
		}
	}
	expire, out := expiry(c.TimeExpire, d.At)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	o := fromCommand(d, c)
	o.ContentHash, o.TimeExpire = content, expire
	o.State = pb.TradeState_TRADE_STATE_NOTPAY
	insert(d, o)
	record(d, o, nil)
	return code.OK, o
}

// mayPlace checks what an order says, and that the merchant may place it.
func mayPlace(d *deed.Deed, c *pb.OrderCreate) code.Code {
	if out := shape(c); out != code.OK {
		return out
	}
	m, ok := merchant.Peek(d.Tx, c.Mchid)
	switch {
	case !ok:
		return code.MerchantNotFound
	case m.Status != pb.MerchantStatus_MERCHANT_STATUS_ACTIVE:
		return code.MerchantPaused
	case !merchant.BoundTo(m, c.Appid):
		return code.AppidNotBound
	}
	return code.OK
}

// insert writes a new order, which has taken the next number.
func insert(d *deed.Deed, o *pb.Order) {
	d.Head.NextOrder++
	orders.Insert(d.Tx, key(o.Id), o)
	refs.Put(d.Tx, numberKey(o.Mchid, o.OutTradeNo), &pb.OrderRef{Id: o.Id})
}

// record journals what was done to an order.
func record(d *deed.Deed, o *pb.Order, postings []*pb.Posting, commitments ...[]byte) {
	var room [32]byte
	entity := d.Mem.Text(appendEntity(room[:0], o.Id))
	d.Record(entity, d.Mem.Join(o.Mchid, "/", o.OutTradeNo), postings, commitments...)
}

func shape(c *pb.OrderCreate) code.Code {
	switch {
	case c.Total <= 0:
		return code.AmountMustBePositive
	case c.Currency != money.CNY:
		return code.CurrencyUnknown
	case !ident.ValidOutTradeNo(c.OutTradeNo):
		return code.OutTradeNoInvalid
	case c.Description == "":
		return code.DescriptionNeeded
	case c.Product == pb.Product_PRODUCT_JSAPI && c.Openid == "":
		return code.OpenidNeeded
	}
	return code.OK
}

// contentHash covers what a repeated prepay must match: appid, mchid,
// description, amount, openid, settle_info, product (wire reference, 3.1).
func contentHash(d *deed.Deed, c *pb.OrderCreate) []byte {
	return ledger.ContentHash(d.Mem, &pb.OrderCreate{
		Mchid: c.Mchid, Appid: c.Appid, Product: c.Product, Total: c.Total, Currency: c.Currency,
		Description: c.Description, Openid: c.Openid, ProfitSharing: c.ProfitSharing,
	})
}

// repeat returns a prepay for a number that has an order.
func repeat(d *deed.Deed, id uint64, content []byte) (code.Code, *pb.Order) {
	o := orders.Need(d.Tx, key(id))
	switch {
	case string(o.ContentHash) != string(content):
		return code.OrderNoUsed, nil
	case Paid(o):
		return code.OrderPaid, o
	case o.State != pb.TradeState_TRADE_STATE_NOTPAY:
		return code.OrderClosed, o
	case d.At >= PayableUntil(o):
		return code.OrderExpired, o
	}
	// From here the command succeeds.
	if keepsOlderPrepays(o) {
		o.OlderPrepayIds = append(o.OlderPrepayIds, o.PrepayId)
		if n := len(o.OlderPrepayIds); n > maxOlderPrepays {
			o.OlderPrepayIds = o.OlderPrepayIds[n-maxOlderPrepays:]
		}
	}
	o.PrepayId, o.PrepayAt = ident.PrepayID(o.Id, d.At, d.Offset, d.Seed), d.At
	Put(d.Tx, o)
	record(d, o, nil)
	return code.OK, o
}

// expiry raises a time_expire less than a minute ahead and refuses one too far
// ahead; 0 stays 0.
func expiry(asked, at int64) (int64, code.Code) {
	switch {
	case asked == 0:
		return 0, code.OK
	case asked < at+ExpireMin:
		return at + ExpireMin, code.OK
	case asked > at+ExpireMax:
		return 0, code.TimeExpireInvalid
	}
	return asked, code.OK
}

func fromCommand(d *deed.Deed, c *pb.OrderCreate) *pb.Order {
	id := d.Head.NextOrder
	var room [40]byte
	prepay := d.Mem.Text(ident.AppendPrepayID(room[:0], id, d.At, d.Offset, d.Seed))
	return &pb.Order{
		Id: id, Mchid: c.Mchid, Appid: c.Appid, OutTradeNo: c.OutTradeNo, Product: c.Product,
		Total: c.Total, Currency: c.Currency,
		Description: c.Description, Attach: c.Attach, NotifyUrl: c.NotifyUrl, Openid: c.Openid,
		GoodsTag: c.GoodsTag, ProfitSharing: c.ProfitSharing, DeviceId: c.DeviceId,
		PayerClientIp: c.PayerClientIp, LimitPay: c.LimitPay, Detail: c.Detail,
		CreatedAt: d.At, PrepayId: prepay, PrepayAt: d.At,
		CreateSeq: d.Seq(), Salt: d.Seed,
	}
}
