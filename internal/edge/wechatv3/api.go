package wechatv3

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Core is what the API needs of a node; *replica.Replica is one.
type Core interface {
	// Do runs a command and answers once it is durable. An error is a
	// *code.Error and means that no result is known.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLatest calls f with one snapshot that has every answered command. It
	// waits for that as long as ctx lasts.
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Keys is what the API needs of the keystore; *keystore.Store is one. Times are
// wall-clock Unix milliseconds.
type Keys interface {
	// APIv3Key is a merchant's 32-byte key by its id.
	APIv3Key(keyID string) (key []byte, ok bool)
	// PlatformCerts lists the certificates clients should hold, newest first.
	PlatformCerts(now int64) []keystore.PlatformCert
	// SigningCert is the certificate that signs.
	SigningCert(now int64) *keystore.Signer
	// Signer finds a key by the id a client names in Wechatpay-Serial.
	Signer(id string) (*keystore.Signer, bool)
	// PublicKey is the key of public-key mode.
	PublicKey() *keystore.Signer
}

// Config assembles an API.
type Config struct {
	Core Core
	Keys Keys
	// Products are what is served.
	Products []Product
	// PathPrefix is a path the API may be mounted under besides /v3, e.g.
	// "/sandbox". Clients that sign the prefix and those that don't both verify.
	PathPrefix string
	// PrivateCallbacks accepts a notify_url that names this machine or a private
	// network, for dev and for sites whose merchants live inside.
	PrivateCallbacks bool
	// StrictSigning turns off the signature variants that some clients need:
	// see signed.go.
	StrictSigning bool
	// Now is the wall clock; nil is time.Now. Clients' and certificates' times
	// are held against it, never against business time.
	Now func() time.Time
	// Log takes what went wrong inside; nil is slog.Default().
	Log *slog.Logger
	// Registerer takes the metrics; nil registers none.
	Registerer prometheus.Registerer
}

// API is the merchant API as an http.Handler. It keeps no state but caches.
type API struct {
	core     Core
	keys     Keys
	routes   []Route
	prefix   string
	private  bool
	variants bool
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics
	certs    certCache
	polls    polls
	// sign makes an answer's signature; benchmarks leave it out.
	sign func(signer, []byte) (string, error)
	// offset is the business offset in seconds plus one, 0 before it was read:
	// it is fixed by the log's first command.
	offset atomic.Int64
}

// New makes an API. It fails on a configuration that cannot serve.
func New(cfg Config) (*API, error) {
	switch {
	case cfg.Core == nil || cfg.Keys == nil:
		return nil, errors.New("merchant API: Core and Keys are needed")
	case len(cfg.Products) == 0:
		return nil, errors.New("merchant API: Products are needed: without them nothing is served")
	case cfg.PathPrefix != "" && (cfg.PathPrefix[0] != '/' || strings.HasSuffix(cfg.PathPrefix, "/")):
		return nil, errors.New("merchant API: PathPrefix begins with a slash and does not end with one")
	}
	a := &API{
		core: cfg.Core, keys: cfg.Keys, routes: routesOf(cfg.Products), prefix: cfg.PathPrefix,
		private: cfg.PrivateCallbacks, variants: !cfg.StrictSigning, now: cfg.Now, log: cfg.Log,
	}
	a.sign = func(s signer, message []byte) (string, error) { return s.Sign(message) }
	if a.now == nil {
		a.now = time.Now
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	var err error
	a.metrics, err = newMetrics(cfg.Registerer)
	return a, err
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &Request{api: a, http: r, id: newRequestID(), Began: a.now(), lang: languageOf(r.Header), pass: gate.From(r.Context())}
	route, params, allow := a.find(r.Method, r.URL)
	if route == nil {
		a.unrouted(w, q, allow)
		return
	}
	q.route, q.params = route, params
	body, refused := a.serve(w, q)
	if refused != nil {
		a.refuse(w, q, refused)
		return
	}
	a.answer(w, q, body)
}

// serve runs the steps of a request; a panic in any of them is an inner error.
func (a *API) serve(w http.ResponseWriter, q *Request) (body []byte, refused *Refusal) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			body, refused = nil, a.broken(q, p)
		}
	}()
	if refused := checkHeaders(q); refused != nil {
		return nil, refused
	}
	if refused := a.authenticate(w, q); refused != nil {
		return nil, refused
	}
	return q.route.Handle(q)
}
