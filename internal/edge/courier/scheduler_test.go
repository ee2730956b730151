package courier

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// table is a scheduler whose clock the test holds.
type deskTable struct {
	*scheduler
	at int64
}

func newDeskTable(most int) *deskTable {
	d := &deskTable{at: 1_000_000_000}
	d.scheduler = newScheduler(Config{Window: 4, MaxInFlight: most, Bodies: 10_000, Signers: 2}, func() int64 { return d.at }, anybody, unlapsed)
	return d
}

func (d *deskTable) head(id uint64, mchid string) *pb.OwedHead {
	return &pb.OwedHead{Id: id, Mchid: mchid, CreatedAt: d.at, NextAt: d.at}
}

func (d *deskTable) full(id uint64, mchid string, attempts uint32) *pb.OwedNotice {
	return &pb.OwedNotice{Notice: &pb.DueNotice{Id: id, Mchid: mchid, CreatedAt: d.at, NextAt: d.at, Attempts: attempts}}
}

// signed takes all flights that wait for a signer.
func (d *deskTable) signed() (out []*flight) {
	for f := d.nextToSign(); f != nil; f = d.nextToSign() {
		out = append(out, f)
	}
	return out
}

// fly dispatches, signs and lands everything with an outcome; it returns the attempts.
func (d *deskTable) fly(o pb.AttemptOutcome) (out []*pb.Attempt) {
	d.dispatch()
	for _, f := range d.signed() {
		a := &pb.Attempt{NoticeId: f.hint.id, Number: f.owed.Notice.Attempts + 1, Outcome: o}
		d.landed(f, a)
		out = append(out, a)
	}
	return out
}

// A row that the stream read before the node accepted a report is not sent
// again; one that was owed again since is.
func TestStaleRow(t *testing.T) {
	t.Parallel()
	d := newDeskTable(10)
	d.take(&pb.OwedBatch{Applied: 5, Notices: []*pb.OwedNotice{d.full(1, "m", 0)}})
	a := d.fly(delivered)
	if len(a) != 1 || a[0].Number != 1 {
		t.Fatal(a)
	}
	d.take(&pb.OwedBatch{Applied: 6, Notices: []*pb.OwedNotice{d.full(1, "m", 0)}}) // busy
	d.accepted(a, &pb.ReportResponse{Applied: 9})
	if again := d.fly(delivered); len(again) != 0 {
		t.Fatalf("sent again what was told while its report was under way: %v", again)
	}
	d.take(&pb.OwedBatch{Applied: 8, Notices: []*pb.OwedNotice{d.full(1, "m", 0)}})
	d.take(&pb.OwedBatch{Applied: 8, Waiting: []*pb.OwedHead{d.head(1, "m")}})
	if again := d.fly(delivered); len(again) != 0 || len(d.want) != 0 {
		t.Fatalf("sent again from a row that was read before the report: %v", again)
	}
	d.take(&pb.OwedBatch{Applied: 9, Notices: []*pb.OwedNotice{d.full(1, "m", 1)}}) // redelivered
	if again := d.fly(delivered); len(again) != 1 || again[0].Number != 2 {
		t.Errorf("a redelivered notice: %v, want attempt 2", again)
	}
	if d.reported.Len() != 0 {
		t.Errorf("remembers %d rows, want none: the stream has caught up", d.reported.Len())
	}
}

// What the stream tells of a notice in the air is looked at when it has landed.
func TestToldInTheAir(t *testing.T) {
	t.Parallel()
	d := newDeskTable(10)
	d.take(&pb.OwedBatch{Applied: 5, Notices: []*pb.OwedNotice{d.full(1, "m", 0)}})
	a := d.fly(delivered)
	// Delivered, recorded, and redelivered by hand before the answer to the report is here.
	d.take(&pb.OwedBatch{Applied: 9, Notices: []*pb.OwedNotice{d.full(1, "m", 1)}})
	d.dispatch()
	if got := d.signed(); len(got) != 0 || len(d.want) != 0 {
		t.Fatal("sent a notice whose report is under way")
	}
	d.accepted(a, &pb.ReportResponse{Applied: 8})
	d.dispatch()
	if len(d.want) != 1 || d.want[0].hint.id != 1 {
		t.Fatalf("wants %v, want notice 1: it was owed again", d.want)
	}
	// While it is being fetched (and found not owed) it is owed again once more.
	asked := d.want
	d.want, d.fetching = nil, 1
	d.take(&pb.OwedBatch{Applied: 12, Waiting: []*pb.OwedHead{d.head(1, "m")}})
	d.fetched(asked, &pb.OwedBatch{Applied: 11})
	d.dispatch()
	if len(d.want) != 1 {
		t.Error("what was told during a fetch is lost")
	}
}

// Fetch tells the truth: hints may be stale.
func TestFetched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		owed   func(d *deskTable) *pb.OwedNotice
		sign   int
		waits  int
		unsent int
	}{
		"owed and due":   {func(d *deskTable) *pb.OwedNotice { return d.full(1, "m", 0) }, 1, 0, 0},
		"not owed":       {func(d *deskTable) *pb.OwedNotice { return nil }, 0, 0, 0},
		"due later":      {func(d *deskTable) *pb.OwedNotice { n := d.full(1, "m", 1); n.Notice.NextAt += 5000; return n }, 0, 0, 0},
		"cannot be sent": {func(d *deskTable) *pb.OwedNotice { n := d.full(1, "m", 0); n.Problem = "x"; return n }, 0, 1, 1},
		"clocks differ": {func(d *deskTable) *pb.OwedNotice {
			n := d.full(1, "m", 0)
			d.at -= 3 // the hint was due; by the clock set since it is not yet
			return n
		}, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeskTable(10)
			d.owe(d.head(1, "m"))
			d.dispatch()
			asked := d.want
			d.want, d.fetching = nil, len(asked)
			b := &pb.OwedBatch{}
			if n := c.owed(d); n != nil {
				b.Notices = append(b.Notices, n)
			}
			problems := d.fetched(asked, b)
			d.dispatch()
			if len(d.signed()) != c.sign || d.waiting != c.waits || len(problems) != c.unsent || len(d.want) != 0 {
				t.Errorf("waiting %d, problems %d, wants %d", d.waiting, len(problems), len(d.want))
			}
			if d.fetching != 0 || c.sign == 0 && (d.quick != 0 || len(d.busy) != 0) {
				t.Errorf("fetching %d, in flight %d, busy %d; want none", d.fetching, d.quick, len(d.busy))
			}
		})
	}
}

// Nothing is remembered of a merchant to whom nothing is owed.
func TestDestinationsAreForgotten(t *testing.T) {
	t.Parallel()
	d := newDeskTable(100)
	for i := range uint64(50) {
		d.oweFull(d.full(i+1, fmt.Sprint("m", i), 0))
	}
	var a []*pb.Attempt
	for len(a) < 50 { // a signer's queue is shorter than that
		a = append(a, d.fly(delivered)...)
	}
	d.accepted(a, &pb.ReportResponse{Applied: 1})
	d.take(&pb.OwedBatch{Applied: 1})
	if len(a) != 50 || d.destinations+len(d.merchants)+len(d.busy)+len(d.alarms)+len(d.bodies.by)+d.reported.Len()+d.waiting+d.quick+d.slow != 0 {
		t.Errorf("%d landed; remembers %d destinations, %d busy, %d alarms, %d bodies, %d told, %d waiting",
			len(a), d.destinations, len(d.busy), len(d.alarms), len(d.bodies.by), d.reported.Len(), d.waiting)
	}
}

// A million notices owed to one dead merchant: 16 bytes each and the slack of a
// growing slice. Told again by the next stream, they are still a million.
//
//test:cases
func TestMillionOwed(t *testing.T) {
	d := newDeskTable(2000)
	before := heapBytes()
	for range 2 {
		d.forget()
		for id := range uint64(1_000_000) {
			d.owe(&pb.OwedHead{Id: id + 1, Mchid: "dead", CreatedAt: 1, NextAt: 1 + int64(id)})
		}
	}
	if mb := (heapBytes() - before) >> 20; mb > 40 {
		t.Errorf("a million owed notices take %d MB, want at most 40", mb)
	}
	if d.waiting != 1_000_000 || d.destinations != 1 {
		t.Errorf("%d wait in %d destinations", d.waiting, d.destinations)
	}
	l := d.merchants["dead"].addresses[0]
	for i := range uint64(1_000_000) {
		if h := l.old.pop(); h.id != i+1 {
			t.Fatalf("hint %d is of notice %d", i+1, h.id)
		}
	}
	if mb := (heapBytes() - before) >> 20; mb > 2 {
		t.Errorf("drained, it still takes %d MB", mb)
	}
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Old backlog gets one start and one signature in eight, however many fresh
// notices there are.
func TestTrickle(t *testing.T) {
	t.Parallel()
	d := newDeskTable(10_000)
	for i := range uint64(400) {
		d.oweFull(d.full(i+1, fmt.Sprint("f", i), 0))
		n := d.full(i+1001, fmt.Sprint("o", i), 3)
		d.bodies.put(n, time.Now())
		d.owe(n.Notice.Head())
	}
	old := 0
	for range 80 {
		d.dispatch()
		if f := d.nextToSign(); f == nil {
			t.Fatal("nothing to sign")
		} else if !f.fresh {
			old++
		}
	}
	if old < 8 || old > 12 {
		t.Errorf("%d of 80 signatures went to old notices, want about 10", old)
	}
}

// The same where the pool is the bottleneck.
func TestTrickleInASmallPool(t *testing.T) {
	t.Parallel()
	d := newDeskTable(16)
	for i := range uint64(400) {
		d.oweFull(d.full(i+1, fmt.Sprint("f", i), 0))
		n := d.full(i+1001, fmt.Sprint("o", i), 3)
		d.bodies.put(n, time.Now())
		d.owe(n.Notice.Head())
	}
	old, all := 0, 0
	for all < 160 {
		for _, a := range d.fly(delivered) {
			all++
			if a.NoticeId > 1000 {
				old++
			}
		}
	}
	if old < 15 || old > 30 {
		t.Errorf("%d of %d starts went to old notices, want about 20", old, all)
	}
}

// The life of a destination: its window, when it breaks, how it pauses and mends.
func TestDestination(t *testing.T) {
	t.Parallel()
	type step struct {
		outcome pb.AttemptOutcome
		took    time.Duration
		window  int
		broken  bool
		slow    bool
		pause   int64
	}
	noKey := pb.AttemptOutcome_ATTEMPT_OUTCOME_NO_KEY
	l := newMerchant("m", 4).newDestination(0)
	for i, s := range []step{
		{delivered, 0, 4, false, false, 0},
		{status, 0, 2, false, false, 0},
		{timeout, answerWithin, 1, false, true, 0},
		{noKey, 0, 1, false, false, 0},
		{address, 0, 1, false, false, 0},
		{connect_, 0, 1, true, true, 100},
		{connect_, 0, 1, true, true, 200},
		{inTLS, 0, 1, true, true, 400},
		{status, 0, 1, true, true, 800},
		{status, 0, 1, true, true, 1600},
		{status, 0, 1, true, true, 2000},
		{status, 0, 1, true, true, 2000},
		{delivered, 2 * time.Second, 2, false, true, 0},
		{delivered, 0, 3, false, false, 0},
		{delivered, 0, 4, false, false, 0},
		{delivered, 0, 4, false, false, 0},
	} {
		l.landed(0, &pb.Attempt{Outcome: s.outcome, TookUs: s.took.Microseconds()})
		got := step{s.outcome, s.took, l.window, l.broken(), l.slow(), l.pausedUntil}
		if got != s {
			t.Errorf("step %d: %+v, want %+v", i+1, got, s)
		}
	}
}

func TestHintsInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q byTime
		var f fifo
		var model, line []hint
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "op") > 0 || len(model) == 0 {
				h := hint{rapid.Int64Range(0, 20).Draw(t, "at"), rapid.Uint64Range(0, 20).Draw(t, "id")}
				q.push(h)
				f.push(h)
				model, line = append(model, h), append(line, h)
				continue
			}
			i := 0
			for j := range model {
				if model[j].before(model[i]) {
					i = j
				}
			}
			want := model[i]
			model = slices.Delete(model, i, i+1)
			if got := q.pop(); got != want {
				t.Fatalf("heap answers %v, want %v", got, want)
			}
			if f.peek() != line[0] || f.pop() != line[0] {
				t.Fatalf("queue answers something else than %v", line[0])
			}
			line = line[1:]
		}
		if len(q) != len(model) || f.len() != len(line) {
			t.Fatalf("%d and %d left, want %d", len(q), f.len(), len(model))
		}
	})
}

// Random events: the counts stay what they claim to be.
func TestDeskCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := newDeskTable(rapid.IntRange(1, 20).Draw(t, "most"))
		var signed, inFlight []*flight
		var landed []*pb.Attempt
		id, number := uint64(0), map[uint64]uint32{}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "event") {
			case 0, 1:
				id++
				n := d.full(id, fmt.Sprint("m", rapid.IntRange(0, 5).Draw(t, "mchid")), rapid.Uint32Range(0, 1).Draw(t, "tried"))
				n.Notice.Url = fmt.Sprint("http://shop.example/", rapid.IntRange(0, 12).Draw(t, "address"))
				number[id] = n.Notice.Attempts
				if rapid.Bool().Draw(t, "full") {
					d.oweFull(n)
				} else {
					d.owe(n.Notice.Head())
				}
			case 2:
				d.dispatch()
				signed = append(signed, d.signed()...)
			case 3: // fetch
				asked := d.want
				d.want, d.fetching = nil, len(asked)
				b := &pb.OwedBatch{}
				for _, f := range asked {
					if rapid.IntRange(0, 5).Draw(t, "owed") > 0 {
						b.Notices = append(b.Notices, d.full(f.hint.id, f.to.mchid, number[f.hint.id]))
					}
				}
				d.fetched(asked, b)
			case 4: // send
				for _, f := range signed {
					d.inFlight(f, time.UnixMilli(d.at))
				}
				inFlight, signed = append(inFlight, signed...), nil
			case 5: // land one
				if len(inFlight) > 0 {
					f := inFlight[0]
					inFlight = inFlight[1:]
					a := &pb.Attempt{NoticeId: f.hint.id, Number: f.owed.Notice.Attempts + 1, Outcome: delivered}
					if rapid.Bool().Draw(t, "fails") {
						a.Outcome = timeout
					}
					d.landed(f, a)
					landed = append(landed, a)
				}
			case 6:
				d.accepted(landed, &pb.ReportResponse{Applied: 1})
				landed = nil
				d.at += rapid.Int64Range(0, 2000).Draw(t, "ms")
			}
			d.overdue(time.UnixMilli(d.at))
			d.check(t)
		}
	})
}

// check compares the scheduler's counts with what they count.
func (d *deskTable) check(t *rapid.T) {
	quick, quickOld, slow, hints, broken := 0, 0, 0, 0, 0
	flying := map[*destination]int{}
	for _, f := range d.busy {
		switch {
		case f.down:
			continue
		case f.slow:
			slow++
		case f.fresh:
			quick++
		default:
			quick++
			quickOld++
		}
		flying[f.to]++
	}
	count := 0
	for _, m := range d.merchants {
		slowOfIts, briskOfIts := 0, 0
		m.destinations(func(l *destination) {
			count++
			hints += l.fresh.len() + len(l.old)
			if l.broken() {
				broken++
			}
			if l.flying != flying[l] || l.flying > 4 || l.flyingOld > l.flying || l.overdue > l.flying || l.window < 1 || l.window > 4 {
				t.Fatalf("lane %s: flying %d (really %d), old %d, overdue %d, window %d", l.mchid, l.flying, flying[l], l.flyingOld, l.overdue, l.window)
			}
		})
		for _, f := range d.busy {
			switch {
			case f.down || f.to.merchant != m:
			case f.slow:
				slowOfIts++
			default:
				briskOfIts++
			}
		}
		if m.quick != briskOfIts || m.slow != slowOfIts || m.quick > m.most || m.slow > 3*m.most+maxAddresses || m.size() > maxAddresses+1 {
			t.Fatalf("merchant %s: quick %d (really %d), slow %d (really %d), %d destinations", m.mchid, m.quick, briskOfIts, m.slow, slowOfIts, m.size())
		}
	}
	if count != d.destinations {
		t.Fatalf("%d destinations, counted %d", count, d.destinations)
	}
	if d.quick != quick || d.quickOld != quickOld || d.slow != slow || d.waiting != hints || d.broken != broken || d.quick > d.most {
		t.Fatalf("quick %d/%d, old %d/%d, slow %d/%d, waiting %d/%d, broken %d/%d (counted/real)",
			d.quick, quick, d.quickOld, quickOld, d.slow, slow, d.waiting, hints, d.broken, broken)
	}
}
