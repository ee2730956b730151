package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/run/cli"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// asProgram has this binary be holdfast: what a test starts, with all that that starts.
const asProgram = "HOLDFAST_WEBTEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := cli.Main(ctx, os.Args[1:], cli.OS())
		stop()
		os.Exit(code)
	}
	browser.Main(m)
}

// site is a node with a shop, behind a network that the test has in its hands.
type site struct {
	*testing.T
	node  *node.Node
	codes fmt.Stringer
	log   *admintest.Buffer
	// url is where phones find the wallet.
	url string
	net network
}

// newSite opens a node, and closes it in the end.
func newSite(t *testing.T) *site {
	t.Helper()
	cfg := node.Default()
	cfg.Data, cfg.LogName, cfg.Sandbox = t.TempDir(), admintest.LogName, true
	cfg.MerchantAPI.Address, cfg.MerchantAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.WalletAPI.Address, cfg.WalletAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.Admin.Address, cfg.Admin.InsecureLoopback = "127.0.0.1:0", true
	cfg.Inner.Address = "127.0.0.1:0"
	codes := new(admintest.Buffer)
	s := &site{T: t, codes: codes, log: new(admintest.Buffer)}
	s.net.looked = make(chan struct{}, 1)
	front := httptest.NewServer(&s.net)
	t.Cleanup(front.Close)
	// By its name, as in a sandbox: browsers make passkeys for names.
	s.url = strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	cfg.WalletAPI.PasskeySite, cfg.WalletAPI.PasskeyOrigins = "localhost", config.List{s.url}
	cfg.Disk.MinFree, cfg.Disk.MinFreePercent, cfg.Disk.Cache = 1<<20, 0, 8<<20
	admintest.CopyKeys(t, cfg.Data)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := node.Open(ctx, node.Options{Config: cfg, Version: "test", Log: slog.New(slog.NewTextHandler(s.log, nil)),
		Fatal: func(err error) { t.Error(err) }, Codes: codes})
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	s.node = n
	t.Cleanup(s.stop)
	to, err := url.Parse(n.Addresses().WalletAPI)
	if err != nil {
		t.Fatal(err)
	}
	s.net.to = &httputil.ReverseProxy{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // it is signed
	}}
	s.do(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: edgetest.Mchid, Name: "茶铺", Appids: []string{edgetest.Appid}, Settings: &pb.MerchantSettings{}})
	return s
}

func (s *site) stop() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.node.Run(ctx); err != nil {
		s.Errorf("an orderly stop: %v", err)
	}
}

// do runs a command that has to succeed.
func (s *site) do(number catalogue.Number, body table.Record) any {
	s.Helper()
	res, err := s.node.Replica().Do(s.Context(), catalogue.NewCommand(number, "test", "", body))
	if err != nil || !res.Code.OK() {
		s.Fatalf("%s: %v, %v", number, res.Code, err)
	}
	return res.Body
}

// order is an order of the shop's.
func (s *site) order(no string, fen int64) *pb.Order {
	s.Helper()
	return s.do(catalogue.OrderCreate, &pb.OrderCreate{Mchid: edgetest.Mchid, Appid: edgetest.Appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE,
		Total: fen, Currency: money.CNY, Description: "乌龙茶", NotifyUrl: "https://shop.example/n"}).(*pb.Order)
}

// picture is a file with the order's code, as a phone's camera would keep it.
func (s *site) picture(o *pb.Order) string {
	s.Helper()
	return s.drawn(s.node.Addresses().Cashier + "/pay/" + o.PrepayId)
}

// balance is what somebody has, in fen.
func (s *site) balance(uid uint64) (fen int64) {
	s.Helper()
	if err := s.node.Replica().ReadLatest(s.Context(), func(r table.Reader) error {
		if a, ok := ledger.Get(r, ledger.UserBalance(uid), money.CNY); ok {
			fen = ledger.Balance(a)
		}
		return nil
	}); err != nil {
		s.Fatal(err)
	}
	return fen
}

// network is what lies between phones and node: it passes everything, loses the
// answers of one call, or is gone.
type network struct {
	to    http.Handler
	mode  atomic.Int32
	lost  atomic.Int32 // answers
	calls atomic.Int32 // that reached the node while answers were lost
	// looked has an element once a page of the deaf has looked.
	looked chan struct{}
}

const (
	passes = iota
	losesPay
	gone
	// deployed has other scripts than the page that is open; newer has a newer worker.
	deployed
	newer
	// alters changes one byte of each receipt on its way.
	alters
	// deaf has no streams, and says when a page has looked at what its person is asked.
	deaf
)

// ServeHTTP implements http.Handler.
func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch mode := n.mode.Load(); {
	case mode == gone:
		panic(http.ErrAbortHandler)
	case mode == deaf && strings.HasSuffix(r.URL.Path, "/Follow"):
		panic(http.ErrAbortHandler)
	case mode == deaf && strings.HasSuffix(r.URL.Path, "/ListAsked"):
		n.to.ServeHTTP(w, r)
		select {
		case n.looked <- struct{}{}:
		default:
		}
		return
	case mode == losesPay && strings.HasSuffix(r.URL.Path, "/Pay"):
		n.to.ServeHTTP(httptest.NewRecorder(), r) // the node did it
		n.calls.Add(1)
		n.lost.Add(1)
		panic(http.ErrAbortHandler) // and nobody hears of it
	}
	switch mode := n.mode.Load(); {
	case mode == deployed && strings.HasPrefix(r.URL.Path, "/assets/"):
		http.NotFound(w, r)
		return
	case mode == newer && r.URL.Path == "/sw.js":
		n.renew(w, r)
		return
	}
	if n.mode.Load() == alters && strings.HasSuffix(r.URL.Path, "/ShowReceipt") {
		n.alter(w, r)
		return
	}
	n.to.ServeHTTP(w, r)
}

// renew passes the worker on as a newer version has it.
func (n *network) renew(w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Accept-Encoding")
	r.Header.Del("If-None-Match")
	said := httptest.NewRecorder()
	n.to.ServeHTTP(said, r)
	w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
	_, _ = w.Write(append(said.Body.Bytes(), "\n// newer\n"...)) // the phone may be gone
}

// alter passes a receipt on in which somebody has changed the entry.
func (n *network) alter(w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Accept-Encoding") // it is to be read
	said := httptest.NewRecorder()
	n.to.ServeHTTP(said, r)
	var receipt struct {
		Entry      []byte          `json:"entry"`
		LeafIndex  json.RawMessage `json:"leafIndex"`
		Proof      json.RawMessage `json:"proof"`
		Checkpoint json.RawMessage `json:"checkpoint"`
	}
	if err := json.Unmarshal(said.Body.Bytes(), &receipt); err != nil {
		panic(http.ErrAbortHandler)
	}
	receipt.Entry[len(receipt.Entry)/2] ^= 1
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(receipt) // the phone may be gone
}
