package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/holdfast-pay/holdfast/internal/edge/courier"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

const (
	// noticeBudget bounds the time from commit to wire, p99, milliseconds.
	noticeBudget = 100
	// noticeRate is payments a second; one merchant in a hundred hangs.
	noticeRate  = 500
	hangingEach = 100
)

// noticeSuite: a steady stream of payments, with 1 % of the merchants never
// answering; how long after the commit does a notice reach the wire?
func noticeSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	sink, err := openSink()
	if err != nil {
		return err
	}
	defer sink.close()
	if err := g.letNotify(ctx); err != nil {
		return err
	}
	stop, err := g.startCourier(ctx)
	if err != nil {
		return err
	}
	defer stop()
	length := pick(r, 10*time.Second, 60*time.Second)
	n := int(length.Seconds()) * noticeRate
	if err := g.paySteadily(ctx, sink, "N", noticeRate, n); err != nil {
		return err
	}
	answering := n - n/hangingEach
	if err := sink.await(ctx, answering, 30*time.Second); err != nil {
		return err
	}
	r.atMost("commit_to_wire_p99", float64(sink.latency.ValueAtQuantile(99))/1000, "ms, merchants that answer", noticeBudget)
	r.plain("commit_to_wire_p50", float64(sink.latency.ValueAtQuantile(50))/1000, "ms")
	r.plain("commit_to_wire_max", float64(sink.latency.Max())/1000, "ms")
	r.plain("notices", float64(answering), fmt.Sprintf("notices at %d payments/s, %d of %d merchants hanging", noticeRate, merchants/hangingEach, merchants))
	return nil
}

// letNotify gives all merchants an APIv3 key and plain callbacks on loopback.
func (g *rig) letNotify(ctx context.Context) error {
	return each(8, merchants, func(_, i int) error {
		if _, err := do(ctx, g, merchant.Set, &pb.MerchantSet{Mchid: mchid(i), Settings: &pb.MerchantSettings{AllowHttp: true, Strict: true}}); err != nil {
			return err
		}
		return g.giveAPIv3Key(ctx, mchid(i))
	})
}

// startCourier runs a courier against the rig's node, as `holdfast courier` does.
func (g *rig) startCourier(ctx context.Context) (stop func(), err error) {
	client := courier.NewClient(courier.ClientOptions{Nodes: []string{g.node.Addresses().Inner}, Name: "bench", TLS: g.node.Keys().Cluster().ClientTLS(pki.RoleCourier)})
	c, err := courier.New(courier.Config{Node: client, Keys: g.node.Keys(), Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.Run(ctx) })
	return func() { cancel(); wg.Wait() }, nil
}

// courierAtWork starts a courier and a stream of payments it has notices for.
func (g *rig) courierAtWork(ctx context.Context, rate int) (stop func(), err error) {
	sink, err := openSink()
	if err != nil {
		return nil, err
	}
	if err := g.letNotify(ctx); err != nil {
		return nil, err
	}
	stopCourier, err := g.startCourier(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.paySteadily(ctx, sink, "W", rate, 1<<30) })
	return func() { cancel(); wg.Wait(); stopCourier(); sink.close() }, nil
}

// paySteadily pays n orders at a rate, whatever the answers take.
func (g *rig) paySteadily(ctx context.Context, sink *sink, round string, rate, n int) error {
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	for i := 0; i < n && failed.Load() == nil; i++ {
		select {
		case <-ctx.Done():
			wg.Wait()
			return ctx.Err()
		case <-tick.C:
		}
		wg.Go(func() {
			if err := g.payNotified(ctx, sink, round, i); err != nil && ctx.Err() == nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	wg.Wait()
	if p := failed.Load(); p != nil {
		return *p
	}
	return nil
}

func (g *rig) payNotified(ctx context.Context, sink *sink, round string, i int) error {
	no := number(round, i%merchants, i)
	create := orderCreate(i, no)
	create.NotifyUrl = sink.url(i, no)
	o, err := do(ctx, g, order.Create, create)
	if err != nil {
		return err
	}
	_, err = do(ctx, g, order.Pay, &pb.OrderPay{
		PrepayId: o.PrepayId, Uid: g.uids[i%payers], Attempt: []byte(no),
	})
	sink.committed(no, time.Now())
	return err
}

// sink is the merchants' side: an endpoint that answers, and one that never does.
type sink struct {
	server *http.Server
	base   string
	ended  chan struct{}

	mu      sync.Mutex
	commits map[string]time.Time
	arrived map[string]time.Time
	done    map[string]bool
	latency *hdrhistogram.Histogram // microseconds
	count   int
	change  chan struct{}
}

func openSink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the merchants' address: %w", err)
	}
	s := &sink{
		base: "http://" + l.Addr().String(), ended: make(chan struct{}), commits: map[string]time.Time{},
		arrived: map[string]time.Time{}, done: map[string]bool{}, latency: newHistogram(), change: make(chan struct{}, 1),
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

func (s *sink) close() {
	close(s.ended)
	_ = s.server.Close()
}

// url is where merchant i gets its notice of an order; every hundredth hangs.
func (s *sink) url(i int, no string) string {
	if i%hangingEach == 0 {
		return s.base + "/hang/" + no
	}
	return s.base + "/ok/" + no
}

// ServeHTTP notes when a notice arrived, and answers or hangs.
func (s *sink) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.HasPrefix(req.URL.Path, "/hang/") {
		select {
		case <-s.ended:
		case <-req.Context().Done():
		}
		return
	}
	now := time.Now()
	s.note(strings.TrimPrefix(req.URL.Path, "/ok/"), func(no string) { s.arrived[no] = now })
	w.WriteHeader(http.StatusNoContent)
}

func (s *sink) committed(no string, at time.Time) { s.note(no, func(no string) { s.commits[no] = at }) }

// note records one side of a pair; the side that comes second measures. A
// duplicate, which is allowed, counts once.
func (s *sink) note(no string, record func(string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done[no] {
		return
	}
	record(no)
	committed, paid := s.commits[no]
	arrived, told := s.arrived[no]
	if !paid || !told {
		return
	}
	s.done[no] = true
	delete(s.commits, no)
	delete(s.arrived, no)
	// A notice may be on the wire before its payer has the answer.
	_ = s.latency.RecordValue(max(arrived.Sub(committed).Microseconds(), 1))
	s.count++
	select {
	case s.change <- struct{}{}:
	default:
	}
}

// await waits until n notices have been measured.
func (s *sink) await(ctx context.Context, n int, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		s.mu.Lock()
		count := s.count
		s.mu.Unlock()
		if count >= n {
			return nil
		}
		select {
		case <-s.change:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%d of %d notices arrived", count, n), ctx.Err())
		}
	}
}
