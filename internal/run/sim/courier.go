package sim

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// merchant is who is told of payments and refunds.
type merchant struct {
	down bool
	got  map[uint64]int // by notice: how often
}

// receive takes a notice and says whether it was answered as documented.
func (m *merchant) receive(id uint64) bool {
	if m.down {
		return false
	}
	if m.got == nil {
		m.got = make(map[uint64]int)
	}
	m.got[id]++
	return true
}

// courier delivers what is owed and reports each attempt. What it knows is lost
// when it crashes.
type courier struct {
	w       *World
	running bool
	life    int
	hand    map[uint64]bool // notices it has in hand
	// recorded are the notices whose delivery was acknowledged by the cluster.
	recorded map[uint64]bool
}

func newCourier(w *World) *courier {
	return &courier{w: w, recorded: make(map[uint64]bool)}
}

// start begins a life of the courier.
func (c *courier) start() {
	if c.running {
		return
	}
	c.running = true
	c.life++
	c.hand = make(map[uint64]bool)
	c.round(c.life)
}

// crash ends it with all it has in hand.
func (c *courier) crash() {
	c.running = false
	c.life++
}

func (c *courier) alive(life int) bool { return c.running && c.life == life }

// round asks a node what is owed, and again after a while.
func (c *courier) round(life int) {
	if !c.alive(life) {
		return
	}
	c.w.after(c.w.chance.between(150, 400), func() { c.round(life) })
	n := c.w.clients.choose(&request{})
	if n == nil {
		return
	}
	known := make(map[uint64]bool, len(c.recorded))
	for id := range c.recorded { // order does not matter: the copy is a set too
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
					for _, o := range owed {
						c.take(life, o, known)
					}
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

// take sends a notice unless it is in hand; known are the notices whose delivery
// had been acknowledged when the cluster was asked.
func (c *courier) take(life int, n *pb.Notice, known map[uint64]bool) {
	if !c.alive(life) || c.hand[n.Id] {
		return
	}
	c.hand[n.Id] = true
	if known[n.Id] {
		c.w.fail("notices", "notice %d was still owed to the courier after its delivery had been acknowledged", n.Id)
		return
	}
	if c.w.broken.reportsFirst {
		c.report(life, n, true, func() { c.send(life, n, func(bool) {}) })
		return
	}
	c.send(life, n, func(delivered bool) {
		c.report(life, n, delivered, func() {})
	})
}

// send brings a notice to the merchant; the way there and back may fail.
func (c *courier) send(life int, n *pb.Notice, done func(delivered bool)) {
	ch := c.w.chance
	lostThere, lostBack := ch.percent(1), ch.percent(1)
	c.w.after(ch.between(5, 60), func() {
		if !c.alive(life) {
			return
		}
		answered := !lostThere && c.w.merchant.receive(n.Id)
		c.w.tell("courier", "notice %d, attempt %d: %v", n.Id, n.Attempts+1, answered && !lostBack)
		c.w.after(ch.between(5, 60), func() { done(answered && !lostBack) })
	})
}

// report records the attempt, again and again until there is a true answer.
func (c *courier) report(life int, n *pb.Notice, delivered bool, done func()) {
	if !c.alive(life) {
		return
	}
	outcome := pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT
	if delivered {
		outcome = pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED
	}
	answered := false
	again := func() {
		answered = true
		c.w.after(c.w.chance.between(50, 200), func() { c.report(life, n, delivered, done) })
	}
	c.w.after(2000, func() {
		if !answered {
			again()
		}
	})
	to := c.w.clients.choose(&request{})
	c.w.send(outside, to.place, false, func() {
		if to.process == nil {
			return
		}
		p := to.process
		p.post(func() {
			cmd := machine.NewCommand(machine.NoticeReport, "courier/sim", "", &pb.NoticeReport{Attempts: []*pb.Attempt{
				{NoticeId: n.Id, Number: n.Attempts + 1, Outcome: outcome, At: c.w.now},
			}})
			p.execute(cmd, func(a answer) {
				c.w.send(to.place, outside, false, func() {
					switch {
					case answered || !c.alive(life):
					case a.refused != code.OK:
						again()
					default:
						answered = true
						c.ended(n, delivered && a.code == code.OK)
						done()
					}
				})
			})
		})
	})
}

// ended lets go of a notice; recorded says that its delivery is in the state.
func (c *courier) ended(n *pb.Notice, recorded bool) {
	delete(c.hand, n.Id)
	if recorded {
		c.recorded[n.Id] = true
	}
}
