package courier

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/inner"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// The test binary is a courier process when this names what it needs, separated
// by spaces: data folder, name, nodes.
const childEnv = "HOLDFAST_TEST_COURIER"

// childLease is short, so that the test need not wait long.
const childLease = 5 * time.Second

func TestMain(m *testing.M) {
	what := strings.Fields(os.Getenv(childEnv))
	if len(what) != 3 {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := Process{
		Data: what[0], Name: what[1], Nodes: strings.Split(what[2], ","), Lease: childLease,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}.Run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const merchants = 40

func mchid(i int) string { return fmt.Sprint(1900000100 + i%merchants) }

// site is a platform with real sockets: two nodes' inner services in front of one
// state, a merchants' server, couriers as processes.
type site struct {
	t     *testing.T
	core  *edgetest.Live
	dir   string
	nodes []*httptest.Server
	shop  *httptest.Server
	payer uint64

	mu    sync.Mutex
	ids   map[string]uint64 // event id -> notice
	posts map[uint64]int
	paid  atomic.Int64
	// stale are posts of what had been recorded as delivered before.
	stale []string
}

func newSite(t *testing.T) *site {
	s := &site{t: t, core: edgetest.NewLive(t), dir: t.TempDir(), ids: map[string]uint64{}, posts: map[uint64]int{}}
	keys, err := keystore.Create(s.dir, keystore.Options{LogName: "test.example"})
	if err != nil {
		t.Fatal(err)
	}
	s.shop = httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(s.shop.Close)
	for i := range merchants {
		s.core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid(i), Name: "tea", Appids: []string{edgetest.Appid}, Settings: &pb.MerchantSettings{AllowHttp: true}})
		id, err := keys.PutAPIv3Key(mchid(i), "0123456789abcdefghijABCDEFGHIJ01", time.Now().UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		s.core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: mchid(i), KeyId: id})
	}
	s.payer = s.core.Payer("payer", "小明", 1_000_000_000).Uid
	for range 2 {
		mux := http.NewServeMux()
		mux.Handle(inner.New(s.core, slog.New(slog.DiscardHandler)).Handler())
		node := httptest.NewUnstartedServer(mux)
		node.TLS, node.EnableHTTP2 = keys.Cluster().NodeTLS(pki.RoleCourier), true
		node.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		node.StartTLS()
		t.Cleanup(func() { node.CloseClientConnections(); node.Close() })
		s.nodes = append(s.nodes, node)
	}
	return s
}

// crossing is how long a request may be in the air while another courier's report
// is recorded, milliseconds.
const crossing = 200

// latency is how long the merchants take, so that something is always in the air.
const latency = 20 * time.Millisecond

// take is the merchants' server: it looks at each post against the state.
func (s *site) take(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, rest, _ := strings.Cut(string(body), `"id":"`)
	event, _, _ := strings.Cut(rest, `"`)
	s.mu.Lock()
	id := s.ids[event]
	s.posts[id]++
	s.mu.Unlock()
	// A request in the air may cross another courier's report; what was recorded
	// well before must not be sent.
	if n := s.notice(id); n.GetState() == pb.NoticeState_NOTICE_STATE_DELIVERED && s.core.Now()-n.SettledAt > crossing {
		s.mu.Lock()
		s.stale = append(s.stale, fmt.Sprintf("notice %d, delivered by %s %d ms before", id, n.Recent[0].Courier, s.core.Now()-n.SettledAt))
		s.mu.Unlock()
	}
	<-time.After(latency)
}

func (s *site) notice(id uint64) (n *pb.Notice) {
	err := s.core.Read(func(r table.Reader) error {
		n, _ = notice.Get(r, id)
		return nil
	})
	if err != nil {
		s.t.Error(err)
	}
	return n
}

// pay makes a paid order of the next merchant.
func (s *site) pay() { s.payTo(mchid(int(s.paid.Load())), s.shop.URL+"/n") }

// payTo makes a paid order whose notice goes to url.
func (s *site) payTo(mchid, url string) {
	i := int(s.paid.Load())
	no := fmt.Sprintf("T%08d", i)
	o := s.core.Must(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: mchid, Appid: edgetest.Appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: 100,
		Currency: money.CNY, Description: "tea", NotifyUrl: url,
	}).(*pb.Order)
	s.mu.Lock() // no post may come before its event is known
	defer s.mu.Unlock()
	o = s.core.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: s.payer, Attempt: []byte(no)}).(*pb.Order)
	s.ids[ident.EventID("test.example/journal", o.NoticeId)] = o.NoticeId
	s.paid.Add(1)
}

// load pays 25 orders a second until stop.
func (s *site) load() (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(40 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				s.pay()
			}
		}
	}()
	return sync.OnceFunc(func() { close(quit); <-ended })
}

// start runs a courier as a process.
func (s *site) start(name string) *exec.Cmd {
	s.t.Helper()
	return s.run(name, exec.Command(os.Args[0]))
}

// run runs a courier by a command.
func (s *site) run(name string, cmd *exec.Cmd) *exec.Cmd {
	s.t.Helper()
	var nodes []string
	for _, n := range s.nodes {
		nodes = append(nodes, n.Listener.Addr().String())
	}
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{s.dir, name, strings.Join(nodes, ",")}, " "))
	log := &lines{t: s.t, name: name}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // it may have ended
			_ = cmd.Wait()
		}
	})
	return cmd
}

// lines is a process's log, shown when the test fails.
type lines struct {
	t    *testing.T
	name string
}

func (l *lines) Write(b []byte) (int, error) {
	l.t.Logf("%s: %s", l.name, strings.TrimSpace(string(b)))
	return len(b), nil
}

func (s *site) lanes() map[string]int {
	held := map[string]int{}
	err := s.core.Read(func(r table.Reader) error {
		for _, c := range lane.Couriers(r) {
			set := lane.Held(c)
			held[c.Name] = set.Len()
		}
		return nil
	})
	if err != nil {
		s.t.Error(err)
	}
	return held
}

// within waits for a condition and returns how long it took.
func (s *site) within(d time.Duration, what string, ok func() bool) time.Duration {
	s.t.Helper()
	began := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Since(began) > d {
			s.t.Fatalf("waited %s: %s; lanes are %v", d, what, s.lanes())
		}
		<-tick.C
	}
	return time.Since(began)
}

func (s *site) signal(cmd *exec.Cmd, sig os.Signal) {
	s.t.Helper()
	if err := cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) shared() bool { l := s.lanes(); return l["a"] == 128 && l["b"] == 128 }

func (s *site) allHeldBy(name string) func() bool {
	return func() bool { return s.lanes()[name] == lane.Count }
}

// pair starts two couriers under load and waits until both deliver.
func (s *site) pair() (a, b *exec.Cmd) {
	s.t.Helper()
	a, b = s.start("a"), s.start("b")
	s.within(20*time.Second, "the couriers share the lanes", s.shared)
	s.delivers("a")
	s.delivers("b")
	return a, b
}

// delivers waits until the courier delivers one of the notices made from now on.
func (s *site) delivers(name string) {
	s.t.Helper()
	from := s.paid.Load()
	s.within(10*time.Second, name+" delivers", func() bool {
		for id := from + 1; id <= s.paid.Load(); id++ {
			if n := s.notice(uint64(id)); n.State == pb.NoticeState_NOTICE_STATE_DELIVERED && n.Recent[0].Courier == name {
				return true
			}
		}
		return false
	})
}

// end stops couriers in order, once everything is delivered, and judges.
func (s *site) end(couriers ...*exec.Cmd) {
	s.t.Helper()
	all := uint64(s.paid.Load())
	s.within(20*time.Second, "everything is delivered", func() bool {
		for id := uint64(1); id <= all; id++ {
			if s.notice(id).State != pb.NoticeState_NOTICE_STATE_DELIVERED {
				return false
			}
		}
		return true
	})
	for i, cmd := range couriers {
		s.signal(cmd, syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("courier %d ended with %v", i, err)
		}
	}
	if l := s.lanes(); len(l) != 0 {
		s.t.Errorf("the couriers have stopped and hold %v", l)
	}
	s.verdict(all)
}

// One of two courier processes is killed, then a node goes away. The other takes
// over within the lease and goes on beside the other node.
func TestCourierIsKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stopLoad := s.load()
	defer stopLoad()
	a, b := s.pair()
	s.signal(a, syscall.SIGKILL)
	_ = a.Wait()
	took := s.within(childLease+time.Second, "b takes a's lanes", s.allHeldBy("b"))
	t.Logf("taken over %s after the kill; the lease is %s", took.Round(time.Millisecond), childLease)
	s.nodes[0].Listener.Close()
	s.nodes[0].CloseClientConnections()
	s.delivers("b")
	stopLoad()
	s.end(b)
}

// One of two courier processes is stopped for longer than its lease, and goes on.
// What it had picked before is not sent.
func TestCourierIsStoppedForAWhile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stopLoad := s.load()
	defer stopLoad()
	a, b := s.pair()
	s.signal(a, syscall.SIGSTOP)
	s.within(childLease+time.Second, "b takes a's lanes", s.allHeldBy("b"))
	owed := uint64(s.paid.Load())
	s.within(10*time.Second, "b has long delivered what a was told", func() bool {
		for id := uint64(1); id <= owed; id++ {
			if n := s.notice(id); n.State != pb.NoticeState_NOTICE_STATE_DELIVERED || s.core.Now()-n.SettledAt < 2*crossing {
				return false
			}
		}
		return true
	})
	s.signal(a, syscall.SIGCONT)
	s.within(20*time.Second, "a goes on", s.shared)
	s.delivers("a")
	stopLoad()
	s.end(a, b)
}

func (s *site) verdict(all uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	twice, marked := 0, 0
	for id := uint64(1); id <= all; id++ {
		n := s.notice(id)
		marked += int(n.Duplicates)
		switch p := s.posts[id]; {
		case p == 0:
			s.t.Errorf("notice %d is recorded as delivered and never came", id)
		case p > 1:
			twice += p - 1
		}
	}
	if len(s.stale) > 0 {
		s.t.Errorf("sent again although recorded as delivered:\n%s", strings.Join(s.stale, "\n"))
	}
	if twice > 50 || marked > twice {
		s.t.Errorf("%d posts too many, %d marked", twice, marked)
	}
	s.t.Logf("%d notices, %d posts too many, %d marked", all, twice, marked)
}

// A courier that is killed and started again under its name need not wait.
func TestRestartedCourierGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.start("a")
	s.within(10*time.Second, "a has all lanes", func() bool { return s.lanes()["a"] == lane.Count })
	s.signal(a, syscall.SIGKILL)
	_ = a.Wait()
	s.pay()
	s.start("a")
	delivered := func() bool { return s.notice(1).State == pb.NoticeState_NOTICE_STATE_DELIVERED }
	took := s.within(10*time.Second, "the notice is delivered", delivered)
	if took > childLease-2*time.Second {
		t.Errorf("it took %s: it waited for its own old lease", took)
	}
}
