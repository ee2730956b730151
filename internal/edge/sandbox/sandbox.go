// Package sandbox is what a merchant's developer needs and a platform with real
// money must not have: payers out of thin air, payments without a phone, notices
// to look at and to send again, and a clock that moves.
//
//	GET  /sandbox/                        what there is
//	POST /sandbox/pay                     pay an order as one of the payers      (pay.go)
//	GET  /sandbox/payers                  the payers and their balances          (payers.go)
//	POST /sandbox/payers                  add a payer                            (payers.go)
//	POST /sandbox/topup                   give a payer money                     (payers.go)
//	GET  /sandbox/notices                 every notice and why it was (not) delivered (notices.go)
//	POST /sandbox/notices/{id}/redeliver  send one again                         (notices.go)
//	GET  /sandbox/clock                   business time                          (clock.go)
//	POST /sandbox/clock                   move it forward                        (clock.go)
//
// Everything is a command in the journal with the actor "sandbox". Every request
// is refused unless the log's first command says that it is a sandbox's, so
// mounting these handlers elsewhere by mistake moves nothing. Bodies are read as
// strictly as the merchant API reads them, and errors have its shape.
package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Core is what the sandbox needs of the node.
type Core interface {
	// Do applies a command and waits until its result is durable. An error
	// means that no result is known; it is a *code.Error.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLatest calls f with one snapshot that has every answered command. It
	// waits for that as long as ctx lasts.
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Config says what the sandbox works with.
type Config struct {
	Core Core
	// People seals and opens payers' details; nil leaves them in clear.
	People *personal.Sealer
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Logger takes the log; nil discards it.
	Logger *slog.Logger
}

// Sandbox serves the endpoints. Its methods may be called from any goroutine.
type Sandbox struct {
	core   Core
	people *personal.Sealer
	now    func() time.Time
	log    *slog.Logger
}

// New makes a sandbox.
func New(cfg Config) *Sandbox {
	s := &Sandbox{core: cfg.Core, people: cfg.People, now: cfg.Now, log: cfg.Logger}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// route is one endpoint: it answers a value to be written as JSON, or a refusal.
type route struct {
	pattern string
	what    string
	serve   func(s *Sandbox, r *http.Request) (any, *refusal)
}

var routes []route

func init() { // serveIndex lists the routes it is one of
	routes = []route{
		{"GET /sandbox/{$}", "this list", (*Sandbox).serveIndex},
		{"POST /sandbox/pay", `pay an order: {"code_url" or "prepay_id" or "h5_url", "payer": name, openid, ref or uid, "attempt": optional}`, (*Sandbox).servePay},
		{"GET /sandbox/payers", "the payers and their balances", (*Sandbox).servePayers},
		{"POST /sandbox/payers", `add a payer: {"name", "balance": fen, "ref": optional}`, (*Sandbox).serveAddPayer},
		{"POST /sandbox/topup", `give a payer money: {"payer", "amount": fen, "ref": optional}`, (*Sandbox).serveTopup},
		{"GET /sandbox/notices", "every notice, newest first, with its attempts and why it was or was not delivered: ?out_trade_no= &mchid= &limit=", (*Sandbox).serveNotices},
		{"POST /sandbox/notices/{id}/redeliver", "send a notice again, by its number or its id", (*Sandbox).serveRedeliver},
		{"GET /sandbox/clock", "business time", (*Sandbox).serveClock},
		{"POST /sandbox/diagnose", "say what is wrong with a request or a notice: its raw text as the body", nil},
		{"POST /sandbox/clock", `move business time forward: {"advance": "2h", "attempt": optional}`, (*Sandbox).serveAdvance},
	}
}

// Handler serves /sandbox/. Mount it at the root: its paths are absolute.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes {
		if rt.serve == nil { // listed here, served beside (edge/welcome)
			continue
		}
		mux.HandleFunc(rt.pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			refused := s.onlySandbox(r)
			var body any
			if refused == nil {
				body, refused = rt.serve(s, r)
			}
			if refused != nil {
				s.refuse(w, r, refused)
				return
			}
			writeJSON(w, http.StatusOK, body)
		})
	}
	mux.HandleFunc("/sandbox/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, &refusal{status: http.StatusNotFound, code: "RESOURCE_NOT_EXISTS",
			zh: "没有这个端点或方法；GET /sandbox/ 列出全部。", en: "There is no such endpoint or method; GET /sandbox/ lists them."})
	})
	// A page on another site must not make a developer's browser pay.
	return http.NewCrossOriginProtection().Handler(mux)
}

// onlySandbox refuses on a platform whose log is not a sandbox's.
func (s *Sandbox) onlySandbox(r *http.Request) (refused *refusal) {
	unread := s.read(r, func(r table.Reader) error {
		if head, ok := machine.Head(r); !ok || !head.Sandbox {
			refused = refusalOf(code.SandboxOnly)
		}
		return nil
	})
	if unread != nil {
		return unread
	}
	return refused
}

func (s *Sandbox) serveIndex(*http.Request) (any, *refusal) {
	type endpoint struct {
		Endpoint string `json:"endpoint"`
		What     string `json:"what"`
	}
	var list []endpoint
	for _, rt := range routes {
		list = append(list, endpoint{rt.pattern, rt.what})
	}
	return map[string]any{"endpoints": list}, nil
}

// do sends a command and turns everything but success into a refusal. The
// record concerned may come back with a refusal too.
func do[B, R table.Record](s *Sandbox, r *http.Request, c catalogue.Command[B, R], body B) (R, *refusal) {
	rec, out, err := c.Do(r.Context(), s.core, "sandbox", "", body)
	switch {
	case err != nil:
		return rec, noResult(err)
	case !out.OK():
		return rec, refusalOf(out)
	}
	return rec, nil
}

// read reads the state; what cannot be read is a refusal.
func (s *Sandbox) read(r *http.Request, f func(table.Reader) error) *refusal {
	ctx, done := gate.Reading(r.Context())
	defer done()
	if err := s.core.ReadLatest(ctx, f); err != nil {
		s.log.Error("sandbox: the state cannot be read", "err", err)
		return noResult(err)
	}
	return nil
}

// businessNow is business time as a command would have it now.
func (s *Sandbox) businessNow(head *pb.Head) int64 {
	return max(head.At, s.now().UnixMilli()+head.ClockOffsetMs)
}

// fresh draws an identity for a request that brought none.
func fresh() string {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
