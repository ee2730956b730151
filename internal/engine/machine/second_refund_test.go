package machine_test

import (
	"math"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func (s *second) refund(c *pb.RefundCreate) code.Code {
	o := s.orders[c.Mchid+"/"+c.OutTradeNo]
	if o == nil {
		return code.OrderNotFound
	}
	key := c.Mchid + "/" + c.OutRefundNo
	if old := s.refunds[key]; old != nil {
		if old.order != o || old.amount != c.Refund || old.total != c.Total {
			return code.RefundNoUsed
		}
		return code.OK
	}
	a := s.accounts[pending(c.Mchid)]
	switch {
	case o.paidAt == 0:
		return code.RefundOrderNotPaid
	case c.Total != o.total:
		return code.RefundTotalMismatch
	case s.now > o.paidAt+365*day:
		return code.RefundTooLate
	case o.asked+c.Refund > o.total:
		return code.RefundExceedsPaid
	case o.refunds == 50:
		return code.RefundTooMany
	case o.refunds > 0 && s.now < o.lastRefund+s.merchants[c.Mchid].pause:
		return code.RefundTooSoon
	case a.frozen:
		return code.AccountFrozen
	case a.balance()-a.held < c.Refund:
		return code.RefundNotEnough
	}
	a.held += c.Refund
	o.asked += c.Refund
	o.refunds++
	o.lastRefund, o.state = s.now, "REFUND"
	s.refunds[key] = &secondRefund{order: o, amount: c.Refund, total: c.Total, state: "PROCESSING", due: s.now, seq: len(s.refunds), url: c.NotifyUrl != ""}
	return code.OK
}

// tick does all that is due; the stories of the model stay far below a tick's
// thousand rows.
func (s *second) tick() code.Code {
	done := s.completeRefunds()
	for _, o := range s.orders {
		closes := max(o.made+7*day, o.expires)
		if o.state == "NOTPAY" && closes <= s.now {
			o.close()
			done = true
		}
	}
	for id, n := range s.notices {
		if n.state == "DELIVERED" && n.settled+30*day <= s.now && n.made+32*day <= s.now {
			delete(s.notices, id)
			done = true
		}
	}
	if !done {
		return code.NothingToDo
	}
	return code.OK
}

func (s *second) completeRefunds() (done bool) {
	var due []*secondRefund
	for _, f := range s.refunds {
		if f.state == "PROCESSING" && f.due <= s.now {
			due = append(due, f)
		}
	}
	slices.SortFunc(due, func(a, b *secondRefund) int {
		if a.due != b.due {
			return int(max(-1, min(1, a.due-b.due)))
		}
		return a.seq - b.seq
	})
	for _, f := range due {
		from, to := pending(f.order.merchant), user(f.order.payer)
		a := s.accounts[from]
		if a.frozen {
			f.due = s.now + hour
			continue
		}
		a.held -= f.amount
		if s.move(from, to, f.amount) == code.OK {
			f.state = "SUCCESS"
			f.order.done += f.amount
		} else {
			f.state = "ABNORMAL"
			a.held += f.amount
		}
		if f.url {
			f.notice = s.owe(f.order.merchant)
		}
	}
	return len(due) > 0
}

// waits is the documented schedule: after the n-th attempt, seconds.
var waits = []int64{15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600}

func (s *second) report(c *pb.NoticeReport) code.Code {
	recorded := false
	for _, a := range c.Attempts {
		n := s.notices[a.NoticeId]
		if n == nil || n.state != "OWED" || int64(a.Number) != n.attempts+1 {
			continue
		}
		recorded = true
		n.attempts++
		n.tries++
		switch {
		case a.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED:
			n.state, n.settled, n.next = "DELIVERED", s.now, 0
			s.revive(n.merchant)
		case n.revived || n.tries > len(waits):
			n.state, n.settled, n.next = "PARKED", s.now, 0
		default:
			n.next = s.now + waits[n.tries-1]*sec
		}
	}
	if !recorded {
		return code.NothingToDo
	}
	return code.OK
}

// revive owes the ten oldest parked notices that were not revived before.
func (s *second) revive(merchant string) {
	left := 10
	for id := uint64(1); id <= s.lastID && left > 0; id++ {
		n := s.notices[id]
		if n != nil && n.merchant == merchant && n.state == "PARKED" && !n.revived {
			n.state, n.tries, n.next, n.settled, n.revived = "OWED", 0, s.now, 0, true
			left--
		}
	}
}

func (s *second) redeliver(c *pb.NoticeRedeliver) code.Code {
	n := s.notices[c.NoticeId]
	switch {
	case n == nil:
		return code.NoticeNotFound
	case n.state == "OWED" && n.next <= s.now:
		return code.NoticeStillOwed
	case n.state == "OWED":
		n.next = s.now
	default:
		n.state, n.tries, n.next, n.settled, n.revived = "OWED", 0, s.now, 0, false
	}
	return code.OK
}

// invariants are the sentences of the design that must hold at every moment.
func (s *second) invariants() string {
	var debits, credits, held int64
	for name, a := range s.accounts {
		debits, credits = debits+a.debits, credits+a.credits
		if a.strict && a.balance() < a.held || a.limit > 0 && a.balance() > a.limit {
			return "account " + name + " breaks a limit"
		}
		held += a.held
	}
	if debits != credits {
		return "the books do not balance"
	}
	var open int64
	for _, f := range s.refunds {
		if f.state != "SUCCESS" {
			open += f.amount
		}
	}
	if open != held {
		return "what is held is not what refunds wait for"
	}
	for key, o := range s.orders {
		if o.done > o.asked || o.asked > o.total {
			return "refunds of " + key + " exceed what was paid"
		}
	}
	return ""
}

// amounts a drawn command may have; the last would overflow any sum.
var amounts = []int64{1, 10, 50, 100, 333, 5000, math.MaxInt64}

func stateName(s string) string { return s[strings.LastIndexByte(s, '_')+1:] }
