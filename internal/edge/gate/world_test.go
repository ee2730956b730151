package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// world is a machine of two cores in a synctest bubble. Cores go round in
// quanta, so that a request takes as much longer as there are requests at work:
// that is what overload does. Refusing takes a core's time too.
type world struct {
	t     *testing.T
	gate  *Gate // nil: nothing guards the machine
	cores chan struct{}
	// quanta is what a request takes, in milliseconds of a core.
	quanta int
	began  time.Time

	mu      sync.Mutex
	most    int
	atWork  int
	clients sync.WaitGroup
	tallies map[string]*tally
	seconds []second
}

// second counts what was asked for and answered in time in one second.
type second struct{ asked, good int }

// tally counts the attempts of one kind of client.
type tally struct {
	asked, good, late, refused int
	reasons                    [reasons]int
	took                       []time.Duration // of good ones
}

const (
	service = 4 // quanta: two cores serve 500 requests a second
	// capacity is what the machine can serve a second when it does nothing else.
	capacity = 2 * 1000 / service
	// refusing is what a refusal costs a core: 1.5 % of a request.
	refusing = 60 * time.Microsecond
	// wanted is how long a client waits for an answer.
	wanted = time.Second
)

func newWorld(t *testing.T, guarded bool) *world {
	t.Helper()
	w := &world{t: t, cores: make(chan struct{}, 2), quanta: service, began: time.Now(), tallies: make(map[string]*tally)}
	if guarded {
		g, err := New(Config{Most: 2048})
		if err != nil {
			t.Fatal(err)
		}
		w.gate = g
	}
	return w
}

func (w *world) core(d time.Duration) {
	w.cores <- struct{}{}
	time.Sleep(d)
	<-w.cores
}

// serve is a request's work.
func (w *world) serve() {
	w.mu.Lock()
	w.atWork++
	w.most = max(w.most, w.atWork)
	w.mu.Unlock()
	for range w.quanta {
		w.core(time.Millisecond)
	}
	w.mu.Lock()
	w.atWork--
	w.mu.Unlock()
}

// ask is one attempt of a client; it returns the refusal, if it was one.
func (w *world) ask(kind string, asked Asked, remote string) *Refusal {
	at := time.Now()
	w.second(at, second{asked: 1})
	var p *Pass
	var refusal *Refusal
	if w.gate != nil {
		if p, refusal = w.gate.enter(context.Background(), asked, remote); refusal != nil {
			w.gate.keepBack(context.Background(), refusal.hold)
			w.core(refusing)
			w.count(kind, at, refusal)
			return refusal
		}
		if asked.Payer {
			p.Works()
		} else {
			p.Verified(asked.Merchant, asked.Credential)
		}
		w.checkLimit()
	}
	w.serve()
	if p != nil {
		w.gate.leave(p)
	}
	w.count(kind, at, nil)
	return nil
}

// checkLimit holds the gate to its one promise that nothing may ever break.
func (w *world) checkLimit() {
	w.gate.mu.Lock()
	defer w.gate.mu.Unlock()
	if w.gate.atWork > w.gate.limiter.most {
		w.t.Errorf("%d at work, most %d", w.gate.atWork, w.gate.limiter.most)
	}
}

func (w *world) count(kind string, at time.Time, refusal *Refusal) {
	took := time.Since(at)
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.tallies[kind]
	if k == nil {
		k = new(tally)
		w.tallies[kind] = k
	}
	k.asked++
	switch {
	case refusal != nil:
		k.refused++
		k.reasons[refusal.Reason]++
	case took > wanted:
		k.late++
	default:
		k.good++
		w.secondLocked(at, second{good: 1})
		k.took = append(k.took, took)
	}
}

func (w *world) second(at time.Time, s second) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secondLocked(at, s)
}

// secondLocked adds to the second in which a request came.
func (w *world) secondLocked(at time.Time, s second) {
	n := int(at.Sub(w.began) / time.Second)
	for len(w.seconds) <= n {
		w.seconds = append(w.seconds, second{})
	}
	w.seconds[n].asked += s.asked
	w.seconds[n].good += s.good
}

// offer sends requests at a rate for a time, evenly with some jitter, whatever
// becomes of them. each is one client's behaviour.
func (w *world) offer(rate float64, d time.Duration, each func(i int)) {
	gap := float64(time.Second) / rate
	random := rand.New(rand.NewPCG(7, uint64(rate)))
	begin := time.Now()
	for i := 0; ; i++ {
		at := time.Duration((float64(i) + random.Float64()) * gap)
		if at >= d {
			break
		}
		time.Sleep(time.Until(begin.Add(at)))
		w.clients.Go(func() { each(i) })
	}
	time.Sleep(time.Until(begin.Add(d)))
}

// mix asks for what merchants ask for: much about orders, a little else.
func (w *world) mix(i int) {
	class := [...]Class{Pay, Query, Pay, Query, Pay, Query, Pay, Query, Refund, Rest}[i%10]
	w.ask(class.String(), merchant(class, i%40), "10.0.0.1:1")
}

func merchant(c Class, i int) Asked {
	return Asked{Class: c, Merchant: fmt.Sprint("19000000", i), Credential: fmt.Sprint("5E", i)}
}

// good adds up the answers in time from one second to another.
func (w *world) good(from, to int) (good, asked int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seconds[from:min(to, len(w.seconds))] {
		good += s.good
		asked += s.asked
	}
	return good, asked
}

// phase returns the tallies since the last phase and begins new ones.
func (w *world) phase() map[string]*tally {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.tallies
	w.tallies = make(map[string]*tally)
	return was
}

// normalFrom is the first second from which on all but 1 % of the requests of
// each second are answered in time.
func (w *world) normalFrom(from int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := len(w.seconds) - 1; n >= from; n-- {
		if s := w.seconds[n]; s.good*100 < s.asked*99 {
			return n + 1 - from
		}
	}
	return 0
}

func (k *tally) quantile(q float64) time.Duration {
	if len(k.took) == 0 {
		return 0
	}
	slices.Sort(k.took)
	return k.took[int(q*float64(len(k.took)-1))]
}

// bubble runs a story under simulated time and checks that the gate is left
// empty.
func bubble(t *testing.T, story func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, story)
}

func (w *world) end() {
	w.t.Helper()
	w.clients.Wait()
	if g := w.gate; g != nil {
		if g.atWork != 0 || g.waiting != 0 || g.strangers != 0 || len(g.ledgers) != 0 {
			w.t.Errorf("left behind: %d at work, %d waiting, %d strangers, %d ledgers", g.atWork, g.waiting, g.strangers, len(g.ledgers))
		}
	}
}
