package order

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// MaxAttempt is the longest attempt id, in bytes.
const MaxAttempt = 64

// ApplyPay captures an order from a payer's balance. (order, payer, attempt) is
// the identity: the winner's repeats get its success, everybody else learns that
// the order is paid. The merchant's notice is owed with the capture.
//
// Refuses, in this order: AttemptNeeded; OrderNotFound; PrepayReplaced; OrderPaid,
// OrderClosed, OrderExpired, PrepayExpired; PersonNotFound, PersonBlocked,
// PayerMismatch; and what ledger.Book.Post refuses, BalanceTooLow above all.
func ApplyPay(d *deed.Deed, c *pb.OrderPay) (code.Code, *pb.Order) {
	if len(c.Attempt) == 0 || len(c.Attempt) > MaxAttempt {
		return code.AttemptNeeded, nil
	}
	o, ok := Behind(d.Tx, c.PrepayId)
	if !ok {
		return code.OrderNotFound, nil
	}
	if d.Head.Level >= LevelKnownFirst && !Knows(o, c.PrepayId) {
		return code.PrepayReplaced, nil // and nothing of the order
	}
	if out := payable(d, o, c.PrepayId, c.Uid, c.Attempt); out != code.OK || Paid(o) {
		return out, o
	}
	p, out := payer(d, c.Uid, o)
	if out != code.OK {
		return out, o
	}
	book := ledger.Begin(d.Tx, o.Currency)
	if out := charge(book, p, o); out != code.OK {
		return out, o
	}
	// From here the command succeeds.
	capture(d, o, p, c.Attempt, book)
	return code.OK, o
}

// charge plans to move the order's total from the payer to the merchant.
func charge(book *ledger.Book, p *pb.Person, o *pb.Order) code.Code {
	return book.Post(pb.PostingCode_POSTING_CODE_PAYMENT, ledger.UserBalance(p.Uid), ledger.MerchantPending(o.Mchid), o.Total)
}

// capture writes that the order is paid, with what charge planned and with the notice
// that is owed, if the order says to which address.
func capture(d *deed.Deed, o *pb.Order, p *pb.Person, attempt []byte, book *ledger.Book) {
	o.Openid = person.EnsureOpenid(d, p, o.Appid)
	Moves.Enter(&o.State, pb.TradeState_TRADE_STATE_SUCCESS)
	o.PayerUid, o.Attempt = p.Uid, attempt
	o.PaidAt, o.PaySeq = d.At, d.Seq()
	told := o.NotifyUrl != "" || d.Head.Level < wallet.Level // before, edges took no order without an address
	if told {
		o.NoticeId = d.TakeNoticeID()
	}
	Put(d.Tx, o)
	record(d, o, book.Commit(), commitment.AppendField(d.Mem.Take(commitment.Size)[:0], o.Salt, "openid", o.Openid))
	if told {
		notice.Owe(d, notice.Debt{
			ID: o.NoticeId, Mchid: o.Mchid, Event: pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS,
			Kind: pb.Kind_KIND_ORDER, Subject: o.Id, Order: o.Id, URL: o.NotifyUrl,
		})
	}
}

// payable returns OK for an order that can be paid now, and for the repeat of
// the payment that won.
func payable(d *deed.Deed, o *pb.Order, prepayID string, uid uint64, attempt []byte) code.Code {
	if Paid(o) && o.PayerUid == uid && bytes.Equal(o.Attempt, attempt) {
		return code.OK
	}
	if d.Head.Level < LevelKnownFirst && !Knows(o, prepayID) {
		return stateBefore(o, d.At)
	}
	return Payable(o, prepayID, d.At, d.Offset)
}

// LevelKnownFirst is the feature level from which on a prepay_id that the order does
// not know is refused before anything else is looked at.
const LevelKnownFirst = 4

// stateBefore is what below LevelKnownFirst was said to a prepay_id that the order
// does not know: the order's state came first.
func stateBefore(o *pb.Order, at int64) code.Code {
	if out := state(o, at); out != code.OK {
		return out
	}
	return code.PrepayReplaced
}

// Payable says whether an order can be paid through a prepay_id at a business
// time, Unix milliseconds, before anything is known of the payer; offset is the
// business offset in seconds. ApplyPay asks it, and so do pages that must not
// ask a payer in vain.
//
// Returns OK or, in this order: PrepayReplaced, OrderPaid, OrderClosed,
// OrderExpired, PrepayExpired. Who holds a prepay_id that was replaced or made up
// learns nothing of the order.
func Payable(o *pb.Order, prepayID string, at int64, offset int32) code.Code {
	if !Knows(o, prepayID) {
		return code.PrepayReplaced
	}
	if out := state(o, at); out != code.OK {
		return out
	}
	if at >= Issued(o, prepayID, offset)+PrepayLife {
		return code.PrepayExpired
	}
	return code.OK
}

// state says whether the order as such can be paid.
func state(o *pb.Order, at int64) code.Code {
	switch {
	case Paid(o):
		return code.OrderPaid
	case o.State != pb.TradeState_TRADE_STATE_NOTPAY:
		return code.OrderClosed
	case at >= PayableUntil(o):
		return code.OrderExpired
	}
	return code.OK
}

// Issued is when a prepay_id of the order was given out, Unix milliseconds:
// exact for the newest, to the second for those before it.
func Issued(o *pb.Order, prepayID string, offset int32) int64 {
	if prepayID == o.PrepayId {
		return o.PrepayAt
	}
	at, ok := ident.PrepayTime(prepayID, offset)
	if !ok {
		return 0
	}
	return at
}

// payer finds the person who pays, for looking only, and checks that the order may
// be theirs.
func payer(d *deed.Deed, uid uint64, o *pb.Order) (*pb.Person, code.Code) {
	p, ok := person.Peek(d.Tx, uid)
	switch {
	case !ok:
		return nil, code.PersonNotFound
	case p.Blocked:
		return nil, code.PersonBlocked
	case o.Openid != "" && person.Openid(p, o.Appid) != o.Openid:
		return nil, code.PayerMismatch
	}
	return p, code.OK
}
