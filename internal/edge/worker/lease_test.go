package worker

import (
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	lanes "github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// A grant is over by whichever clock says so first.
func TestGrantIsOverByAnyClock(t *testing.T) {
	t.Parallel()
	now := time.Now()
	g := &grant{lanes: lanes.All(), held: lanes.All(), until: now.Add(8 * time.Second), business: 1000}
	for name, c := range map[string]struct {
		now      time.Time
		business int64
		over     bool
	}{
		"begun":                   {now, 0, false},
		"a moment before the end": {now.Add(8*time.Second - 1), 999, false},
		"at the end":              {now.Add(8 * time.Second), 0, true},
		"business time was moved": {now, 1000, true},
		"the machine slept":       {slept(now, 9*time.Second), 0, true},
	} {
		if got := g.over(c.now, c.business); got != c.over {
			t.Errorf("%s: over is %t", name, got)
		}
	}
	if (&grant{alone: true}).over(now, 5) {
		t.Error("who is alone needs no lease")
	}
}

// slept is now on a machine whose monotonic clock stood still for a while. A time
// without a monotonic reading is compared by the wall alone, which is the same.
func slept(now time.Time, d time.Duration) time.Time { return now.Round(0).Add(d) }

// An answer that was lost on the way: the lease it gave counts from when it was
// asked for, and one that is told again does not count anew.
func TestLeaseCountsFromTheCall(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	ten := renewals{holding: newHolding(), lease: 10 * time.Second}
	rec := func(until int64) *pb.CourierShare { return &pb.CourierShare{Until: until, Share: lanes.Count} }
	ten.begun(at(0))
	ten.failed(at(2)) // it may have been given all the same
	ten.begun(at(3))
	if g := ten.granted(rec(100), lanes.All(), 0, at(4)); !g.until.Equal(at(8)) {
		t.Errorf("it ends after %s, want 8 s: it may have been given by the first call", g.until.Sub(start))
	}
	ten.begun(at(5))
	if g := ten.granted(rec(100), lanes.All(), 0, at(5)); !g.until.Equal(at(8)) {
		t.Errorf("told again it ends after %s, want 8 s", g.until.Sub(start))
	}
	ten.begun(at(7))
	if g := ten.granted(rec(200), lanes.All(), 0, at(7)); !g.until.Equal(at(15)) || g.epoch != 1 || g.lapse != 0 {
		t.Errorf("renewed it ends after %s, epoch %d", g.until.Sub(start), g.epoch)
	}
	ten.begun(at(9))
	if g := ten.granted(rec(300), lanes.All(), 0, at(30)); !g.none() || g.lapse != 1 || !ten.next.After(at(30)) {
		t.Errorf("an answer that took 21 s gives %+v", g)
	}
	ten.begun(at(33))
	if g := ten.granted(rec(400), lanes.All(), 0, at(33)); g.none() || g.epoch != 3 || g.lapse != 1 {
		t.Errorf("after a lapse: %+v", g)
	}
}
