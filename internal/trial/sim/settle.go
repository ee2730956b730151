package sim

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// How long a healed cluster may take, milliseconds.
const (
	answerWithin   = 15_000 // until every open request has a true answer
	convergeWithin = 60_000 // until every member is back, has voted rights again and is level
	deliverWithin  = 90_000 // until every notice has arrived
)

// settle ends all faults and lets the cluster come to rest, which it must within
// bounded time. Then everything is compared.
func (w *World) settle() {
	w.heal()
	w.net.weather = weathers["calm"]
	w.merchant.down = false
	for _, c := range w.couriers {
		c.pausedUntil = 0
	}
	w.couriers[0].start()
	w.operator.mends = true
	for _, n := range w.nodes {
		n.skew, n.slow, n.pausedUntil, n.knows = 0, 0, 0, machine.MaxLevel
		if n.disk != nil {
			n.disk.log.cutPower = nil
		}
		if n.disk != nil && n.process == nil && n.refused == nil && n.starts > 0 && n.copyOf == nil {
			w.start(n)
		}
	}
	if !w.until(answerWithin, func() bool { return w.clients.open == 0 }) {
		w.fail("liveness", "%d requests have no answer %d s after all faults ended", w.clients.open, answerWithin/1000)
		return
	}
	if !w.until(convergeWithin, w.whole) {
		w.fail("liveness", "the members are not all back %d s after all faults ended: %s", convergeWithin/1000, w.describe())
		return
	}
	if w.keyed && !w.until(convergeWithin, w.seldom(w.keysLevel)) {
		w.fail("keys", "%d s after all faults ended not every node has the data keys that it should have, and no others", convergeWithin/1000)
		return
	}
	if !w.until(deliverWithin, w.delivered) {
		w.fail("notices", "notices are still owed %d s after all faults ended", deliverWithin/1000)
		return
	}
	if !w.until(deliverWithin, w.seldom(w.swept)) {
		w.fail("pins", "one-time codes whose counts are needed no more are there %d s after all faults ended", deliverWithin/1000)
		return
	}
	at := w.leader().applied
	if !w.until(answerWithin, func() bool { return w.seen.signed >= at }) {
		w.fail("liveness", "no checkpoint at or after entry %d is signed %d s after all faults ended", at, answerWithin/1000)
		return
	}
	// Couriers renew their leases all the time: the moment at which all are level
	// is the one to look at.
	if !w.until(convergeWithin, w.whole) {
		w.fail("liveness", "the nodes do not come to one index: %s", w.describe())
	}
}

// whole says whether every wanted node is a member with the role it shall have,
// takes part, and is level with the leader.
func (w *World) whole() bool {
	p := w.leader()
	if p == nil || !w.level() {
		return false
	}
	s := p.member.Status()
	if s.Changing {
		return false
	}
	active := 0
	for _, m := range s.Members.Members {
		if m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
			active++
		}
	}
	for _, n := range w.nodes {
		if _, wanted := w.operator.wanted[n.name]; !wanted {
			continue
		}
		if n.process == nil || !n.process.member.Status().Proven {
			return false
		}
		if membership.Find(s.Members.Members, n.disk.id.RaftID).GetRole() != pb.MemberRole_MEMBER_ROLE_VOTER {
			return false
		}
	}
	return active == len(w.operator.wanted)
}

// describe says how the members stand, for a failure's text.
func (w *World) describe() string {
	text := ""
	for _, n := range w.nodes {
		if _, wanted := w.operator.wanted[n.name]; !wanted {
			continue
		}
		text += " " + n.name + ": "
		switch {
		case n.disk == nil:
			text += "no folder;"
		case n.process == nil && n.refused != nil:
			text += reasons[n.refused.Why] + ";"
		case n.process == nil:
			text += "down;"
		default:
			text += standingOf(n.process.member.Status())
		}
	}
	return text
}

func standingOf(s member.Status) string {
	switch {
	case s.Leads:
		return "leads;"
	case !s.Proven:
		return "not proven;"
	case s.Leader == 0:
		return "knows no leader;"
	}
	return "follows;"
}

// delivered says whether nothing is owed any more.
func (w *World) delivered() bool {
	p := w.leader()
	if p == nil {
		return false
	}
	owed := false
	p.local(func(r table.Reader) {
		notice.Owed(r, 0, func(*pb.Notice) bool {
			owed = true
			return false
		})
	})
	return !owed
}

// check compares what the cluster has with what it told its clients.
func (w *World) check() {
	if broken := checkHistory(w.clients.history); broken != "" {
		w.fail("history", "%s", broken)
	}
	if limit := w.seen.shocks; w.seen.term > limit {
		w.fail("terms", "term %d was reached, what happened explains %d", w.seen.term, limit)
	}
	for _, n := range w.nodes {
		if n.process != nil && n.copyOf == nil && w.failure == nil {
			n.process.local(func(r table.Reader) { w.checkState(n, r) })
			w.checkKeys(n)
		}
	}
}

func (w *World) checkState(n *node, r table.Reader) {
	if err := machine.Audit(r); err != nil {
		w.fail("books", "%s: %v", n.name, err)
		return
	}
	w.checkAcked(n, r)
	w.checkMoney(n, r)
	w.checkTills(n, r)
	w.checkShops(n, r)
	w.foundCodes(r)
	w.foundPockets(r)
	w.checkPockets(n, r)
	w.checkSafety(n)
	w.checkCodes(n, r)
	w.checkFriends(n, r)
	w.checkEntrants(n, r)
	w.checkOffices(n, r)
	w.checkNotices(n, r)
	w.checkJournal(n, r)
}

// checkAcked: what was acknowledged is there.
func (w *World) checkAcked(n *node, r table.Reader) {
	a := &w.clients.acked
	for name := range a.created { // order does not matter: any one is a failure
		if _, ok := order.ByNumber(r, shopOf(name), tradeNo(name)); !ok {
			w.fail("acknowledged", "%s does not have order %s, which was acknowledged", n.name, name)
			return
		}
	}
	for name, p := range a.paid { // order does not matter: any one is a failure
		o, ok := order.ByNumber(r, shopOf(name), tradeNo(name))
		if !ok || o.PayerUid != p.uid || string(o.Attempt) != p.name {
			w.fail("acknowledged", "%s does not have payment %s of order %s, which was acknowledged", n.name, p.name, name)
			return
		}
	}
	for number, f := range a.refunds { // order does not matter: any one is a failure
		if got, ok := refund.ByNumber(r, shopOf(f.order), number); !ok || got.Refund != f.amount {
			w.fail("acknowledged", "%s does not have refund %s, which was acknowledged", n.name, number)
			return
		}
	}
}

// checkMoney: each top-up that was asked for counts once, and each payment once.
func (w *World) checkMoney(n *node, r table.Reader) {
	var want [people + 1]int64
	for uid := 1; uid <= people; uid++ {
		want[uid] = openFen
	}
	for _, t := range w.clients.acked.topups { // order does not matter: a sum
		want[t.uid] += t.amount
	}
	order.Scan(r, func(o *pb.Order) bool {
		if order.Paid(o) && o.PayerUid <= people {
			want[o.PayerUid] -= o.Total - o.Refunded
		}
		return true
	})
	for uid := uint64(1); uid <= people; uid++ {
		a, _ := ledger.Get(r, ledger.UserBalance(uid), 156)
		if got := ledger.Balance(a); got != want[uid] {
			w.fail("money", "%s has %d fen for U%d, its top-ups and orders add up to %d", n.name, got, uid, want[uid])
			return
		}
	}
}

// checkNotices: who was paid was told.
func (w *World) checkNotices(n *node, r table.Reader) {
	order.Scan(r, func(o *pb.Order) bool {
		if order.Paid(o) && o.NotifyUrl != "" && w.merchant.got[o.NoticeId] == 0 {
			w.fail("notices", "the merchant never got notice %d, which tells that order %d is paid", o.NoticeId, o.Id)
		}
		return w.failure == nil
	})
}

// checkJournal: whatever size of it was seen is a beginning of what there is now.
func (w *World) checkJournal(n *node, r table.Reader) {
	prover := journal.NewProver()
	for size, root := range w.seen.roots { // order does not matter: any one is a failure
		if got, err := prover.RootAt(r, size); err != nil || [32]byte(got) != root {
			w.fail("journal", "the journal of %s does not begin with what was seen of %d entries (%v)", n.name, size, err)
			return
		}
	}
}
