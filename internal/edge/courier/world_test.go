package courier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/inner"
	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		if keysDir != "" {
			os.RemoveAll(keysDir)
		}
		os.Exit(status)
	}))
}

// keys is one keystore for all tests: drawing RSA keys takes a second.
var (
	keysDir string
	keys    = sync.OnceValue(func() *keystore.Store {
		dir, err := os.MkdirTemp("", "courier-keys-")
		if err != nil {
			panic(err)
		}
		keysDir = dir
		s, err := keystore.Create(dir, keystore.Options{LogName: "test.example"})
		if err != nil {
			panic(err)
		}
		return s
	})
)

const testKey = "0123456789abcdefghijABCDEFGHIJ01"

// world is a platform in memory with merchants behind in-memory connections.
// Time is the real clock's, or a synctest bubble's.
type world struct {
	*hosts
	core *edgetest.Live
	keys *keystore.Store
	svc  *inner.Service

	mu     sync.Mutex
	payer  uint64
	orders int
	log    io.Writer
}

func newWorld(t testing.TB) *world { return newWorldAt(t, machine.MaxLevel) }

func newWorldAt(t testing.TB, level uint32) *world {
	w := &world{core: edgetest.NewLiveAt(t, level), keys: keys(), hosts: newHosts(t), log: io.Discard}
	w.svc = inner.New(w.core, quiet)
	w.payer = w.core.Payer("payer", "小明", 1_000_000_000).Uid
	return w
}

// merchant adds a merchant with the test key and serves its callbacks at
// host, unless h is nil.
func (w *world) merchant(mchid, host string, h http.Handler) {
	w.t.Helper()
	w.merchantWith(mchid, host, h, &pb.MerchantSettings{AllowHttp: true})
}

func (w *world) merchantWith(mchid, host string, h http.Handler, s *pb.MerchantSettings) {
	w.t.Helper()
	w.core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: mchid, Appids: []string{edgetest.Appid}, Settings: s})
	id, err := w.keys.PutAPIv3Key(mchid, testKey, time.Now().UnixMilli())
	if err != nil {
		w.t.Fatal(err)
	}
	w.core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: mchid, KeyId: id})
	if h != nil {
		w.serve(host, h)
	}
}

// pay makes a paid order of mchid whose notice goes to url, and returns the notice.
func (w *world) pay(mchid, url string) *pb.Notice {
	w.t.Helper()
	w.mu.Lock()
	w.orders++
	no := fmt.Sprintf("T%08d", w.orders)
	w.mu.Unlock()
	o := w.core.Must(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: mchid, Appid: edgetest.Appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: 100,
		Currency: money.CNY, Description: "茶 tea", NotifyUrl: url,
	}).(*pb.Order)
	o = w.core.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: w.payer, Attempt: []byte(no)}).(*pb.Order)
	return w.notice(o.NoticeId)
}

func (w *world) notice(id uint64) *pb.Notice {
	w.t.Helper()
	var n *pb.Notice
	if err := w.core.Read(func(r table.Reader) error {
		var ok bool
		if n, ok = notice.Get(r, id); !ok {
			return fmt.Errorf("no notice %d", id)
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// config is a courier of this world.
func (w *world) config() Config {
	return Config{
		Node: &localNode{svc: w.svc, name: "c1"}, Keys: w.keys, Dial: w.dial, Registerer: prometheus.NewRegistry(),
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// run starts a courier; stop ends it and returns what Run said.
func (w *hosts) run(cfg Config) (c *Courier, stop func() error) {
	w.t.Helper()
	c, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	w.t.Cleanup(func() { stop() })
	return c, stop
}

// localNode is the inner service without a wire. cut makes it fail.
type localNode struct {
	svc  *inner.Service
	name string

	mu       sync.Mutex
	cut      error
	reported [][]*pb.Attempt
	onReport func([]*pb.Attempt) error
}

func (n *localNode) setCut(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = err
}

func (n *localNode) setOnReport(f func([]*pb.Attempt) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onReport = f
}

func (n *localNode) failing() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cut
}

func (n *localNode) Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	if err := n.failing(); err != nil {
		return nil, err
	}
	req.Courier = n.name
	resp, err := n.svc.Lease(ctx, req)
	if errors.Is(err, owed.ErrTaken) {
		err = fmt.Errorf("%w: %w", worker.ErrReplaced, err)
	}
	return resp, err
}

func (n *localNode) Owed(ctx context.Context, req *pb.OwedRequest) (Stream, error) {
	if err := n.failing(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	s := &localStream{ctx: ctx, cancel: cancel, out: make(chan *pb.OwedBatch), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		req.Courier = n.name
		err := n.svc.Stream(ctx, req, func(b *pb.OwedBatch) error {
			if err := n.failing(); err != nil {
				return err
			}
			select {
			case s.out <- clone(b):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		if errors.Is(err, owed.ErrLanes) {
			err = fmt.Errorf("%w: %w", worker.ErrLanes, err)
		}
		cancel(err)
	}()
	return s, nil
}

type localStream struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	out    chan *pb.OwedBatch
	ended  chan struct{}
}

func (s *localStream) Receive() (*pb.OwedBatch, error) {
	select {
	case b := <-s.out:
		return b, nil
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	}
}

func (s *localStream) Close() error {
	s.cancel(errors.New("closed"))
	<-s.ended
	return nil
}

func (n *localNode) Fetch(ctx context.Context, req *pb.FetchRequest) (*pb.OwedBatch, error) {
	if err := n.failing(); err != nil {
		return nil, err
	}
	b, err := n.svc.Fetch(ctx, req)
	if err != nil {
		return nil, err
	}
	return clone(b), nil
}

func (n *localNode) Report(ctx context.Context, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	n.mu.Lock()
	n.reported = append(n.reported, attempts)
	hook := n.onReport
	n.mu.Unlock()
	if hook != nil {
		if err := hook(attempts); err != nil {
			return nil, err
		}
	}
	if err := n.failing(); err != nil {
		return nil, err
	}
	resp, err := n.svc.Report(ctx, n.name, attempts)
	if errors.Is(err, owed.ErrInvalid) {
		err = fmt.Errorf("%w: %w", worker.ErrRefused, err)
	}
	return resp, err
}

// clone is what a wire does to a batch: the two sides share nothing.
func clone(b *pb.OwedBatch) *pb.OwedBatch {
	raw, err := b.MarshalVT()
	if err != nil {
		panic(err)
	}
	c := new(pb.OwedBatch)
	if err := c.UnmarshalVT(raw); err != nil {
		panic(err)
	}
	return c
}

// hosts are merchants' servers behind in-memory connections.
type hosts struct {
	t  testing.TB
	mu sync.Mutex
	by map[string]*memListener
}

func newHosts(t testing.TB) *hosts { return &hosts{t: t, by: map[string]*memListener{}} }

// serve answers requests to host (any port) with h.
func (w *hosts) serve(host string, h http.Handler) {
	l := newMemListener()
	srv := &http.Server{Handler: h, ErrorLog: discardLog}
	go srv.Serve(l)
	w.mu.Lock()
	w.by[host] = l
	w.mu.Unlock()
	w.t.Cleanup(func() { srv.Close() })
}

// dial reaches the hosts that serve set up.
func (w *hosts) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	l, ok := w.by[host]
	w.mu.Unlock()
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	return l.dial(ctx)
}

// memListener hands out in-memory connections, which a synctest bubble can
// wait for as it cannot for sockets.
type memListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newMemListener() *memListener {
	return &memListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *memListener) Addr() net.Addr { return memAddr{} }

func (l *memListener) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memAddr struct{}

func (memAddr) Network() string { return "mem" }
func (memAddr) String() string  { return "mem" }

// eventually waits for a condition in real time.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// book counts what a merchant was sent.
type book struct {
	mu    sync.Mutex
	posts []post1
}

type post1 struct {
	at     time.Time
	header http.Header
	body   string
}

func (b *book) note(r *http.Request) post1 {
	body, _ := io.ReadAll(r.Body)
	p := post1{time.Now(), r.Header, string(body)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.posts = append(b.posts, p)
	return p
}

func (b *book) all() []post1 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]post1(nil), b.posts...)
}

// eventID is the envelope's id.
func (p post1) eventID() string {
	_, after, _ := strings.Cut(p.body, `"id":"`)
	id, _, _ := strings.Cut(after, `"`)
	return id
}

// quiet is a log nobody reads.
var quiet = slog.New(slog.DiscardHandler)

// discardLog is the same for net/http.
var discardLog = slog.NewLogLogger(slog.DiscardHandler, 0)

var errDown = code.Overloaded.Err()
