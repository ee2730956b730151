package sim

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

const (
	maxCouriers = 3
	// leaseMillis is how long a courier's lanes are its own without a word from it.
	leaseMillis = 5000
	renewMillis = leaseMillis / 4
)

// courier is one process that delivers what is owed by its lanes and reports each
// attempt. What it knows is lost when it crashes.
type courier struct {
	w           *World
	name        string
	life        int // 0: never started; each start and end is another one
	running     bool
	pausedUntil int64
	began       int64

	hand  map[uint64]int // notices it has in hand, and their lanes
	lanes lane.Set       // that are its own by the lease, until it is over
	keep  lane.Set       // of those, the ones it goes on with
	until int64
}

// start begins a life of the courier.
func (c *courier) start() {
	if c.running {
		return
	}
	c.running, c.began, c.until = true, c.w.now, 0
	c.life++
	c.hand, c.lanes, c.keep = make(map[uint64]int), lane.Set{}, lane.Set{}
	c.w.tell(c.name, "starts")
	c.renew(c.life)
	c.round(c.life)
}

// crash ends it with all it has in hand.
func (c *courier) crash() {
	c.running = false
	c.life++
}

// stop ends it with a word: its lanes are free at once.
func (c *courier) stop() {
	if !c.running {
		return
	}
	c.crash()
	c.execute(catalogue.CourierLease, &pb.CourierLease{Courier: c.name, Leave: true, Started: c.began}, func(answer) {})
}

func (c *courier) alive(life int) bool { return c.running && c.life == life }

// later does something in this life after a while, and not while paused.
func (c *courier) later(life int, ms int64, do func()) {
	c.w.after(ms, func() {
		switch left := c.pausedUntil - c.w.now; {
		case !c.alive(life):
		case left > 0:
			c.later(life, min(left, pauseLook), do)
		default:
			do()
		}
	})
}

// execute asks any node once; answered is called with a true answer only.
func (c *courier) execute(n catalogue.Number, body table.Record, answered func(answer)) {
	to := c.w.clients.choose(&request{})
	cmd := catalogue.NewCommand(n, "courier/"+c.name, "", body)
	c.w.send(outside, to.place, false, func() {
		p := to.process
		if p == nil {
			return
		}
		p.post(func() {
			p.do(cmd, func(a answer) {
				c.w.send(to.place, outside, false, func() {
					if a.refused == code.OK {
						answered(a)
					}
				})
			})
		})
	})
}

// renew asks for lanes and names those it goes on with. Lanes beyond its share it
// lets go once nothing of theirs is in its hand.
func (c *courier) renew(life int) {
	holds := c.lanes
	if going := c.lanes.Without(c.keep); !c.handHas(going) {
		holds = c.keep
	}
	asked := c.w.now
	c.execute(catalogue.CourierLease, &pb.CourierLease{Courier: c.name, LeaseMs: leaseMillis, Started: c.began, Holds: holds[:]}, func(a answer) {
		c.later(life, 0, func() { c.leased(a, asked) })
	})
	c.later(life, c.w.chance.between(renewMillis-100, renewMillis+100), func() { c.renew(life) })
}

func (c *courier) handHas(lanes lane.Set) bool {
	for _, n := range c.hand { // order does not matter: one is enough
		if lanes.Has(n) {
			return true
		}
	}
	return false
}

// leased takes over what a renewal said, counted from when it was asked.
func (c *courier) leased(a answer, asked int64) {
	rec, ok := a.body.(*pb.Courier)
	switch {
	case a.code == code.CourierReplaced:
		c.w.reach("courier replaced")
		c.w.tell(c.name, "is replaced")
		c.crash()
	case a.code == code.OK && ok && asked+leaseMillis > c.until:
		c.lanes, c.until = lane.Held(rec), asked+leaseMillis
		c.keep = c.lanes.Least(int(rec.Share))
	}
}

// round asks a node what is owed, and again after a while.
func (c *courier) round(life int) {
	c.later(life, c.w.chance.between(150, 400), func() { c.round(life) })
	n := c.w.clients.choose(&request{})
	known := make(map[uint64]bool, len(c.w.recorded))
	for id := range c.w.recorded { // order does not matter: the copy is a set too
		known[id] = true
	}
	c.w.send(outside, n.place, false, func() {
		p := n.process
		if p == nil {
			return
		}
		p.post(func() {
			p.query(func(r table.Reader) {
				owed := dueNotices(r, p.wall())
				c.w.send(n.place, outside, false, func() {
					c.later(life, 0, func() {
						for _, o := range owed {
							c.take(life, o, known)
						}
					})
				})
			})
		})
	})
}

// dueNotices are the owed notices whose next attempt is due.
func dueNotices(r table.Reader, wall int64) (due []*pb.Notice) {
	head, ok := machine.Head(r)
	if !ok {
		return nil
	}
	at := max(wall+head.ClockOffsetMs, head.At)
	notice.Owed(r, 0, func(n *pb.Notice) bool {
		if n.NextAt <= at {
			due = append(due, n)
		}
		return len(due) < 50
	})
	return due
}

// take sends a notice of its lanes unless it is in hand; known are the notices
// whose delivery had been acknowledged when the cluster was asked.
func (c *courier) take(life int, n *pb.Notice, known map[uint64]bool) {
	by := lane.Of(n.Mchid)
	if _, in := c.hand[n.Id]; in || c.w.now >= c.until || !c.keep.Has(by) {
		return
	}
	if known[n.Id] {
		c.w.fail("notices", "notice %d was still owed to courier %s after its delivery had been acknowledged", n.Id, c.name)
		return
	}
	c.hand[n.Id] = by
	if c.w.broken.reportsFirst {
		c.report(life, n, true, c.w.now, func() { c.send(life, n, func(bool) {}) })
		return
	}
	at := c.w.now
	c.send(life, n, func(delivered bool) { c.report(life, n, delivered, at, func() {}) })
}

// send brings a notice to the merchant; the way there and back may fail.
func (c *courier) send(life int, n *pb.Notice, done func(delivered bool)) {
	ch := c.w.chance
	lostThere, lostBack := ch.percent(1), ch.percent(1)
	c.later(life, ch.between(5, 60), func() {
		answered := !lostThere && c.w.merchant.receive(n.Id)
		if c.w.merchant.got[n.Id] > 1 {
			c.w.reach("notice sent twice")
		}
		c.w.tell(c.name, "notice %d, attempt %d: %v", n.Id, n.Attempts+1, answered && !lostBack)
		c.later(life, ch.between(5, 60), func() { done(answered && !lostBack) })
	})
}

// report records the attempt, again and again until there is a true answer.
func (c *courier) report(life int, n *pb.Notice, delivered bool, at int64, done func()) {
	outcome := pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT
	if delivered {
		outcome = pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED
	}
	answered := false
	body := &pb.NoticeReport{Courier: c.name, Attempts: []*pb.Attempt{{NoticeId: n.Id, Number: n.Attempts + 1, Outcome: outcome, At: at}}}
	c.execute(catalogue.NoticeReport, body, func(a answer) {
		if answered || !c.alive(life) {
			return
		}
		answered = true
		delete(c.hand, n.Id)
		if delivered && a.code == code.OK {
			c.w.recorded[n.Id] = true
		}
		done()
	})
	c.later(life, c.w.chance.between(1700, 2300), func() {
		if !answered {
			answered = true
			c.report(life, n, delivered, at, done)
		}
	})
}
