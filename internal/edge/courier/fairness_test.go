package courier

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// latencies gathers how long after becoming owed notices reached a merchant.
type latencies struct {
	mu  sync.Mutex
	all []time.Duration
	ids map[string]int
}

func (l *latencies) add(id string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
	if l.ids == nil {
		l.ids = map[string]int{}
	}
	l.ids[id]++
}

// counts returns how many posts came, of how many notices.
func (l *latencies) counts() (posts, ids int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all), len(l.ids)
}

// p returns a percentile.
func (l *latencies) p(q float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.all)
	return l.all[min(len(l.all)-1, int(q*float64(len(l.all))))]
}

// moment is a time that one goroutine sets and others read.
type moment struct{ ns atomic.Int64 }

func (m *moment) set()            { m.ns.Store(time.Now().UnixNano()) }
func (m *moment) time() time.Time { return time.Unix(0, m.ns.Load()) }

// timed is a merchant who answers after a pause and notes when each post came,
// counted from owedAt.
func timed(l *latencies, owedAt *moment, pause time.Duration) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.add(post1{body: string(body)}.eventID(), time.Since(owedAt.time()))
		time.Sleep(pause)
	})
}

// hanging is a merchant who never answers in time, and counts how many of its
// requests are open at once.
type hanging struct {
	mu         sync.Mutex
	open, most int
	calls      int
}

// counts returns how many calls came, and how many were open at once.
func (h *hanging) counts() (calls, most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls, h.most
}

func (h *hanging) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	// The courier gives up on one request and begins the next at the same moment of
	// the bubble; only once everybody has settled does its clock go on.
	time.Sleep(time.Millisecond)
	h.mu.Lock()
	h.open++
	h.calls++
	h.most = max(h.most, h.open)
	h.mu.Unlock()
	select {
	case <-time.After(30 * time.Second):
	case <-r.Context().Done():
	}
	h.mu.Lock()
	h.open--
	h.mu.Unlock()
}

// W2: one merchant hangs 30 s on each call, 1,000 others are normal.
//
//test:cases
func TestOneMerchantHangs(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		var hang hanging
		w.serve("hang.example", &hang)
		var l latencies
		var owedAt moment
		for i := range 1000 {
			w.serve(fmt.Sprintf("m%d.example", i), timed(&l, &owedAt, 20*time.Millisecond))
		}
		_, stop := w.run(fakeConfig(t, w, n))
		for range 200 {
			n.owe("hang", "http://hang.example/n", time.Now())
		}
		time.Sleep(10 * time.Second) // the bad destination is at its worst
		owedAt.set()
		for i := range 1000 {
			n.owe(fmt.Sprintf("m%d", i), fmt.Sprintf("http://m%d.example/n", i), owedAt.time())
		}
		time.Sleep(3 * time.Second)
		if posts, ids := l.counts(); posts != 1000 || ids != 1000 {
			t.Fatalf("%d posts of %d notices, want 1000 of 1000", posts, ids)
		}
		if p99 := l.p(.99); p99 > 10*time.Millisecond {
			t.Errorf("p99 from owed to wire is %v of bubble time, want no waiting", p99)
		}
		if _, most := hang.counts(); most > DefaultWindow {
			t.Errorf("%d requests to the hanging merchant at once, want at most %d", most, DefaultWindow)
		}
		time.Sleep(10 * time.Minute)
		// Broken: one at a time, five seconds each, then a pause.
		if calls, _ := hang.counts(); calls < 60 || calls > 150 {
			t.Errorf("%d calls to the hanging merchant in ten minutes, want about one each 7 s", calls)
		}
		stop()
	})
}

// More merchants hang than there is room in the air; the others find room.
//
//test:cases
func TestManyMerchantsHang(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		var hang hanging
		for i := range 100 {
			w.serve(fmt.Sprintf("hang%d.example", i), &hang)
		}
		var l latencies
		var owedAt moment
		w.serve("ok.example", timed(&l, &owedAt, 5*time.Millisecond))
		cfg := fakeConfig(t, w, n)
		cfg.MaxInFlight = 40
		_, stop := w.run(cfg)
		for i := range 400 {
			n.owe(fmt.Sprintf("hang%d", i%100), fmt.Sprintf("http://hang%d.example/n", i%100), time.Now())
		}
		for range 100 {
			time.Sleep(300 * time.Millisecond)
			owedAt.set()
			n.owe("ok", "http://ok.example/n", owedAt.time())
		}
		time.Sleep(time.Second)
		if _, ids := l.counts(); ids != 100 {
			t.Fatalf("%d of 100 notices arrived", ids)
		}
		// While the first wave hangs unnoticed (a second), some wait; never longer.
		if worst := l.p(1); worst > slowAfter+100*time.Millisecond {
			t.Errorf("a notice waited %v behind merchants who hang, want at most %v", worst, slowAfter)
		}
		if p90 := l.p(.9); p90 > 5*time.Millisecond {
			t.Errorf("p90 is %v, want none", p90)
		}
		if _, most := hang.counts(); most > 3*40 {
			t.Errorf("%d requests hang at once, want at most %d", most, 3*40)
		}
		stop()
	})
}

// After a backlog fresh notices go first, and the old ones go on.
//
//test:cases
func TestFreshFirst(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		var l latencies
		var owedAt moment
		old := map[string]bool{}
		var mu sync.Mutex
		w.serve("shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			id := post1{body: string(body)}.eventID()
			mu.Lock()
			isOld := old[id]
			mu.Unlock()
			if !isOld {
				l.add(id, time.Since(owedAt.time()))
			}
			time.Sleep(50 * time.Millisecond)
		}))
		for range 2000 { // half an hour's backlog of one merchant
			old[fmt.Sprintf("event-%d", n.owe("shop", "http://shop.example/n", time.Now().Add(-30*time.Minute)))] = true
		}
		_, stop := w.run(fakeConfig(t, w, n))
		time.Sleep(time.Second)
		for range 20 {
			owedAt.set()
			n.owe("shop", "http://shop.example/n", owedAt.time())
			time.Sleep(500 * time.Millisecond)
		}
		if _, ids := l.counts(); ids != 20 || l.p(1) > 20*time.Millisecond {
			t.Errorf("%d of 20 fresh notices arrived, the slowest after %v; want all at once", ids, l.p(1))
		}
		// Three of the destination's four slots work on the backlog: 60 a second.
		if left := n.left(); left > 2000-500 {
			t.Errorf("%d of 2000 old notices left after 11 s, want them to go on beside the fresh ones", left)
		}
		time.Sleep(30 * time.Second)
		if left := n.left(); left != 0 {
			t.Errorf("%d notices left", left)
		}
		stop()
	})
}

// A merchant who is slow but answers in time keeps its window and everything
// arrives once.
func TestSlowMerchantArrives(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		var l latencies
		var start moment
		start.set()
		w.serve("slow.example", timed(&l, &start, 3*time.Second))
		_, stop := w.run(fakeConfig(t, w, n))
		for range 40 {
			n.owe("slow", "http://slow.example/n", time.Now())
		}
		time.Sleep(35 * time.Second) // 40 notices, 4 at a time, 3 s each
		if posts, ids := l.counts(); n.left() != 0 || posts != 40 || ids != 40 {
			t.Errorf("%d left, %d posts of %d notices; want 0, 40 of 40", n.left(), posts, ids)
		}
		stop()
	})
}
