package gate

import (
	"testing"
	"time"
)

// load drives a limiter with a machine on which a request takes base alone and
// in proportion to how many are inside beyond cores, for some windows. wanted is
// how many want to be inside.
func load(l *limiter, at *time.Time, base time.Duration, cores, wanted, windows int) {
	for range windows {
		n := min(l.now(), wanted)
		took := base * time.Duration(max(n, cores)) / time.Duration(cores)
		l.busy(n)
		l.contended = l.contended || wanted > n
		for range 50 {
			l.sample(Pay, *at, took, n)
		}
		*at = at.Add(max(window, took))
		l.decide(*at, n, false)
	}
}

// TestLimiterSettles: wherever it begins, the limit ends where requests take
// their target, and stays.
//
//test:cases
func TestLimiterSettles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		first, most int
		base        time.Duration
		cores       int
		least, top  int // of the limit when it has settled
	}{
		{"from below", 32, 2048, time.Millisecond, 8, 300, 450},
		{"from above", 2048, 2048, 5 * time.Millisecond, 2, 14, 22},
		{"a bound is a bound", 32, 40, time.Millisecond, 8, 40, 40},
		// Eight on one core take 80 ms of 10 each, and fewer are not let in.
		{"a machine of one core", 32, 2048, 10 * time.Millisecond, 1, 8, 26},
		{"most below the floor", 2, 2, time.Millisecond, 2, 2, 2},
		// 80 ms alone: the target of 50 ms can't be reached. At the floor its quiet
		// time is learned, and three times that is the target.
		{"a slow disk", 32, 2048, 80 * time.Millisecond, 8, 20, 27},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := time.Unix(0, 0)
			l := newLimiter(c.first, c.most, defaultTarget, at)
			load(&l, &at, c.base, c.cores, 100_000, 150)
			for range 600 { // an hour of the same must not move it
				load(&l, &at, c.base, c.cores, 100_000, 60)
				if n := l.now(); n < c.least || n > c.top {
					t.Fatalf("limit %d, want %d to %d", n, c.least, c.top)
				}
			}
		})
	}
}

// TestLimiterFollows: a machine that becomes ten times slower, and fast again.
func TestLimiterFollows(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	l := newLimiter(first, 2048, defaultTarget, at)
	load(&l, &at, time.Millisecond, 8, 100_000, 150)
	load(&l, &at, 10*time.Millisecond, 8, 100_000, 30)
	if n := l.now(); n > 45 {
		t.Errorf("limit %d three seconds after the machine became slow", n)
	}
	load(&l, &at, time.Millisecond, 8, 100_000, 60)
	if n := l.now(); n < 250 {
		t.Errorf("limit %d six seconds after the machine became fast again", n)
	}
}

// TestLimiterSeesWhatItCannotHelp: times that don't depend on how many are let in
// (others on the machine, a slow disk) must not shut the door, and when they are
// over everything is as before.
func TestLimiterSeesWhatItCannotHelp(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	l := newLimiter(first, 2048, defaultTarget, at)
	slow := func(extra time.Duration, windows int) {
		for range windows {
			n := l.now()
			l.busy(n)
			l.contended = true
			took := extra + time.Millisecond*time.Duration(max(n, 2))/2
			for range 20 {
				l.sample(Pay, at, took, n)
			}
			at = at.Add(max(window, took))
			l.decide(at, n, false)
		}
	}
	slow(0, 100)
	before := l.now()
	slow(200*time.Millisecond, 60)
	if n := l.now(); n < 300 {
		t.Errorf("limit %d while requests take 200 ms more whatever the limit is", n)
	}
	slow(5*time.Second, 20) // it hangs
	slow(0, 60)
	if n := l.now(); n < before*3/4 || n > before*3/2 {
		t.Errorf("limit %d afterwards, %d before", n, before)
	}
}

// TestLimiterLeavesIdleAlone: without anyone who waits the limit does not grow,
// and a slow moment of few requests does not close the door.
func TestLimiterLeavesIdleAlone(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	l := newLimiter(first, 2048, defaultTarget, at)
	load(&l, &at, time.Millisecond, 8, 10, 100)
	if n := l.now(); n != first {
		t.Errorf("limit %d, nobody ever waited", n)
	}
	l.busy(2)
	l.sample(Pay, at, 5*time.Second, 2) // one that hung
	at = at.Add(window)
	l.decide(at, 0, false)
	if n := l.now(); n != first {
		t.Errorf("limit %d after one slow request", n)
	}
}

// TestLimiterSeesTheWorstClass: many quick queries don't hide slow payments.
func TestLimiterSeesTheWorstClass(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	l := newLimiter(100, 2048, defaultTarget, at)
	l.busy(100)
	for range 1000 {
		l.sample(Query, at, time.Millisecond, 100)
	}
	for range enough {
		l.sample(Pay, at, 100*time.Millisecond, 100)
	}
	l.decide(at.Add(window), 100, false)
	if n := l.now(); n > 70 || l.stretch < 1.5 {
		t.Errorf("limit %d, stretch %.1f", n, l.stretch)
	}
}

// TestLimiterSeesACrowdInside: commands that stand in line behind the gate bring
// the limit down though requests are quick.
func TestLimiterSeesACrowdInside(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	l := newLimiter(100, 2048, defaultTarget, at)
	l.busy(100)
	for range 100 {
		l.sample(Pay, at, time.Millisecond, 100)
	}
	l.decide(at.Add(window), 100, true)
	if n := l.now(); n > 70 {
		t.Errorf("limit %d", n)
	}
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	for d := time.Microsecond; d < 3*time.Hour; d = d*9/8 + 1 {
		var h histogram
		h.add(d)
		if m := h.median(); m < d && d < time.Minute || d > 100*time.Microsecond && d < time.Minute && float64(m) > 1.26*float64(d) {
			t.Errorf("%v: median %v", d, m)
		}
	}
	var h histogram
	if h.median() != 0 {
		t.Error("of nothing")
	}
	for i := range 101 {
		h.add(time.Duration(i) * time.Millisecond)
	}
	if m := h.median(); m < 50*time.Millisecond || m > 63*time.Millisecond {
		t.Errorf("median %v of 0 to 100 ms", m)
	}
}
