package courier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// counted is a merchant who counts posts by event id.
type counted struct {
	mu sync.Mutex
	by map[string]int
	book
	answer func(n int) int
}

func (c *counted) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	p := c.note(r)
	c.mu.Lock()
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.by[p.eventID()]++
	n := c.by[p.eventID()]
	c.mu.Unlock()
	if c.answer != nil {
		rw.WriteHeader(c.answer(n))
	}
}

// counts returns how many events came, and how many posts.
func (c *counted) counts() (events, posts int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.by {
		posts += n
	}
	return len(c.by), posts
}

// W4: a courier keeps nothing. One that dies between sending and reporting is
// followed by one that knows nothing of it: everything arrives, the notices
// that were in between twice, with the same id.
func TestCourierDies(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var c counted
		w.merchant("1900000001", "shop.example", &c)
		cfg := w.config()
		node := cfg.Node.(*localNode)
		node.onReport = func([]*pb.Attempt) error { return errDown } // nothing it did is ever known
		cfg.StopWithin = time.Millisecond
		_, kill := w.run(cfg)
		for range 50 {
			w.pay("1900000001", shopURL)
		}
		time.Sleep(3 * time.Second)
		if err := kill(); err == nil || !strings.Contains(err.Error(), "50 attempts") {
			t.Errorf("stopping answers %v, want it to say that 50 attempts are unreported", err)
		}
		if events, posts := c.counts(); events != 50 || posts != 50 {
			t.Fatalf("%d posts of %d notices, want 50 of 50: a sent notice is not sent again while its report is repeated", posts, events)
		}
		_, stop := w.run(w.config())
		time.Sleep(3 * time.Second)
		if events, posts := c.counts(); events != 50 || posts != 100 {
			t.Errorf("%d posts of %d notices, want 100 of 50", posts, events)
		}
		for id := uint64(1); id <= 50; id++ {
			if n := w.notice(id); n.State != pb.NoticeState_NOTICE_STATE_DELIVERED || n.Attempts != 1 {
				t.Errorf("notice %d is %s after %d attempts, want DELIVERED after 1", id, n.State, n.Attempts)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// Reports fail, the answer of one is lost, the stream breaks again and again:
// everything is delivered, and nothing twice.
func TestNodeComesAndGoes(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := counted{answer: func(n int) int { return map[bool]int{true: 500, false: 200}[n == 1] }}
		w.merchant("1900000001", "shop.example", &c)
		cfg := w.config()
		node := cfg.Node.(*localNode)
		calls := 0
		node.onReport = func(attempts []*pb.Attempt) error {
			calls++
			switch calls % 3 {
			case 0:
				return errDown
			case 1: // recorded, and the answer lost
				if _, err := node.svc.Report(t.Context(), node.name, attempts); err != nil {
					t.Error(err)
				}
				return errors.New("connection reset")
			}
			return nil
		}
		_, stop := w.run(cfg)
		for i := range 200 {
			w.pay("1900000001", shopURL)
			if i%20 == 10 {
				node.setCut(errDown)
				time.Sleep(700 * time.Millisecond)
				node.setCut(nil)
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		if events, posts := c.counts(); events != 200 || posts != 400 {
			t.Errorf("%d posts of %d notices, want 400 of 200 (each refused once)", posts, events)
		}
		for id := uint64(1); id <= 200; id++ {
			if n := w.notice(id); n.State != pb.NoticeState_NOTICE_STATE_DELIVERED || n.Attempts != 2 {
				t.Errorf("notice %d is %s after %d attempts, want DELIVERED after 2", id, n.State, n.Attempts)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// A node that goes quiet is left, and found again when it speaks.
func TestNodeGoesQuiet(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		var c counted
		w.serve("shop.example", &c)
		q := &quietNode{fakeNode: n}
		cfg := fakeConfig(t, w, n)
		cfg.Node = q
		_, stop := w.run(cfg)
		n.owe("m", shopURL, time.Now())
		time.Sleep(time.Minute)
		if events, _ := c.counts(); events != 1 {
			t.Error("the notice did not arrive")
		}
		if opened := q.opened.Load(); opened < 2 {
			t.Errorf("%d streams were opened, want a second one after 5 s of silence", opened)
		}
		stop()
	})
}

// quietNode's first stream never says a word.
type quietNode struct {
	*fakeNode
	opened atomic.Int64
}

func (q *quietNode) Owed(c ctx, req *pb.OwedRequest) (Stream, error) {
	if q.opened.Add(1) == 1 {
		return mute{c}, nil
	}
	return q.fakeNode.Owed(c, req)
}

type mute struct{ ctx ctx }

func (m mute) Receive() (*pb.OwedBatch, error) { <-m.ctx.Done(); return nil, m.ctx.Err() }
func (m mute) Close() error                    { return nil }

// W6: an order is paid and refunded before its notice goes out. Both deeds are
// told, each as it was.
func TestRefundedBeforeTheNotice(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var c counted
		w.merchant("1900000001", "shop.example", &c)
		w.pay("1900000001", shopURL)
		w.core.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: "1900000001", OutRefundNo: "R1", OutTradeNo: "T00000001",
			Refund: 100, Total: 100, Currency: 156, NotifyUrl: shopURL})
		w.core.Must(catalogue.Tick, &pb.Tick{})
		_, stop := w.run(w.config())
		time.Sleep(time.Second)
		stop()
		var all string
		for _, p := range c.all() {
			all += open(t, p.body) + "\n"
		}
		if len(c.all()) != 2 || !strings.Contains(all, `"trade_state":"SUCCESS"`) || !strings.Contains(all, `"refund_status":"SUCCESS"`) {
			t.Errorf("told: %s", all)
		}
	})
}

// open decrypts a notice's body.
func open(t *testing.T, body string) string {
	t.Helper()
	var e struct {
		Resource struct {
			Ciphertext, Nonce string
			AssociatedData    string `json:"associated_data"`
		}
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	plain, err := seal.Open([]byte(testKey), e.Resource.Nonce, e.Resource.AssociatedData, e.Resource.Ciphertext)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// Stopping waits for what is in the air and reports it; what hangs is cut off
// in time.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.merchant("1900000001", "shop.example", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(2 * time.Second) }))
		_, stop := w.run(w.config())
		n := w.pay("1900000001", shopURL)
		time.Sleep(time.Second)
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 1100*time.Millisecond {
			t.Errorf("stopping took %v, want the second that the answer takes", took)
		}
		if n = w.notice(n.Id); n.State != pb.NoticeState_NOTICE_STATE_DELIVERED {
			t.Errorf("notice is %s, want DELIVERED", n.State)
		}

		cfg := w.config()
		cfg.StopWithin = 500 * time.Millisecond
		_, stop = w.run(cfg)
		w.pay("1900000001", shopURL)
		time.Sleep(time.Second)
		start = time.Now()
		if err := stop(); err == nil {
			t.Error("an attempt was cut off and stopping says nothing of it")
		}
		if took := time.Since(start); took > 600*time.Millisecond {
			t.Errorf("stopping took %v, want half a second", took)
		}
		time.Sleep(time.Minute)
	})
}

// An attempt that the node refuses for good does not hold up the others.
func TestPoisonedReport(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		var c counted
		w.serve("shop.example", &c)
		p := &poison{fakeNode: n}
		p.id.Store(37)
		cfg := fakeConfig(t, w, n)
		cfg.Node = p
		_, stop := w.run(cfg)
		for i := range 100 {
			n.owe(fmt.Sprint("m", i), shopURL, time.Now())
		}
		time.Sleep(2 * time.Second)
		if n.left() != 1 {
			t.Errorf("%d notices left, want only the one whose report is refused", n.left())
		}
		p.id.Store(0) // mended
		time.Sleep(2 * time.Minute)
		if events, posts := c.counts(); n.left() != 0 || events != 100 || posts != 101 {
			t.Errorf("%d left, %d posts of %d notices, want 0, 101 of 100", n.left(), posts, events)
		}
		stop()
	})
}

type poison struct {
	*fakeNode
	id atomic.Uint64
}

func (p *poison) Report(c ctx, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	for _, a := range attempts {
		if a.NoticeId == p.id.Load() {
			return nil, fmt.Errorf("notice %d: %w", a.NoticeId, worker.ErrRefused)
		}
	}
	return p.fakeNode.Report(c, attempts)
}

// Reports go out in batches: at most 1,000, and none waits longer than 20 ms.
//
//test:cases
func TestReportsInBatches(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		for i := range 50 {
			w.serve(fmt.Sprintf("m%d.example", i), &counted{})
		}
		b := &batches{fakeNode: n}
		cfg := fakeConfig(t, w, n)
		cfg.Node, cfg.Window = b, 100
		_, stop := w.run(cfg)
		for i := range 1500 {
			n.owe(fmt.Sprint("m", i%50), fmt.Sprintf("http://m%d.example/", i%50), time.Now())
		}
		time.Sleep(time.Second)
		if n.left() != 0 || b.most.Load() > MaxReport {
			t.Errorf("%d left; the largest report had %d attempts, want at most %d", n.left(), b.most.Load(), MaxReport)
		}
		if calls := b.calls.Load(); calls > 20 {
			t.Errorf("%d reports for 1500 attempts at one moment", calls)
		}
		start := time.Now()
		n.owe("m1", "http://m1.example/", start)
		for n.left() > 0 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(start); took > worker.ReportEvery+2*time.Millisecond {
			t.Errorf("a lone attempt was reported after %v, want %v", took, worker.ReportEvery)
		}
		stop()
	})
}

type batches struct {
	*fakeNode
	calls, most atomic.Int64
}

func (b *batches) Report(c ctx, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	b.calls.Add(1)
	if n := int64(len(attempts)); n > b.most.Load() { // reports come one at a time
		b.most.Store(n)
	}
	return b.fakeNode.Report(c, attempts)
}

// Without a key nothing is sent; once the merchant has one, put into the
// keystore by another process, the next attempt is.
func TestNoKey(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var c counted
		w.core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: "1900000009", Name: "x", Appids: []string{"wx0123456789abcdef"},
			Settings: &pb.MerchantSettings{AllowHttp: true}})
		w.serve("shop.example", &c)
		own, err := keystore.Open(keysDir, keystore.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		cfg := w.config()
		cfg.Keys = own
		_, stop := w.run(cfg)
		n := w.pay("1900000009", shopURL)
		time.Sleep(time.Second)
		if n = w.notice(n.Id); n.Attempts != 1 || n.Recent[0].Outcome != pb.AttemptOutcome_ATTEMPT_OUTCOME_NO_KEY || n.Recent[0].Answer == "" {
			t.Fatalf("attempts %v, want one NO_KEY that says what to do", n.Recent)
		}
		id, err := w.keys.PutAPIv3Key("1900000009", testKey, time.Now().UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		w.core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: "1900000009", KeyId: id})
		time.Sleep(15 * time.Second)
		if _, posts := c.counts(); posts != 1 {
			t.Errorf("%d posts, want 1", posts)
		}
		stop()
	})
}

// A callback that breaks the merchant's rules is not called and says why.
func TestBadURLIsReported(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var c counted
		w.merchant("1900000001", "shop.example", &c)
		n := w.pay("1900000001", shopURL)
		w.core.Must(catalogue.MerchantSet, &pb.MerchantSet{Mchid: "1900000001", Settings: &pb.MerchantSettings{AllowHttp: true, CallbackHosts: []string{"other.example"}}})
		_, stop := w.run(w.config())
		time.Sleep(time.Second)
		n = w.notice(n.Id)
		if n.Attempts != 1 || n.Recent[0].Outcome != pb.AttemptOutcome_ATTEMPT_OUTCOME_BAD_URL || !strings.Contains(n.Recent[0].Answer, "callback_hosts") {
			t.Errorf("attempts %v, want one BAD_URL that names the rule", n.Recent)
		}
		if _, posts := c.counts(); posts != 0 {
			t.Errorf("%d posts, want none", posts)
		}
		stop()
	})
}

// The metrics tell what happened, and no secret or merchant is in them.
func TestMetrics(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := counted{answer: func(n int) int { return map[bool]int{true: 500, false: 200}[n < 3] }}
		w.merchant("1900000001", "shop.example", &c)
		cfg := w.config()
		reg := prometheus.NewRegistry()
		cfg.Registerer = reg
		_, stop := w.run(cfg)
		w.pay("1900000001", shopURL)
		time.Sleep(10 * time.Second)
		got := gather(t, reg)
		for name, want := range map[string]float64{
			`holdfast_courier_attempts_total{status}`: 1, `holdfast_courier_waiting`: 1, `holdfast_courier_connected`: 1,
			`holdfast_courier_destinations{open}`: 1, `holdfast_courier_destinations{broken}`: 0, `holdfast_courier_in_flight{quick}`: 0,
			`holdfast_courier_unreported`: 0, `holdfast_courier_commit_to_wire_seconds`: 1,
		} {
			if v, ok := got[name]; !ok || v != want {
				t.Errorf("%s is %v (present %t), want %v", name, v, ok, want)
			}
		}
		if age := got["holdfast_courier_oldest_owed_seconds"]; age < 9 || age > 11 {
			t.Errorf("the oldest owed notice is %v s old, want about 10", age)
		}
		time.Sleep(time.Minute)
		got = gather(t, reg)
		if age := got["holdfast_courier_oldest_owed_seconds"]; age != 0 {
			t.Errorf("nothing is owed and the oldest is %v s old", age)
		}
		if n := got["holdfast_courier_attempts_total{delivered}"]; n != 1 {
			t.Errorf("%v delivered, want 1", n)
		}
		stop()
	})
}

// gather reads metrics as name{label value}; of a histogram, its count.
func gather(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += "{" + l.GetValue() + "}"
			}
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				out[name] = m.Counter.GetValue()
			case dto.MetricType_GAUGE:
				out[name] = m.Gauge.GetValue()
			case dto.MetricType_HISTOGRAM:
				out[name] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return out
}

// Attempts are recorded in business time: after the sandbox's clock was moved, no
// delivery comes a year before its payment.
func TestAttemptsInBusinessTime(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		n.ahead = 365 * 24 * time.Hour
		w.serve("shop.example", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }))
		_, stop := w.run(fakeConfig(t, w, n))
		owedAt := time.Now().Add(n.ahead)
		sent := n.owe("shop", "http://shop.example/n", owedAt)
		bad := n.owe("bad", "ftp://shop.example/n", owedAt)
		time.Sleep(3 * time.Second)
		stop()
		for _, id := range []uint64{sent, bad} {
			if late := n.times[id] - owedAt.UnixMilli(); late < 0 || late > 1000 {
				t.Errorf("notice %d was tried %d ms after it was owed, want at once", id, late)
			}
		}
	})
}
