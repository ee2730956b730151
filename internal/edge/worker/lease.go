package worker

import (
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	lanes "github.com/holdfast-pay/holdfast/internal/rule/lane"
)

const (
	// leaseMargin is how much sooner than the state a worker takes its lease for
	// over: a new leader's clock may be ahead of the old one's by so much.
	leaseMargin = 2 * time.Second
	// MinLease leaves a renewal that takes long enough room beside leaseMargin.
	MinLease = 5 * time.Second
	// A lease is renewed after renewShare percent of it; sooner than after 25
	// the state would not write it.
	renewShare = 40
	// emptyEvery is how often a worker asks that has no lanes yet.
	emptyEvery = time.Second
	// drainEvery is how often one looks whether the lanes to give up are quiet.
	drainEvery = 25 * time.Millisecond
	// freeSlack is how long after another's lease should be over one asks for its
	// lanes: clocks of nodes differ a little, and one who lives has renewed it.
	freeSlack = 50 * time.Millisecond
	// leaveWithin bounds giving up all lanes at the end.
	leaveWithin = 2 * time.Second
)

// grant is what a worker may work by, as of its last renewal. It is not changed
// once others see it.
type grant struct {
	// alone: the platform knows no leases; every owner is this worker's.
	alone bool
	// held are the lanes that the state gives the worker, lanes those it works
	// by: without what it is about to give up. Both are empty without a lease.
	held, lanes lanes.Set
	// epoch grows when lanes are gained and when the lease lapses: what a stream
	// of another epoch told does not count any more. lapse grows with the latter
	// alone: what was picked before a lapse may have been done by another since.
	epoch, lapse uint64
	// until is when the lease is over by this machine's clocks, until its
	// business time.
	until    time.Time
	business int64
}

// none is the grant after a lapse, and before the first lease.
func (g *grant) none() bool { return !g.alone && g.until.IsZero() }

// over says whether the lease is over. The wall clock is asked too: the other
// one stands still while the machine sleeps.
func (g *grant) over(now time.Time, business int64) bool {
	if g.alone {
		return false
	}
	return !now.Before(g.until) || !now.Round(0).Before(g.until.Round(0)) || business >= g.business
}

func (g *grant) may(owner string) bool { return g.alone || g.lanes.Has(lanes.Of(owner)) }

// ask is what a stream is opened for.
func (g *grant) ask() []byte {
	if g.alone {
		return nil
	}
	return g.held[:]
}

// holding is the present grant, for all goroutines.
type holding struct {
	mu   sync.Mutex
	g    *grant
	news chan struct{} // closed at the next change
}

func newHolding() *holding { return &holding{g: &grant{}, news: make(chan struct{})} }

func (h *holding) get() (g *grant, news <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.g, h.news
}

func (h *holding) now() *grant {
	g, _ := h.get()
	return g
}

func (h *holding) set(g *grant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.g = g
	close(h.news)
	h.news = make(chan struct{})
}

// renewals keeps the lease: what the loop knows of its renewals.
type renewals struct {
	*holding
	lease time.Duration

	// busy: a call is under way. asked is when the earliest call was made since the
	// last answer; a lease that an answer tells of was given after it.
	busy  bool
	asked time.Time
	// next is when to look again, regular when to renew whatever the state.
	next, regular time.Time
	pacer         Pacer
	// ends is the end of the lease that the last answer told, and deadline what
	// that is by this machine's clocks: a renewal that came too soon to be written
	// tells the same end again.
	ends     int64
	deadline time.Time
}

// begun notes that a call begins.
func (t *renewals) begun(now time.Time) {
	t.busy = true
	if t.asked.IsZero() {
		t.asked = now
	}
}

// failed notes that a call's outcome is unknown.
func (t *renewals) failed(now time.Time) {
	t.busy = false
	t.pacer.Failed(now)
	t.next, t.regular = t.pacer.after, t.pacer.after
}

// alone takes the answer of a platform without leases.
func (t *renewals) alone(now time.Time) {
	t.settle()
	old := t.now()
	if !old.alone {
		t.set(&grant{alone: true, epoch: old.epoch + 1, lapse: old.lapse})
	}
	t.wait(now, t.lease*renewShare/100)
}

// granted takes a lease. It returns the grant, which may be over already. freeIn
// is when another's lease may be over, 0 when there is none.
func (t *renewals) granted(c *pb.CourierShare, held lanes.Set, freeIn time.Duration, now time.Time) *grant {
	if c.Until != t.ends {
		t.ends, t.deadline = c.Until, t.asked.Add(t.lease-leaseMargin)
	}
	t.settle()
	if !now.Before(t.deadline) {
		// It was given by a call of long ago, whose answer was lost. Before a quarter
		// of it has passed no other is written.
		if !t.now().none() {
			t.lapsed(now)
		}
		t.wait(now, t.lease/4+freeSlack)
		return t.now()
	}
	old := t.now()
	if old.alone { // others may have worked since the platform learned of leases
		old = &grant{epoch: old.epoch + 1, lapse: old.lapse + 1}
	}
	g := &grant{held: held, lanes: held.Least(int(c.Share)), epoch: old.epoch, lapse: old.lapse, until: t.deadline, business: c.Until}
	if gained := held.Without(old.held); gained.Len() > 0 || old.none() {
		g.epoch++
	}
	t.set(g)
	switch {
	case g.held != g.lanes:
		t.wait(now, drainEvery)
	case g.lanes.Len() == 0:
		t.wait(now, emptyEvery)
	default:
		t.wait(now, t.lease*renewShare/100)
	}
	if freeIn > 0 { // whoever dies is replaced as soon as its lease is over
		t.next = sooner(t.next, now.Add(freeIn+freeSlack))
	}
	t.regular = now.Add(t.lease * renewShare / 100)
	return g
}

func sooner(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// lapsed drops the lease: nothing is done until the next one.
func (t *renewals) lapsed(now time.Time) {
	old := t.now()
	t.set(&grant{epoch: old.epoch + 1, lapse: old.lapse + 1})
	if !t.pacer.after.After(now) {
		t.wait(now, 0)
	}
}

// settle notes that a call was answered.
func (t *renewals) settle() {
	t.busy, t.asked = false, time.Time{}
	t.pacer.OK()
}

func (t *renewals) wait(now time.Time, d time.Duration) {
	t.next = now.Add(d)
	t.regular = t.next
}
