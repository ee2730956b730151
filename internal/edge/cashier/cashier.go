// Package cashier is what a payer sees on a phone after scanning a code: who
// asks for how much, one tap to pay, and a page that always ends in an answer.
//
// Pages are rendered on the server in Chinese and English and need no script.
//
//	GET  /pay/{prepay_id}          the order, with a button to pay it   (pay.go)
//	POST /pay/{prepay_id}          pay, then 303 to the result          (pay.go)
//	GET  /pay/{prepay_id}/result   how it ended, or that it is in doubt (result.go)
//	GET  /pay/{prepay_id}/receipt  the receipt file, for who paid       (receipt.go)
//	GET  /h5                       h5_url leads here                    (h5.go)
//	GET  /c/{token}                a till's printed code leads here     (printed.go)
//	POST /cashier/jsapi, /app      what a merchant hands to WeChat      (invoke.go)
//	GET  /cashier/static/{file}    style sheet, script and icon
//
// A payment's identity is (order, payer, attempt). The attempt is minted with
// the page, kept in a cookie for this code and carried in the form, so that a
// double tap, a reload and the back button are the same attempt and move money
// once.
//
// The cashier decides nothing about money: it shows what the state says and
// sends OrderPay commands with the actor "cashier".
package cashier

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Core is what the cashier needs of the node.
type Core interface {
	// Do applies a command and waits until its result is durable. An error
	// means that no result is known; it is a *code.Error.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLatest calls f with one snapshot that has every answered command. It
	// waits for that as long as ctx lasts.
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Config says what the cashier works with.
type Config struct {
	Core Core
	// People opens the names of those who may pay; nil shows none that is sealed.
	People *personal.Sealer
	// Receipt makes the receipt of a paid order; nil offers none.
	Receipt func(ctx context.Context, o *pb.Order) (*pb.Receipt, error)
	// Sandbox says on every page that no real money moves.
	Sandbox bool
	// Wallet is where people's browsers find their wallets, like https://w.example.com;
	// "" where none are served.
	Wallet string
	// Now is the wall clock; nil is time.Now. Business time is reckoned from it
	// and the state.
	Now func() time.Time
	// Patience is how long a payment may take before the payer sees the page
	// that waits; 0 is 8 seconds.
	Patience time.Duration
	// Logger takes the cashier's log; nil discards it.
	Logger *slog.Logger
}

// patience is the default of Config.Patience.
const patience = 8 * time.Second

// Cashier serves the pages. Its methods may be called from any goroutine.
type Cashier struct {
	core     Core
	people   *personal.Sealer
	receipt  func(ctx context.Context, o *pb.Order) (*pb.Receipt, error)
	sandbox  bool
	wallet   string
	busy     map[string][]byte // pages for who is not let in
	now      func() time.Time
	patience time.Duration
	log      *slog.Logger
}

// New makes a cashier.
func New(cfg Config) *Cashier {
	c := &Cashier{core: cfg.Core, people: cfg.People, receipt: cfg.Receipt, sandbox: cfg.Sandbox, wallet: strings.TrimRight(cfg.Wallet, "/"),
		now: cfg.Now, patience: cfg.Patience, log: cfg.Logger}
	c.busy = busyPages(c.sandbox)
	if c.now == nil {
		c.now = time.Now
	}
	if c.patience == 0 {
		c.patience = patience
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

//go:embed assets
var assets embed.FS

// Handler serves everything in the package comment. Mount it at the root: its
// paths are absolute.
func (c *Cashier) Handler() http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET /pay/{prepay_id}", c.servePay)
	own.HandleFunc("POST /pay/{prepay_id}", c.serveSubmit)
	own.HandleFunc("GET /pay/{prepay_id}/result", c.serveResult)
	own.HandleFunc("GET /pay/{prepay_id}/receipt", c.serveReceipt)
	own.HandleFunc("GET /h5", c.serveH5)
	own.HandleFunc("GET /c/{token}", c.servePrinted)
	own.HandleFunc("GET /cashier/static/{file}", serveAsset)
	own.HandleFunc("/", c.serveAstray)
	// Paying must come from our own page. Invocations come from merchants'
	// pages by their nature; they move nothing and are signed.
	mux := http.NewServeMux()
	mux.Handle("/", c.sameOrigin(own))
	mux.HandleFunc("POST /cashier/jsapi", c.serveJSAPI)
	mux.HandleFunc("POST /cashier/app", c.serveApp)
	return c.guarded(mux)
}

// serveAstray is for a browser that went astray: to a page that isn't there, or
// with a method that no page has.
func (c *Cashier) serveAstray(w http.ResponseWriter, r *http.Request) {
	v := &view{Kind: kindAstray}
	if r.URL.Path == "/" && r.Method == http.MethodGet {
		c.show(w, r, http.StatusOK, &view{Kind: kindHome})
		return
	}
	if strings.HasPrefix(r.URL.Path, "/pay/") {
		v.Kind = kindUnknown
	}
	c.show(w, r, http.StatusNotFound, v)
}

// sameOrigin refuses what another site makes a browser send.
func (c *Cashier) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.show(w, r, http.StatusForbidden, &view{Kind: kindForeign})
	}))
	return guard.Handler(next)
}

// guarded sets what every answer carries and turns a panic into a page: a payer
// is never left with a bare error.
func (c *Cashier) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			c.log.Error("cashier: a page failed", "path", r.URL.Path, "panic", p)
			c.show(w, r, http.StatusServiceUnavailable, &view{Kind: kindUnavailable})
		}()
		secure(w.Header())
		next.ServeHTTP(w, r)
	})
}

// secure sets what every answer carries.
func secure(head http.Header) {
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("Cache-Control", "no-store")
}

// policy lets a page load its own style sheet and script and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// serveAsset serves the style sheet and the script.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	types := map[string]string{"cashier.css": "text/css; charset=utf-8", "cashier.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}
	kind, ok := types[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	data, err := assets.ReadFile("assets/" + r.PathValue("file"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(data) // the phone may be gone
}

// read reads the newest state for a request.
func (c *Cashier) read(r *http.Request, f func(table.Reader) error) error {
	ctx, done := gate.Reading(r.Context())
	defer done()
	return c.core.ReadLatest(ctx, f)
}
