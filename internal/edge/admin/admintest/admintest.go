// Package admintest gives tests a node's administration to talk to over real
// HTTP: the real service over the real state machine in memory, a keystore, and
// views and checkpoints that are brought up to date whenever they are asked.
package admintest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// Site is one test's administration.
type Site struct {
	*edgetest.Core
	// Dir is the data folder: keys, admin.token, admin.tokens, admin.url.
	Dir  string
	URL  string
	Keys *keystore.Store
	// Log collects what the server logs.
	Log *Buffer
	// Handler is what the URL serves.
	Handler http.Handler
	// Client presents the token of root.
	Client pbconnect.AdminServiceClient
	// Why, when not empty, makes the node read-only.
	Why func() string

	views     *view.Views
	publisher *journal.Publisher
	serve     func(*Group)
}

// LogName is the journal's name, as edgetest's genesis sets it.
const LogName = "test.example/journal"

// Open starts an administration for the test. alice is a second token's name.
func Open(t testing.TB, sandbox bool) *Site {
	t.Helper()
	d := &Site{Core: edgetest.New(t, sandbox), Dir: t.TempDir(), Log: new(Buffer), Why: func() string { return "" }}
	CopyKeys(t, d.Dir)
	var err error
	d.Keys, err = keystore.Open(d.Dir, keystore.Options{})
	need(t, err)
	d.views, err = view.Open(filepath.Join(d.Dir, "views"), view.Options{Kinds: machine.Rules().Kinds(), Logger: slog.New(slog.DiscardHandler)})
	need(t, err)
	verifier, err := journal.ParseVerifier(d.Keys.CheckpointVerifier())
	need(t, err)
	prover := journal.NewProver()
	d.publisher, err = journal.OpenPublisher(d.Dir, d.Keys.CheckpointSigner(), verifier, prover)
	need(t, err)
	need(t, os.WriteFile(admin.NamedTokenFile(d.Dir), []byte("# who may\nalice "+AliceToken+"\n"), 0o600))
	tokens, err := admin.OpenTokens(admin.NamedTokenFile(d.Dir), d.Keys.VerifyAdminToken)
	need(t, err)
	log := slog.New(slog.NewTextHandler(d.Log, nil))
	people, wall := edgetest.Sealer(t, d.Core), func() time.Time { return time.UnixMilli(d.Now()) }
	auth := staffauth.New(staffauth.Config{Core: d.Core, Now: d.Now, Wall: wall})
	config := admin.Config{
		Staff: auth, Members: staff.NewServer(staff.Config{Desk: &staff.Desk{Core: d.Core, People: people, Now: d.Now}, Auth: auth, Log: log}),
		Core: d.Core, Keys: d.Keys, People: people, Views: d, Receipts: receipt.NewIssuer(d.Core, d, prover), Tokens: tokens,
		Defaults:   &pb.MerchantSettings{KeyMode: pb.KeyMode_KEY_MODE_BOTH, RefundIntervalS: 60},
		Checkpoint: d.publisher.Latest, Now: d.Now, Wall: wall,
		TillLink: func(token []byte) string { return paylink.Till("https://pay.example.com", token) },
		ReadOnly: func() string { return d.Why() }, Version: "test", Log: log,
	}
	var service atomic.Pointer[admin.Server]
	d.serve = func(g *Group) {
		c := config
		if g != nil {
			c.Cluster = g
		}
		service.Store(admin.NewServer(c))
	}
	d.serve(nil)
	d.Handler = admin.Handler(func() (*admin.Server, func()) { return service.Load(), func() {} }, tokens, admin.Probes{
		Alive: func() string { return "" }, Ready: func() string { return d.Why() }, Queries: func() string { return "" },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("holdfast_ready 1\n")) }),
	})
	server := httptest.NewServer(d.Handler)
	d.URL = server.URL
	need(t, admin.WriteURL(d.Dir, d.URL))
	d.Client, err = admin.Dial(admin.Address{URL: d.URL, TokenFile: admin.TokenFile(d.Dir)})
	need(t, err)
	t.Cleanup(func() {
		server.Close()
		need(t, d.views.Close())
	})
	return d
}

// AliceToken is the bearer token of the operator alice.
const AliceToken = "alice-0123456789-0123456789-0123456789"

func need(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Covering publishes a checkpoint of everything there is.
func (d *Site) Covering(_ context.Context, seq uint64) (cp journal.Signed, err error) {
	err = d.Read(func(r table.Reader) error {
		head, _ := machine.Head(r)
		cp, err = d.publisher.Publish(r, head.JournalSize, [32]byte(head.JournalRoot), head.AppliedIndex)
		return err
	})
	if err == nil && seq >= cp.Size {
		err = journal.ErrNotCovered
	}
	return cp, err
}

// source lets views follow the core.
type source struct{ *edgetest.Core }

// Changed never wakes: views are driven by hand.
func (source) Changed() <-chan struct{} { return nil }

func (d *Site) catchUp() error {
	for {
		if more, err := d.views.RunOnce(context.Background(), source{d.Core}); err != nil || !more {
			return err
		}
	}
}

// Steps implements admin.Views.
func (d *Site) Steps(entity string, before uint64, limit int) ([]uint64, error) {
	if err := d.catchUp(); err != nil {
		return nil, err
	}
	return d.views.Steps(entity, before, limit)
}

// History implements admin.Views.
func (d *Site) History(account string, currency uint32, before uint64, limit int) ([]*pb.HistoryLine, error) {
	if err := d.catchUp(); err != nil {
		return nil, err
	}
	return d.views.History(account, currency, before, limit)
}

// Next implements admin.Views.
func (d *Site) Next() uint64 {
	if err := d.catchUp(); err != nil {
		return 0
	}
	return d.views.Next()
}

// template is one keystore's files: drawing RSA keys takes a second.
var template = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "admintest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if _, err := keystore.Create(dir, keystore.Options{LogName: LogName, At: edgetest.Start}); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	return files, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		files[name], err = os.ReadFile(path)
		return err
	})
})

// CopyKeys gives the data folder dir a keystore of the journal LogName. All
// copies have the same keys.
func CopyKeys(t testing.TB, dir string) {
	t.Helper()
	files, err := template()
	need(t, err)
	for name, data := range files {
		need(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
		need(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}

// Buffer is a log that several goroutines may write.
type Buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
