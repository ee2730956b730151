package refund

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// retryAfter is when a refund whose merchant account was frozen is tried again.
const retryAfter = stamp.Hour

// CompleteDue moves the money of an accepted refund to the payer and makes it
// SUCCESS; where the payer's account takes no money it becomes ABNORMAL, and
// where the merchant's account is frozen it waits. The merchant is owed a notice
// of what it became, if the refund names an address.
func CompleteDue(d *deed.Deed, id uint64) {
	f := refunds.Need(d.Tx, key(id))
	if f.Status != pb.RefundStatus_REFUND_STATUS_PROCESSING {
		return
	}
	o := order.Need(d.Tx, f.OrderId)
	from, to := ledger.MerchantPending(o.Mchid), ledger.UserBalance(o.PayerUid)
	if a, ok := ledger.Get(d.Tx, from, f.Currency); ok && a.Frozen {
		due.Put(d.Tx, d.At+retryAfter, pb.DueKind_DUE_KIND_REFUND, f.Id)
		return
	}
	book := ledger.Begin(d.Tx, f.Currency)
	out := book.Settle(pb.PostingCode_POSTING_CODE_REFUND, from, to, f.Refund)
	var postings []*pb.Posting
	event := pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS
	if out == code.OK {
		postings = book.Commit()
		Moves.Enter(&f.Status, pb.RefundStatus_REFUND_STATUS_SUCCESS)
		f.SuccessAt, f.SuccessSeq = d.At, d.Seq()
		o.Refunded += f.Refund
		checkWithin(o)
		order.Put(d.Tx, o)
	} else {
		event = pb.NoticeEvent_NOTICE_EVENT_REFUND_ABNORMAL
		Moves.Enter(&f.Status, pb.RefundStatus_REFUND_STATUS_ABNORMAL)
	}
	if f.NotifyUrl != "" {
		f.NoticeId = d.TakeNoticeID()
	}
	put(d.Tx, f)
	d.Record(Entity(f.Id), f.Mchid+"/"+f.OutRefundNo, postings)
	if f.NoticeId != 0 {
		notice.Owe(d, notice.Debt{
			ID: f.NoticeId, Mchid: f.Mchid, Event: event,
			Kind: pb.Kind_KIND_REFUND, Subject: f.Id, Order: f.OrderId, URL: f.NotifyUrl,
		})
	}
}

// checkWithin asserts that an order's refunds stay within what was paid.
func checkWithin(o *pb.Order) {
	if o.Refunded > o.Refunding || o.Refunding > o.Total {
		must.Never("refunds of order %d (%d done, %d accepted) stay within its total %d", o.Id, o.Refunded, o.Refunding, o.Total)
	}
}
