package gate

import (
	"testing"
	"time"
)

// TestOverload (O1): ten times what the machine can serve for a minute.
//
//test:cases
func TestOverload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.offer(0.5*capacity, 5*time.Second, w.mix)
		seconds := 60 / hurried
		w.phase()
		w.offer(10*capacity, time.Duration(seconds)*time.Second, w.mix)
		overload := w.phase()
		w.offer(0.5*capacity, 15*time.Second, w.mix)
		w.end()
		good, _ := w.good(5, 5+seconds)
		t.Logf("goodput %.0f %% of capacity, limit %d, %d at work at most, normal after %d s", float64(good)/float64(seconds)/capacity*100, w.gate.limiter.now(), w.most, w.normalFrom(5+seconds))
		if good*100 < 80*seconds*capacity {
			t.Errorf("goodput under overload is %d/s of %d/s, want 80 %%", good/seconds, capacity)
		}
		if n := w.normalFrom(5 + seconds); n >= 10 {
			t.Errorf("normal only %d s after the overload", n)
		}
		before, _ := w.good(1, 5)
		if before*100 < 99*4*capacity/2 {
			t.Errorf("%d of %d requests were served before the overload", before, 4*capacity/2)
		}
		checkClasses(t, overload)
	})
}

// checkClasses: payments first, and nothing starved.
func checkClasses(t *testing.T, tallies map[string]*tally) {
	t.Helper()
	pay := tallies[Pay.String()]
	t.Logf("payments: %d of %d, p50 %v p99 %v", pay.good, pay.asked, pay.quantile(.5), pay.quantile(.99))
	if p99 := pay.quantile(.99); p99 > 500*time.Millisecond {
		t.Errorf("p99 of payments is %v", p99)
	}
	total := 0
	for _, k := range tallies {
		total += k.good
	}
	if pay.good*100 < 80*total {
		t.Errorf("payments are %d of %d served, though there were more than enough of them", pay.good, total)
	}
	for c := Query; c <= Rest; c++ {
		k := tallies[c.String()]
		t.Logf("%s: %d of %d %v", c, k.good, k.asked, k.reasons)
		if k.good == 0 || k.good*10 < total/lowTurn/int(Rest) {
			t.Errorf("%s starved: %d of %d", c, k.good, k.asked)
		}
	}
}

// TestUnguarded: the same machine without a gate does collapse; else the tests
// here would prove nothing.
//
//test:cases
func TestUnguarded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.offer(10*capacity, 5*time.Second, w.mix)
		good, _ := w.good(3, 5)
		if good > capacity/10 {
			t.Errorf("%d answers in time in the last two seconds: the model does not overload", good)
		}
		w.end()
	})
}
