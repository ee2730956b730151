package order

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyWalletPay is ApplyPay with the consent of the payer's own device. The attempt
// is the client's own id of the payment.
//
// Refuses, in this order: AttemptNeeded; OrderNotFound; PrepayReplaced; OrderPaid,
// OrderClosed, OrderExpired, PrepayExpired; what wallet.Check refuses; PayerMismatch;
// and what ledger.Book.Post refuses, BalanceTooLow above all.
func ApplyWalletPay(d *deed.Deed, c *pb.WalletPay) (code.Code, *pb.Order) {
	if len(c.Attempt) == 0 || len(c.Attempt) > MaxAttempt {
		return code.AttemptNeeded, nil
	}
	o, ok := Behind(d.Tx, c.PrepayId)
	if !ok {
		return code.OrderNotFound, nil
	}
	if !Knows(o, c.PrepayId) {
		return code.PrepayReplaced, nil // and nothing of the order
	}
	if out := payable(d, o, c.PrepayId, c.Uid, c.Attempt); out != code.OK || Paid(o) {
		return out, o
	}
	leave, out := wallet.Check(d, c.Uid, c.Consent, o.Total)
	if out != code.OK {
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
	leave.Use(d)
	capture(d, o, p, c.Attempt, book)
	d.Consent(c.Consent)
	return code.OK, o
}
