package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is one data folder and the node that runs on it.
type site struct {
	*testing.T
	cfg *Config
	log *admintest.Buffer
	// faults are the disk's, which would have ended the process.
	faults  chan error
	sandbox func(*Node) http.Handler
	// stopWithin is Options'.
	stopWithin time.Duration
}

func newSite(t *testing.T) *site {
	t.Helper()
	cfg := Default()
	cfg.Data, cfg.LogName, cfg.Sandbox = t.TempDir(), admintest.LogName, true
	cfg.MerchantAPI.Address, cfg.MerchantAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.Admin.Address, cfg.Admin.InsecureLoopback = "127.0.0.1:0", true
	cfg.Inner.Address = "127.0.0.1:0"
	cfg.Disk.MinFree, cfg.Disk.MinFreePercent, cfg.Disk.Cache = 1<<20, 0, 8<<20
	cfg.Journal.CheckpointInterval = config.Duration(10 * time.Millisecond)
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	admintest.CopyKeys(t, cfg.Data)
	return &site{T: t, cfg: cfg, log: new(admintest.Buffer), faults: make(chan error, 16)}
}

// try opens a node on the site.
func (s *site) try() (*Node, error) {
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return Open(ctx, Options{Config: s.cfg, Version: "test", Log: log, Fatal: s.fault, Sandbox: s.sandbox, stopWithin: s.stopWithin})
}

// fault notes a fault of the disk.
func (s *site) fault(err error) {
	select {
	case s.faults <- err:
	default:
	}
}

func (s *site) open() *Node {
	s.Helper()
	n, err := s.try()
	if err != nil {
		s.Fatalf("%v\n%s", err, s.log)
	}
	return n
}

// stop closes a node in an orderly way.
func (s *site) stop(n *Node) {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := n.Run(ctx); err != nil {
		s.Errorf("an orderly stop: %v", err)
	}
}

// do runs a command that has to succeed.
func (s *site) do(n *Node, number catalogue.Number, body table.Record) any {
	s.Helper()
	res, err := n.Replica().Do(s.Context(), catalogue.NewCommand(number, "test", "", body))
	if err != nil || !res.Code.OK() {
		s.Fatalf("%s: %v, %v", number, res.Code, err)
	}
	return res.Body
}

// purchase makes a merchant, a payer and one paid order.
func (s *site) purchase(n *Node) *pb.Order {
	s.Helper()
	s.do(n, catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: edgetest.Mchid, Name: "Shop", Appids: []string{edgetest.Appid}, Settings: &pb.MerchantSettings{}})
	p := s.enter(n, "alice", "Alice", "")
	s.do(n, catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: 500, Currency: money.CNY, Ref: "open", Line: "topup"})
	o := s.do(n, catalogue.OrderCreate, &pb.OrderCreate{Mchid: edgetest.Mchid, Appid: edgetest.Appid, OutTradeNo: "T2026-0001", Product: pb.Product_PRODUCT_NATIVE,
		Total: 100, Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/notify"}).(*pb.Order)
	return s.do(n, catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: p.Uid, Attempt: []byte("attempt-00000001")}).(*pb.Order)
}

// get fetches an address with an optional token.
func (s *site) get(url, token string) (int, string) {
	s.Helper()
	q, err := http.NewRequestWithContext(s.Context(), http.MethodGet, url, nil)
	if err != nil {
		s.Fatal(err)
	}
	if token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(q)
	if err != nil {
		s.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		s.Fatal(err)
	}
	return a.StatusCode, string(text)
}

func (s *site) token() string {
	s.Helper()
	token, err := admin.ReadToken(admin.TokenFile(s.cfg.Data))
	if err != nil {
		s.Fatal(err)
	}
	return token
}

func TestStartStopStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	o := s.purchase(n)
	rec, err := n.Receipts().Payment(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	v, err := journal.ParseVerifier(n.Keys().CheckpointVerifier())
	if err != nil {
		t.Fatal(err)
	}
	if e, _, err := journal.VerifyReceipt(rec, v); err != nil || e.Entity != "order/1" {
		t.Errorf("the receipt proves %v, %v", e, err)
	}
	if url, err := admin.ReadURL(s.cfg.Data); err != nil || url != n.Addresses().Admin {
		t.Errorf("the folder says %q, %v", url, err)
	}
	before := n.Replica().Position()
	s.stop(n)
	if _, err := admin.ReadURL(s.cfg.Data); err == nil {
		t.Error("a stopped node leaves its address behind")
	}
	n = s.open()
	defer s.stop(n)
	after := n.Replica().Position()
	if after.JournalSize != before.JournalSize || after.JournalRoot != before.JournalRoot || after.Index <= before.Index {
		t.Errorf("after a restart %+v, before it %+v", after, before)
	}
	err = n.Replica().ReadLatest(t.Context(), func(r table.Reader) error {
		if o, ok := order.Get(r, 1); !ok || o.State != pb.TradeState_TRADE_STATE_SUCCESS {
			t.Errorf("the order is %v", o)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAddressesAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	s.purchase(n)
	a := n.Addresses()
	for _, c := range []struct {
		url, token string
		status     int
		has        string
	}{
		{a.Admin + "/healthz", "", 200, "ok"},
		{a.Admin + "/readyz", "", 200, "ok"},
		{a.Admin + "/readyz?for=queries", "", 200, "ok"},
		{a.Admin + "/metrics", "", 401, ""},
		{a.Admin + "/metrics", s.token(), 200, "holdfast_notices_owed 1"},
		{a.MerchantAPI + "/v3/certificates", "", 400, ""},
		{a.MerchantAPI + "/sandbox/notices", "", 404, ""},
		{a.MerchantAPI + "/pay/wx201603011200001234567890abcdef1234", "", 404, ""},
	} {
		status, text := s.get(c.url, c.token)
		if status != c.status || !strings.Contains(text, c.has) {
			t.Errorf("%s: %d, want %d with %q in\n%.300s", c.url, status, c.status, c.has, text)
		}
	}
	_, metrics := s.get(a.Admin+"/metrics", s.token())
	for _, g := range gaugeList {
		name := strings.Split(g.desc.String(), `"`)[1]
		if !strings.Contains(metrics, "\n"+name+" ") {
			t.Errorf("metric %s is missing", name)
		}
	}
	for _, name := range []string{"holdfast_commit_seconds_bucket", "holdfast_frame_commands_count", "go_goroutines", "holdfast_build_info"} {
		if !strings.Contains(metrics, name) {
			t.Errorf("metric %s is missing", name)
		}
	}
	if strings.Contains(metrics+s.log.String(), s.token()) {
		t.Error("the token is in metrics or log")
	}
}

// TestIncompleteFolder: what lacks a part is refused before anything is made in
// it, and whole again when the part is put back.
func TestIncompleteFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	s.purchase(n)
	s.stop(n)
	for _, part := range []string{"log", "keys"} {
		at, away := filepath.Join(s.cfg.Data, part), filepath.Join(t.TempDir(), part)
		if err := os.Rename(at, away); err != nil {
			t.Fatal(err)
		}
		_, err := s.try()
		var d *Damaged
		if !errors.As(err, &d) || d.Path != at {
			t.Errorf("without %s: %v", part, err)
		}
		if exists(at) {
			t.Errorf("%s was made anew", part)
		}
		if err := os.Rename(away, at); err != nil {
			t.Fatal(err)
		}
		s.stop(s.open())
	}
}

// TestLogOfAnotherFolder: state and log must have been made together.
func TestLogOfAnotherFolder(t *testing.T) {
	t.Parallel()
	a, b := newSite(t), newSite(t)
	for _, s := range []*site{a, b} {
		n := s.open()
		s.purchase(n)
		s.stop(n)
	}
	log := filepath.Join(a.cfg.Data, "log")
	if err := errors.Join(os.RemoveAll(log), os.Rename(filepath.Join(b.cfg.Data, "log"), log)); err != nil {
		t.Fatal(err)
	}
	var d *Damaged
	if _, err := a.try(); !errors.As(err, &d) || !strings.Contains(d.Text, "two data folders") {
		t.Errorf("got %v", err)
	}
}

func TestSandboxAndRealAreKeptApart(t *testing.T) {
	t.Parallel()
	for _, sandbox := range []bool{true, false} {
		s := newSite(t)
		s.cfg.Sandbox = sandbox
		s.stop(s.open())
		s.cfg.Sandbox = !sandbox
		if _, err := s.try(); err == nil || !strings.Contains(err.Error(), "sandbox") {
			t.Errorf("made with sandbox %v, opened with %v: %v", sandbox, !sandbox, err)
		}
	}
}

// TestTwoNodesOneFolder: the second is turned away and harms nothing.
func TestTwoNodesOneFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	if _, err := s.try(); err == nil {
		t.Error("a second node runs on the same folder")
	}
	s.purchase(n)
	if url, err := admin.ReadURL(s.cfg.Data); err != nil || url != n.Addresses().Admin {
		t.Errorf("the folder says %q, %v; want the first node's address", url, err)
	}
}

// TestPortTaken: a part that can't start takes the others down with it.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	a, b := newSite(t), newSite(t)
	n := a.open()
	defer a.stop(n)
	b.cfg.MerchantAPI.Address = strings.TrimPrefix(n.Addresses().MerchantAPI, "http://")
	var failed *StartError
	if _, err := b.try(); !errors.As(err, &failed) || failed.Step != "merchant API" {
		t.Errorf("got %v", err)
	}
	b.cfg.MerchantAPI.Address = "127.0.0.1:0"
	b.stop(b.open())
}

// TestTwoStopsThenReadOnlyThenQuarantine is the life of a command that breaks an
// invariant.
func TestTwoStopsThenReadOnlyThenQuarantine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	o := s.purchase(n)
	poison := catalogue.NewCommand(catalogue.OrderClose, "test", "", &pb.OrderClose{})
	poison.Body = []byte{0xff}
	_, err := n.Replica().Do(t.Context(), poison)
	if refused := (*code.Error)(nil); !errors.As(err, &refused) || refused.Code != code.Unknown {
		t.Errorf("the caller is told %v", err)
	}
	var broken *machine.Broken
	if err := n.Run(t.Context()); !errors.As(err, &broken) || broken.Number != catalogue.OrderClose {
		t.Fatalf("the first stop: %v", err)
	}
	if _, err := s.try(); !errors.As(err, &broken) {
		t.Fatalf("the second stop: %v", err)
	}

	n = s.open()
	if _, err := n.Replica().Do(t.Context(), catalogue.NewCommand(catalogue.OrderClose, "test", "", &pb.OrderClose{})); !errors.Is(err, err.(*code.Error)) || err.(*code.Error).Code != code.ReadOnly {
		t.Errorf("a write on a read-only node: %v", err)
	}
	if status, why := s.get(n.Addresses().Admin+"/readyz", ""); status != 503 || !strings.Contains(why, "order_close") || !strings.Contains(why, "holdfast quarantine") {
		t.Errorf("/readyz: %d %s", status, why)
	}
	if status, _ := s.get(n.Addresses().Admin+"/readyz?for=queries", ""); status != 200 {
		t.Errorf("/readyz?for=queries: %d", status)
	}
	if _, metrics := s.get(n.Addresses().Admin+"/metrics", s.token()); !strings.Contains(metrics, "holdfast_read_only 1") {
		t.Error("the metric does not say read-only")
	}
	if _, err := n.Receipts().Payment(t.Context(), o); err != nil {
		t.Errorf("a receipt from a read-only node: %v", err)
	}
	s.stop(n)

	if stop, err := AddQuarantine(s.cfg.Data, broken.Index); err != nil || stop.Command != "order_close" {
		t.Fatalf("quarantine: %+v, %v", stop, err)
	}
	n = s.open()
	defer s.stop(n)
	if refused := s.do(n, catalogue.OrderClose, &pb.OrderClose{Mchid: edgetest.Mchid, OutTradeNo: "never-used-1"}); refused != nil {
		t.Errorf("closing nothing answers %v", refused)
	}
	if why := n.readOnly(); why != "" {
		t.Errorf("still read-only: %s", why)
	}
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	at := func(index uint64, position int) Stop { return Stop{Index: index, Position: position} }
	q := Quarantine{whole: map[uint64]bool{30: true}, single: map[uint64]map[int]bool{10: {1: true}}}
	for _, c := range []struct {
		name  string
		stops []Stop
		want  uint64
	}{
		{"none", nil, 0},
		{"one", []Stop{at(5, 0)}, 0},
		{"two at one command", []Stop{at(5, 0), at(5, 0)}, 5},
		{"two commands of one frame", []Stop{at(5, 0), at(5, 1)}, 0},
		{"quarantined", []Stop{at(10, 1), at(10, 1)}, 0},
		{"another command of that frame", []Stop{at(10, 1), at(10, 1), at(10, 2), at(10, 2)}, 10},
		{"a whole frame", []Stop{at(30, -1), at(30, -1)}, 0},
		{"by a binary that did not know the command", []Stop{{Index: 5, Command: "command-6"}, {Index: 5, Command: "command-6"}}, 0},
		{"by one that knows no more than this", []Stop{{Index: 5, Command: "command-999"}, {Index: 5, Command: "command-999"}}, 5},
		{"the lowest of two", []Stop{at(9, 0), at(9, 0), at(7, 0), at(7, 0)}, 7},
	} {
		if s, ok := blocked(c.stops, q); s.Index != c.want || ok != (c.want != 0) {
			t.Errorf("%s: %+v, %v; want %d", c.name, s, ok, c.want)
		}
	}
}

func TestQuarantineFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if q, err := ReadQuarantine(dir); err != nil || q.Has(1, 0) {
		t.Errorf("no file: %v, %v", q, err)
	}
	if _, err := AddQuarantine(dir, 5); !errors.Is(err, ErrNoStop) {
		t.Errorf("an index that never stopped it: %v", err)
	}
	for _, b := range []*machine.Broken{{Index: 5, Position: 3}, {Index: 6, Position: -1}} {
		if err := recordStop(dir, b, time.UnixMilli(0)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := AddQuarantine(dir, b.Index); err != nil {
				t.Fatal(err)
			}
		}
	}
	q, err := ReadQuarantine(dir)
	if err != nil || !q.Has(5, 3) || q.Has(5, 2) || !q.Has(6, 0) || !q.Has(6, 9) || q.Has(7, 0) {
		t.Errorf("quarantine is %v, %v", q, err)
	}
	if text, _ := os.ReadFile(quarantineFile(dir)); string(text) != "5 3\n6 *\n" {
		t.Errorf("the file holds %q", text)
	}
	for _, bad := range []string{"x 1\n", "5\n", "5 -2\n", "0 1\n"} {
		if err := os.WriteFile(quarantineFile(dir), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadQuarantine(dir); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	// A stop that a crash cut short is passed over; the ones before it count.
	if err := appendLine(stopsFile(dir), `{"index":9,"posi`); err != nil {
		t.Fatal(err)
	}
	if stops, err := Stops(dir); err != nil || len(stops) != 2 {
		t.Errorf("stops are %v, %v", stops, err)
	}
}
