package refund

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// ApplyCreate accepts a refund: the merchant's money is held, and the refund is
// due at once. (mchid, out_refund_no) is the identity; a repeat answers the
// refund as it is now.
//
// Refuses, in this order: AmountMustBePositive, CurrencyUnknown,
// OutRefundNoInvalid, MerchantNotFound; OrderNotFound, RefundOrderMismatch;
// RefundNoUsed; RefundOrderNotPaid, RefundTotalMismatch, RefundTooLate,
// RefundExceedsPaid, RefundTooMany, RefundTooSoon; AccountFrozen, RefundNotEnough.
func ApplyCreate(d *deed.Deed, c *pb.RefundCreate) (code.Code, *pb.Refund) {
	switch {
	case c.Refund <= 0 || c.Total <= 0:
		return code.AmountMustBePositive, nil
	case c.Currency != money.CNY:
		return code.CurrencyUnknown, nil
	case !ident.ValidOutRefundNo(c.OutRefundNo):
		return code.OutRefundNoInvalid, nil
	}
	m, ok := merchant.Get(d.Tx, c.Mchid)
	if !ok {
		return code.MerchantNotFound, nil
	}
	o, out := findOrder(d.Tx, c)
	if out != code.OK {
		return out, nil
	}
	if old, ok := ByNumber(d.Tx, c.Mchid, c.OutRefundNo); ok {
		return same(d, c, o, old), old
	}
	if out := allowed(d, m, o, c); out != code.OK {
		return out, nil
	}
	book := ledger.Begin(d.Tx, o.Currency)
	switch out := book.Hold(ledger.MerchantPending(o.Mchid), c.Refund); out {
	case code.OK:
	case code.BalanceTooLow:
		return code.RefundNotEnough, nil
	default:
		return out, nil
	}
	// From here the command succeeds.
	book.Commit()
	return code.OK, accept(d, o, c)
}

// findOrder finds the merchant's order by either number; both must agree.
func findOrder(r table.Reader, c *pb.RefundCreate) (*pb.Order, code.Code) {
	var o *pb.Order
	var ok bool
	if c.TransactionId != "" {
		o, ok = order.ByTransactionID(r, c.TransactionId)
	} else {
		o, ok = order.ByNumber(r, c.Mchid, c.OutTradeNo)
	}
	switch {
	case !ok || o.Mchid != c.Mchid:
		return nil, code.OrderNotFound
	case c.OutTradeNo != "" && o.OutTradeNo != c.OutTradeNo:
		return nil, code.RefundOrderMismatch
	}
	return o, code.OK
}

// same compares a repeated number with the refund it names.
func same(d *deed.Deed, c *pb.RefundCreate, o *pb.Order, old *pb.Refund) code.Code {
	if old.OrderId == o.Id && bytes.Equal(old.ContentHash, contentHash(d, c)) {
		return code.OK
	}
	return code.RefundNoUsed
}

// contentHash covers what a repeated refund must match, besides the order.
func contentHash(d *deed.Deed, c *pb.RefundCreate) []byte {
	return ledger.ContentHash(d.Mem, &pb.RefundCreate{
		Mchid: c.Mchid, Refund: c.Refund, Total: c.Total, Currency: c.Currency,
		Reason: c.Reason, FundsAccount: c.FundsAccount, GoodsDetail: c.GoodsDetail,
	})
}

func allowed(d *deed.Deed, m *pb.Merchant, o *pb.Order, c *pb.RefundCreate) code.Code {
	pause := int64(m.Settings.GetRefundIntervalS()) * stamp.Second
	switch {
	case !order.Paid(o):
		return code.RefundOrderNotPaid
	case c.Total != o.Total:
		return code.RefundTotalMismatch
	case d.At > o.PaidAt+Window:
		return code.RefundTooLate
	case c.Refund > o.Total-o.Refunding:
		return code.RefundExceedsPaid
	case o.RefundCount >= MaxPerOrder:
		return code.RefundTooMany
	case o.RefundCount > 0 && d.At < o.LastRefundAt+pause:
		return code.RefundTooSoon
	}
	return code.OK
}

func accept(d *deed.Deed, o *pb.Order, c *pb.RefundCreate) *pb.Refund {
	f := &pb.Refund{
		Id: d.Head.NextRefund, OrderId: o.Id, Mchid: c.Mchid, OutRefundNo: c.OutRefundNo,
		Status: pb.RefundStatus_REFUND_STATUS_PROCESSING, Refund: c.Refund, Total: c.Total,
		Currency: c.Currency, Reason: c.Reason, NotifyUrl: c.NotifyUrl, FundsAccount: c.FundsAccount,
		GoodsDetail: c.GoodsDetail, ContentHash: contentHash(d, c), CreatedAt: d.At, CreateSeq: d.Seq(),
	}
	d.Head.NextRefund++
	o.Refunding += f.Refund
	checkWithin(o)
	o.RefundCount++
	o.LastRefundAt = d.At
	if o.State != pb.TradeState_TRADE_STATE_REFUND {
		order.Moves.Enter(&o.State, pb.TradeState_TRADE_STATE_REFUND)
	}
	order.Put(d.Tx, o)
	refunds.Insert(d.Tx, key(f.Id), f)
	refs.Put(d.Tx, numberKey(f.Mchid, f.OutRefundNo), &pb.OrderRef{Id: f.Id})
	if d.Head.Level >= LevelOrderIndex {
		d.Tx.Insert(orderKey(o.Id, f.Id), nil)
	}
	due.Put(d.Tx, d.At, pb.DueKind_DUE_KIND_REFUND, f.Id)
	d.Record(Entity(f.Id), f.Mchid+"/"+f.OutRefundNo, nil)
	return f
}
