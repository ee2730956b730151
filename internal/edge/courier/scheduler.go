package courier

import (
	"container/heap"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

const (
	// pipeMost bounds notices picked from old backlog and not yet signed: two
	// fetches' worth.
	pipeMost = 2 * MaxFetch
	// signAhead is how many fresh notices a signer may have waiting.
	signAhead = 16
	// trickle: of so many starts (and signatures), one goes to old backlog.
	trickle = 8
	// setAside is how long a notice waits that this version cannot send, milliseconds.
	setAside int64 = 60_000
	// shortage is how long a notice waits that could not be sent for lack of
	// descriptors or memory here, milliseconds.
	shortage int64 = 1000
	// lagging is how long one waits that a node answered from before the last
	// report, milliseconds.
	lagging int64 = 500
)

// scheduler is the courier's state and its decisions. It does nothing itself: the
// loop carries out what it puts into want, signFresh and signOld. It serves one
// goroutine.
type scheduler struct {
	window, most, signers int
	now                   func() int64
	// may says whether a merchant's notices are this courier's to send; lapse is
	// the lease's, for the flights.
	may   func(mchid string) bool
	lapse func() uint64

	merchants map[string]*merchant
	rings     [rings]ring
	alarms    alarms
	busy      map[uint64]*flight
	bodies    bodies
	reported  worker.Accepted

	// quick and slow count flights per pool; quickOld those of quick that are not fresh.
	quick, quickOld, slow int
	// waiting counts hints; broken is how many of the destinations are.
	waiting, destinations, broken int
	// starts and signs take turns.
	starts, signs int
	slowTurn      bool

	// want are picked and have no content yet; fetching counts those asked for.
	want     []*flight
	fetching int
	// signFresh and signOld wait for a signer.
	signFresh, signOld []*flight
	// air holds flights in the order their requests began.
	air []*flight
}

func newScheduler(cfg Config, now func() int64, may func(string) bool, lapse func() uint64) *scheduler {
	d := &scheduler{
		window: cfg.Window, most: cfg.MaxInFlight, signers: cfg.Signers, now: now, may: may, lapse: lapse,
		merchants: map[string]*merchant{}, busy: map[uint64]*flight{}, bodies: newBodies(cfg.Bodies),
	}
	for i := range d.rings {
		d.rings[i].kind = ringKind(i)
	}
	return d
}

func (d *scheduler) destination(mchid string, address uint32) *destination {
	m, ok := d.merchants[mchid]
	if !ok {
		m = newMerchant(mchid, d.window)
		d.merchants[mchid] = m
	}
	before := m.size()
	l, gone := m.destination(address)
	d.destinations += m.size() - before
	if gone != nil && gone.broken() {
		d.broken--
	}
	return l
}

// forget drops everything that is not busy: a new stream tells it all again.
func (d *scheduler) forget() {
	for _, m := range d.merchants { // order does not matter: each is for itself
		d.empty(m)
	}
	d.bodies.clear()
}

// empty drops a merchant's hints.
func (d *scheduler) empty(m *merchant) {
	m.destinations(func(l *destination) {
		d.waiting -= l.fresh.len() + len(l.old)
		l.fresh, l.old = fifo{}, nil
	})
	d.touch(m)
	d.tidy(m)
}

// drop forgets the notices of merchants that are not the courier's any more.
// What of theirs is busy lands as it will.
func (d *scheduler) drop() {
	for mchid, m := range d.merchants { // order does not matter: each is for itself
		if !d.may(mchid) {
			d.empty(m)
		}
	}
}

// busyIn says whether a notice of these lanes is picked and its report is not
// accepted yet.
func (d *scheduler) busyIn(set lane.Set) bool {
	for _, f := range d.busy {
		if set.Has(lane.Of(f.to.mchid)) {
			return true
		}
	}
	return false
}

// owe takes note of a notice that is owed. What is busy is set aside until it
// is not.
func (d *scheduler) owe(h *pb.OwedHead) {
	if !d.may(h.Mchid) {
		return
	}
	if f, ok := d.busy[h.Id]; ok {
		f.later = h
		return
	}
	l := d.destination(h.Mchid, h.Address)
	if h.Attempts == 0 && h.CreatedAt > d.now()-freshFor {
		l.fresh.push(hint{h.CreatedAt, h.Id})
	} else {
		l.old.push(hint{h.NextAt, h.Id})
	}
	d.waiting++
	d.touch(l.merchant)
}

// oweFull takes note of a notice whose content came along.
func (d *scheduler) oweFull(n *pb.OwedNotice) {
	h := n.Notice.Head()
	if _, ok := d.busy[h.Id]; !ok && n.Problem == "" {
		if l := d.destination(h.Mchid, h.Address); !l.slow() && l.fresh.len() < signAhead*d.signers {
			d.bodies.put(n, time.Now())
		}
	}
	d.owe(h)
}

// touch puts a merchant where it belongs: into the rings of those that can start
// something now, and under the alarm for when it can.
func (d *scheduler) touch(m *merchant) {
	in, again := m.ready(d.now())
	for kind := range d.rings {
		if in[kind] {
			d.rings[kind].push(m)
		}
	}
	switch {
	case again == 0 && m.wakePos >= 0:
		heap.Remove(&d.alarms, m.wakePos)
	case again == 0:
	case m.wakePos >= 0:
		m.wakeAt = again
		heap.Fix(&d.alarms, m.wakePos)
	default:
		m.wakeAt = again
		heap.Push(&d.alarms, m)
	}
}

// wake touches the merchants whose time has come.
func (d *scheduler) wake() {
	now := d.now()
	for len(d.alarms) > 0 && d.alarms[0].wakeAt <= now {
		d.touch(heap.Pop(&d.alarms).(*merchant))
	}
}

// dispatch starts all that may start now.
func (d *scheduler) dispatch() {
	d.wake()
	for {
		kind, ok := d.turn()
		if !ok {
			return
		}
		d.start(kind)
	}
}

// turn chooses the ring that starts something next. Fresh goes first; old
// backlog fills what is left, and takes one start in trickle at least. Old
// backlog never holds more than half of the pool.
func (d *scheduler) turn() (ringKind, bool) {
	pipe := len(d.want) + d.fetching + len(d.signOld)
	fresh := d.rings[ringFresh].len() > 0 && d.quick < d.most && len(d.signFresh) < signAhead*d.signers
	old := d.rings[ringOld].len() > 0 && d.quick < d.most && d.quickOld < max(1, d.most/2) && pipe < pipeMost
	slow := d.rings[ringSlow].len() > 0 && d.slow < d.most && pipe < pipeMost
	d.starts++
	if fresh && !(d.starts%trickle == 0 && (old || slow)) {
		return ringFresh, true
	}
	d.slowTurn = !d.slowTurn
	switch {
	case slow && (!old || d.slowTurn):
		return ringSlow, true
	case old:
		return ringOld, true
	}
	return 0, false
}

// start lets the ring's next merchant start one notice.
func (d *scheduler) start(kind ringKind) {
	m := d.rings[kind].pop()
	if l, h, fresh, ok := m.take(kind, d.now()); ok {
		d.waiting--
		if _, flies := d.busy[h.id]; !flies {
			d.launch(&flight{to: l, hint: h, fresh: fresh, slow: l.slow(), lapse: d.lapse()})
		}
	}
	d.touch(m)
	d.tidy(m)
}

func (d *scheduler) launch(f *flight) {
	f.to.flying++
	d.count(f, 1)
	if !f.fresh {
		f.to.flyingOld++
	}
	d.busy[f.hint.id] = f
	f.owed = d.bodies.take(f.hint.id, time.Now())
	if f.owed == nil {
		d.want = append(d.want, f)
		return
	}
	d.toSign(f)
}

// count moves the flight in or out of its pool, and its merchant's part of it.
func (d *scheduler) count(f *flight, by int) {
	m := f.to.merchant
	switch {
	case f.slow:
		d.slow += by
		m.slow += by
	case f.fresh:
		d.quick += by
		m.quick += by
	default:
		d.quick += by
		d.quickOld += by
		m.quick += by
		m.quickOld += by
	}
}

func (d *scheduler) toSign(f *flight) {
	if f.fresh && !f.slow {
		d.signFresh = append(d.signFresh, f)
	} else {
		d.signOld = append(d.signOld, f)
	}
}

// nextToSign takes the flight to sign next; nil when none waits.
func (d *scheduler) nextToSign() *flight {
	from := &d.signFresh
	d.signs++
	if len(d.signFresh) == 0 || d.signs%trickle == 0 && len(d.signOld) > 0 {
		from = &d.signOld
	}
	if len(*from) == 0 {
		return nil
	}
	f := (*from)[0]
	(*from)[0] = nil
	*from = (*from)[1:]
	return f
}

// tidy forgets destinations of a merchant about which nothing is worth keeping, and the
// merchant with its last.
func (d *scheduler) tidy(m *merchant) {
	if d.merchants[m.mchid] != m {
		return
	}
	d.destinations -= m.drop()
	if m.size() == 0 && m.wakePos < 0 {
		delete(d.merchants, m.mchid)
	}
}
