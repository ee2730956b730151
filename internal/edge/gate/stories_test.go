package gate

import (
	"fmt"
	"testing"
	"time"
)

// retry is a client that wants one payment and asks again when it is refused:
// after what Retry-After says, or soon, or hardly waiting.
func (w *world) retry(kind string, i, tries int, pause func(r *Refusal) time.Duration) {
	for range tries {
		r := w.ask(kind, merchant(Pay, i%40), "10.0.0.1:1")
		if r == nil {
			return
		}
		time.Sleep(pause(r))
	}
}

// TestRetryStorm (O2): a burst of twice the capacity for ten seconds, from
// clients that don't give up. Goodput holds whatever the clients do, and ends
// with the burst; those who honour Retry-After get there with fewer attempts.
//
//test:cases
func TestRetryStorm(t *testing.T) {
	attempts := make(chan [2]float64, 2)
	for i, c := range []struct {
		name  string
		pause func(*Refusal) time.Duration
	}{
		{"honoured", func(r *Refusal) time.Duration { return time.Duration(r.After) * time.Second }},
		{"ignored", func(*Refusal) time.Duration { return 700 * time.Millisecond }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, true)
				w.offer(0.5*capacity, 3*time.Second, w.mix)
				w.offer(2*capacity, 10*time.Second, func(i int) { w.retry(c.name, i, 1000, c.pause) })
				w.offer(0.5*capacity, 40*time.Second, w.mix)
				w.end()
				good, _ := w.good(3, 13)
				k := w.tallies[c.name]
				t.Logf("goodput %d/s of %d/s in the storm, %.1f attempts a payment, normal after %d s", good/10, capacity, float64(k.asked)/float64(k.good), w.normalFrom(13))
				if good*100 < 80*10*capacity {
					t.Errorf("goodput in the storm is %d/s of %d/s", good/10, capacity)
				}
				if k.good+k.late != 2*capacity*10 {
					t.Errorf("%d of %d payments went through in the end", k.good, 2*capacity*10)
				}
				// What could not be served in ten seconds takes another twenty at the
				// half that the others leave.
				if n := w.normalFrom(13); n > 20+10 {
					t.Errorf("normal only %d s after the storm", n)
				}
				attempts <- [2]float64{float64(i), float64(k.asked) / float64(k.good)}
			})
		})
	}
	t.Cleanup(func() { compareAttempts(t, attempts) })
}

// compareAttempts: the advice is worth following.
func compareAttempts(t *testing.T, attempts chan [2]float64) {
	if len(attempts) < 2 {
		return // a part was run alone
	}
	var by [2]float64
	for range 2 {
		a := <-attempts
		by[int(a[0])] = a[1]
	}
	if by[0]*3/2 > by[1] {
		t.Errorf("%.1f attempts a payment with Retry-After honoured, %.1f without: that should be half as many again", by[0], by[1])
	}
}

// TestQueryStorm (W8): notices have stopped, and every merchant polls at ten
// times what the machine can serve. Payments at half the capacity don't notice.
//
//test:cases
func TestQueryStorm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, true)
		pays := func(i int) { w.ask("pay", merchant(Pay, i%40), "10.0.0.1:1") }
		w.offer(0.5*capacity, 3*time.Second, pays)
		storm := make(chan struct{})
		w.clients.Go(func() {
			w.offer(10*capacity, 20*time.Second/hurried, func(i int) { w.ask("query", merchant(Query, i%40), "10.0.0.1:1") })
			close(storm)
		})
		w.offer(0.5*capacity, 25*time.Second/hurried, pays)
		<-storm
		w.end()
		pay, query := w.tallies["pay"], w.tallies["query"]
		t.Logf("payments %d of %d, p50 %v p99 %v; queries %d of %d %v", pay.good, pay.asked, pay.quantile(.5), pay.quantile(.99), query.good, query.asked, query.reasons)
		if pay.good*1000 < 999*pay.asked {
			t.Errorf("%d of %d payments were served in time: %v", pay.good, pay.asked, pay.reasons)
		}
		if p99 := pay.quantile(.99); p99 > 250*time.Millisecond {
			t.Errorf("p99 of payments is %v in the storm", p99)
		}
		if query.good == 0 {
			t.Error("no query was answered")
		}
	})
}

// TestFairness: one merchant asks a hundred times as often as each of twenty
// others, twice what the machine can serve. The others don't notice, and the one
// is told that it is its own excess.
func TestFairness(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, true)
		others := func(i int) { w.ask("others", merchant(Pay, i%20), "10.0.0.1:1") }
		w.offer(0.4*capacity, 2*time.Second, others)
		hog := make(chan struct{})
		w.clients.Go(func() {
			w.offer(2*capacity, 20*time.Second/hurried, func(int) { w.ask("hog", merchant(Pay, 99), "10.0.0.2:1") })
			close(hog)
		})
		w.offer(0.4*capacity, 20*time.Second/hurried, others)
		<-hog
		w.end()
		few, one := w.tallies["others"], w.tallies["hog"]
		t.Logf("others %d of %d p99 %v, hog %d of %d %v", few.good, few.asked, few.quantile(.99), one.good, one.asked, one.reasons)
		if few.good*100 < 99*few.asked {
			t.Errorf("%d of %d requests of the others were served: %v", few.good, few.asked, few.reasons)
		}
		if one.good*10*hurried < 4*20*capacity {
			t.Errorf("%d requests of the one were served: what the others leave is its own", one.good)
		}
		if one.reasons[Share]*2 < one.refused {
			t.Errorf("%v: most refusals should say that it is its own excess", one.reasons)
		}
	})
}

// TestEqualShares: merchants that all ask for too much get the same, however
// much more one of them asks for.
//
//test:cases
func TestEqualShares(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.offer(6*capacity, 10*time.Second, func(i int) {
			who := i % 60 // 0 to 9 ask once, the tenth the other fifty times
			who = min(who, 10)
			w.ask(fmt.Sprint(who), merchant(Pay, who), "10.0.0.1:1")
		})
		w.end()
		fair := 10 * capacity / 11
		for who, k := range w.tallies {
			wants := min(k.asked, fair)
			if k.good*100 < 75*wants {
				t.Errorf("merchant %s was served %d times of %d, an equal share is %d", who, k.good, k.asked, fair)
			}
		}
		t.Logf("merchant 0: %d of %d, merchant 10: %d of %d", w.tallies["0"].good, w.tallies["0"].asked, w.tallies["10"].good, w.tallies["10"].asked)
	})
}

// forge claims to be a merchant without being able to sign: it is let in, looked
// at, and sent away with 401.
func (w *world) forge(who int, remote string) {
	at := time.Now()
	p, refusal := w.gate.enter(w.t.Context(), merchant(Pay, who), remote)
	if refusal != nil {
		w.core(refusing)
		w.count("forged", at, refusal)
		return
	}
	w.core(500 * time.Microsecond)
	w.gate.leave(p)
	w.count("forged", at, nil)
}

// TestForgedClaims: a stranger who uses a merchant's name, at more than the
// machine can even look at, takes nothing from that merchant nor from others; a
// merchant that comes for the first time meanwhile gets in.
func TestForgedClaims(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, true)
		known := func(i int) { w.ask(fmt.Sprint("known ", i%20 == 3), merchant(Pay, i%20), "10.0.0.1:1") }
		w.offer(0.4*capacity, 2*time.Second, known)
		flood := make(chan struct{})
		w.clients.Go(func() {
			w.offer(10*capacity, 12*time.Second/hurried, func(int) { w.forge(3, "203.0.113.9:4444") })
			close(flood)
		})
		w.clients.Go(func() {
			time.Sleep(5 * time.Second / hurried)
			w.offer(5, 5*time.Second/hurried, func(int) { w.ask("new", merchant(Pay, 77), "198.51.100.7:1") })
		})
		w.offer(0.4*capacity, 12*time.Second/hurried, known)
		<-flood
		w.end()
		for kind, k := range w.tallies {
			t.Logf("%s: %d of %d, p99 %v %v", kind, k.good, k.asked, k.quantile(.99), k.reasons)
			if kind != "forged" && k.good*100 < 97*k.asked {
				t.Errorf("%s: %d of %d were served", kind, k.good, k.asked)
			}
		}
	})
}
