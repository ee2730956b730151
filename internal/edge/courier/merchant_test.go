package courier

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// One merchant has two addresses and one hangs. The other's notices wait at most
// until that is noticed, a second, and then not at all.
func TestOneAddressHangs(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	for _, c := range []struct {
		name string
		url  func(i int) string // of the i-th notice to what hangs
	}{
		{"another host", func(int) string { return "http://hang.example/n" }},
		{"another path", func(int) string { return "http://shop.example/hang" }},
		{"as many as there are lanes", func(i int) string { return fmt.Sprintf("http://hang.example/%d", i%(maxAddresses-1)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, w := newFakeNode(key), newHosts(t)
				var hang hanging
				var l latencies
				var owedAt moment
				ok := timed(&l, &owedAt, 20*time.Millisecond)
				w.serve("hang.example", &hang)
				mux := http.NewServeMux()
				mux.Handle("/ok", ok)
				mux.Handle("/hang", &hang)
				w.serve("shop.example", mux)
				_, stop := w.run(fakeConfig(t, w, n))
				for i := range 200 {
					n.owe("m", c.url(i), time.Now())
				}
				for i := range 60 {
					owedAt.set()
					n.owe("m", "http://shop.example/ok", owedAt.time())
					time.Sleep(time.Second)
					if _, ids := l.counts(); i > 0 && ids < i {
						t.Fatalf("%d of %d notices to the good address arrived", ids, i+1)
					}
				}
				time.Sleep(time.Second)
				if posts, ids := l.counts(); posts != 60 || ids != 60 {
					t.Errorf("%d posts of %d notices, want 60 of 60", posts, ids)
				}
				if p := l.p(.9); p > 50*time.Millisecond {
					t.Errorf("p90 of the good address is %v, want no waiting", p)
				}
				if worst := l.p(1); worst > 2*slowAfter {
					t.Errorf("a notice to the good address waited %v", worst)
				}
				if _, most := hang.counts(); most > 3*DefaultWindow+maxAddresses {
					t.Errorf("%d requests of one merchant hang at once", most)
				}
				stop()
			})
		})
	}
}

// A merchant with many addresses has no more turns than one with a single one.
func TestManyAddressesOneTurn(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		var many, one atomic.Int32
		count := func(c *atomic.Int32) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				c.Add(1)
				time.Sleep(500 * time.Millisecond)
			})
		}
		w.serve("many.example", count(&many))
		w.serve("one.example", count(&one))
		cfg := fakeConfig(t, w, n)
		cfg.MaxInFlight = 4 // less than both want
		_, stop := w.run(cfg)
		for i := range 100 {
			n.owe("many", fmt.Sprintf("http://many.example/%d", i%maxAddresses), time.Now())
			n.owe("one", "http://one.example/n", time.Now())
		}
		time.Sleep(10*time.Second + 100*time.Millisecond)
		if m, o := many.Load(), one.Load(); m > o+8 || o > m+8 {
			t.Errorf("%d notices to many addresses, %d to one; want as many", m, o)
		}
		stop()
		time.Sleep(time.Minute)
	})
}

// What is kept of a merchant is bounded, whatever its addresses: an order's number
// in each of them, all broken.
func TestAddressesAreBounded(t *testing.T) {
	t.Parallel()
	d := newDeskTable(1000)
	for id := range uint64(2000) {
		n := d.full(id+1, "m", 0)
		n.Notice.Url = fmt.Sprintf("http://shop.example/%d", id)
		d.oweFull(n)
	}
	m := d.merchants["m"]
	if m.size() != maxAddresses+1 || d.destinations != m.size() {
		t.Fatalf("%d destinations, the scheduler counts %d", m.size(), d.destinations)
	}
	calls := 0
	for range 100 {
		a := d.fly(status)
		calls += len(a)
		for _, x := range a {
			d.refused(x) // it is looked at again in a minute
		}
		d.at += 10
	}
	if limit := 5*(maxAddresses+1) + 100/2; calls > limit {
		t.Errorf("%d calls in a second to a merchant whose addresses are all broken, want at most %d", calls, limit)
	}
	if m.size() > maxAddresses+1 {
		t.Errorf("%d destinations", m.size())
	}
}
