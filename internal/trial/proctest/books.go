//go:build linux

package proctest

import (
	"testing"
	"time"
)

// Check is all that must hold once the load has ended and the platform is well:
// no wrong answer was given, every acknowledged payment is there once, every
// notice arrives, and the money adds up.
func (s *Shop) Check(t *testing.T) {
	t.Helper()
	if n := s.wrong.Load(); n != 0 {
		t.Errorf("%d answers were wrong; the first: %v", n, s.firstWrong.Load())
	}
	t.Logf("%d payments acknowledged", s.Paid())
	s.checkOrders(t)
	WaitFor(t, 2*time.Minute, "all notices", func() bool { return len(s.untold()) == 0 })
	s.checkMoney(t)
}

// checkOrders asks for every acknowledged payment.
func (s *Shop) checkOrders(t *testing.T) {
	t.Helper()
	seen := map[string]string{}
	for no, sold := range s.orders { // order does not matter: each is checked by itself
		o, err := s.query(t.Context(), s.client, no)
		if err != nil {
			t.Errorf("query %s: %v", no, err)
			continue
		}
		if *o.TradeState != "SUCCESS" || *o.TransactionId != sold.transactionID || *o.Amount.Total != sold.total {
			t.Errorf("%s was acknowledged as %s over %d and is now %s %s", no, sold.transactionID, sold.total, *o.TradeState, *o.TransactionId)
		}
		if other, twice := seen[sold.transactionID]; twice {
			t.Errorf("%s and %s have one transaction_id", no, other)
		}
		seen[sold.transactionID] = no
	}
}

// untold lists acknowledged payments the shop has had no notice of.
func (s *Shop) untold() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for no, sold := range s.orders { // order does not matter: only whether it is empty
		if s.told[no] != sold.transactionID {
			list = append(list, no)
		}
	}
	return list
}

// checkMoney compares the payer's balance with the shop's own books. A payment
// that was made and never answered can only be one of the last few: its notice
// tells the shop of it, sooner or later.
func (s *Shop) checkMoney(t *testing.T) {
	t.Helper()
	var spent, balance int64
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		spent = s.spent(t)
		if balance = s.sandbox.Balance(t, s.payer); balance == fortune-spent {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	t.Errorf("the payer has %d, the shop sold for %d, which leaves %d", balance, spent, fortune-spent)
}

// spent is what was paid, by acknowledgements and by notices.
func (s *Shop) spent(t *testing.T) (sum int64) {
	t.Helper()
	var unanswered []string
	s.mu.Lock()
	for no := range s.told { // order does not matter: a sum
		if sold, ok := s.orders[no]; ok {
			sum += sold.total
		} else {
			unanswered = append(unanswered, no)
		}
	}
	s.mu.Unlock()
	for _, no := range unanswered {
		o, err := s.query(t.Context(), s.client, no)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s was paid and its answer lost when the load ended", no)
		sum += *o.Amount.Total
	}
	return sum
}
