package verify

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// digests recomputes every table's digest and row counts from the stored bytes.
func (v *verifier) digests() {
	rows := v.state.Rows()
	defer rows.Close()
	check := scrub.RowCheck{Damaged: func(f scrub.Finding) bool {
		v.report.add("state", f.Where, "%v", f.Cause)
		return !v.report.full()
	}}
	for _, id := range table.All() {
		n, err := check.Table(rows, v.head, id)
		if err != nil {
			v.problem("state", "state", err)
		}
		v.report.Rows += n
	}
	if err := check.Strangers(rows); err != nil {
		v.problem("state", "state", err)
	}
}

// sums is what the orders and refunds say about one merchant, in fen.
type sums struct{ paid, refunded, held int64 }

// checkBooks checks that orders, refunds, notices, indexes and accounts agree.
func (v *verifier) checkBooks(step string, b table.Backend, head *pb.Head) {
	snap := b.Snapshot()
	defer snap.Close()
	c := &books{v: v, step: step, r: snap, merchants: make(map[string]*sums), refunds: make(map[uint64]*sums)}
	v.report.Orders, v.report.Refunds, v.report.Notices = 0, 0, 0
	err := table.Read(snap, func(table.Reader) error {
		c.allRefunds()
		c.allOrders(head)
		c.allNotices()
		c.allAccounts()
		return nil
	})
	if err != nil {
		v.problem(step, "books", err)
	}
}

type books struct {
	v         *verifier
	step      string
	r         table.Reader
	merchants map[string]*sums
	refunds   map[uint64]*sums // by order
}

func (c *books) add(where, what string, args ...any) { c.v.report.add(c.step, where, what, args...) }

func (c *books) merchant(mchid string) *sums {
	s := c.merchants[mchid]
	if s == nil {
		s = &sums{}
		c.merchants[mchid] = s
	}
	return s
}

func (c *books) allRefunds() {
	from, to := table.Range(table.Refunds)
	table.Of[pb.Refund, *pb.Refund]{ID: table.Refunds}.Scan(c.r, from, to, func(_ []byte, f *pb.Refund) bool {
		c.v.report.Refunds++
		where := refund.Entity(f.Id)
		if found, ok := refund.ByNumber(c.r, f.Mchid, f.OutRefundNo); !ok || found.Id != f.Id {
			c.add(where, "is not found by its number %s/%s", f.Mchid, f.OutRefundNo)
		}
		s := c.refunds[f.OrderId]
		if s == nil {
			s = &sums{}
			c.refunds[f.OrderId] = s
		}
		if f.Status == pb.RefundStatus_REFUND_STATUS_SUCCESS {
			s.refunded += f.Refund
			c.merchant(f.Mchid).refunded += f.Refund
		} else {
			s.held += f.Refund
			c.merchant(f.Mchid).held += f.Refund
		}
		return !c.v.report.full()
	})
}

func (c *books) allOrders(head *pb.Head) {
	from, to := table.Range(table.Orders)
	next := uint64(1)
	table.Of[pb.Order, *pb.Order]{ID: table.Orders}.Scan(c.r, from, to, func(_ []byte, o *pb.Order) bool {
		c.v.report.Orders++
		if o.Id != next {
			c.add(order.Entity(next), "is missing: the next one is %d", o.Id)
		}
		next = o.Id + 1
		c.order(o)
		return !c.v.report.full()
	})
	if next != head.NextOrder && !c.v.report.full() {
		c.add("orders", "end before %d, the head says %d", next, head.NextOrder)
	}
}

func (c *books) order(o *pb.Order) {
	where := order.Entity(o.Id)
	if found, ok := order.ByNumber(c.r, o.Mchid, o.OutTradeNo); !ok || found.Id != o.Id {
		c.add(where, "is not found by its number %s/%s", o.Mchid, o.OutTradeNo)
	}
	s := c.refunds[o.Id]
	if s == nil {
		s = &sums{}
	}
	if s.refunded != o.Refunded || s.refunded+s.held != o.Refunding || o.Refunding > o.Total {
		c.add(where, "says refunded %d of %d accepted, its refunds say %d of %d, its total is %d",
			o.Refunded, o.Refunding, s.refunded, s.refunded+s.held, o.Total)
	}
	if !order.Paid(o) {
		return
	}
	c.merchant(o.Mchid).paid += o.Total
	if n, ok := notice.Get(c.r, o.NoticeId); ok && n.OrderId != o.Id {
		c.add(where, "its notice %d tells of order %d", o.NoticeId, n.OrderId)
	} else if !ok && o.NoticeId >= c.v.head.GetPruneCursor() {
		c.add(where, "is paid and its notice %d is not there", o.NoticeId)
	}
	c.payment(where, o)
}

// payment checks the order's journal entry: the money moved once, as it says.
func (c *books) payment(where string, o *pb.Order) {
	value, ok := c.r.Get(table.K(table.Journal).U64(o.PaySeq))
	var e pb.Entry
	switch {
	case !ok || e.UnmarshalVT(value) != nil:
		c.add(where, "its payment's journal entry %d is not there", o.PaySeq)
	case e.Entity != where || len(e.Postings) != 1 || e.Postings[0].Amount != o.Total ||
		e.Postings[0].Debit != ledger.UserBalance(o.PayerUid) || e.Postings[0].Credit != ledger.MerchantPending(o.Mchid):
		c.add(where, "its payment's journal entry %d tells another story", o.PaySeq)
	}
}

func (c *books) allNotices() {
	count := func(n *pb.Notice) bool {
		c.v.report.Notices++
		if _, ok := order.Get(c.r, n.OrderId); !ok {
			c.add(fmt.Sprintf("notice %d", n.Id), "tells of order %d, which is not there", n.OrderId)
		}
		return !c.v.report.full()
	}
	notice.Owed(c.r, 0, count)
	notice.Settled(c.r, 0, count)
}

// allAccounts checks limits, that debits equal credits over all accounts, and
// that merchants' accounts are what their orders and refunds add up to.
func (c *books) allAccounts() {
	var debits, credits int64
	ledger.Scan(c.r, func(a *pb.Account) bool {
		debits, credits = debits+a.DebitsPosted, credits+a.CreditsPosted
		if a.NoOverdraft && ledger.Available(a) < 0 {
			c.add(a.Name, "is overdrawn by %s", money.Format(-ledger.Available(a)))
		}
		return !c.v.report.full()
	})
	if debits != credits {
		c.add("accounts", "debits %d differ from credits %d", debits, credits)
	}
	for mchid, s := range c.merchants { // order does not matter: each is checked by itself
		a, ok := ledger.Get(c.r, ledger.MerchantPending(mchid), money.CNY)
		if !ok {
			c.add("merchant "+mchid, "has orders and no account")
			continue
		}
		if a.DebitsPending != s.held {
			c.add(a.Name, "holds %d, its refunds under way are %d", a.DebitsPending, s.held)
		}
		if a.CreditsPosted < s.paid || a.DebitsPosted < s.refunded {
			c.add(a.Name, "has credits %d and debits %d, its orders were paid %d and refunded %d",
				a.CreditsPosted, a.DebitsPosted, s.paid, s.refunded)
		}
	}
}
