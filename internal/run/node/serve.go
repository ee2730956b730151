package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/inner"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/pay"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/products"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Bounds of every listener.
const (
	maxHeader = 32 << 10
	// drain is how long requests under way may take once a listener is closed.
	drain = 5 * time.Second
	// profile is the longest an admin answer takes: a CPU profile of a minute.
	profile = 90 * time.Second
)

// server runs an http.Server on a listener until the part is closed.
func (n *Node) server(name string, l net.Listener, s *http.Server) {
	s.MaxHeaderBytes = maxHeader
	s.ErrorLog = slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)
	if s.ReadHeaderTimeout == 0 {
		s.ReadHeaderTimeout = 5 * time.Second
	}
	if c := n.doors.of(l); c != nil {
		s.ConnState = c.Track
	}
	ended := make(chan struct{})
	handler, underWay := s.Handler, new(sync.WaitGroup)
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		underWay.Add(1)
		defer underWay.Done()
		handler.ServeHTTP(w, r)
	})
	go func() {
		defer close(ended)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.stop(fmt.Errorf("%s: %w", name, err))
		}
	}()
	n.onClose(name, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		err := s.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.Close() // whoever is still there is slower than we wait
		}
		<-ended
		underWay.Wait() // Close cuts connections; their handlers end with them
		return err
	})
}

// open listens on a part's address, with TLS unless it is plain on loopback,
// and answers the URL to reach it.
func (n *Node) open(name, address, cert, key string, protocols ...string) (l net.Listener, url string, err error) {
	if l, err = n.doors.open(name, address); err != nil {
		return nil, "", err
	}
	if cert == "" {
		return l, "http://" + l.Addr().String(), nil
	}
	c, err := openCertificate(name, cert, key)
	if err != nil {
		return nil, "", errors.Join(err, l.Close())
	}
	n.certs = append(n.certs, c)
	tc := c.config()
	tc.NextProtos = protocols
	return n.doors.behind(l, tls.NewListener(l, tc)), "https://" + l.Addr().String(), nil
}

// startAdmin opens the admin address early: health and readiness answer while
// the rest starts.
func (n *Node) startAdmin(context.Context) (err error) {
	if n.tokens, err = admin.OpenTokens(admin.NamedTokenFile(n.dir), n.keys.VerifyAdminToken); err != nil {
		return err
	}
	a := n.cfg.Admin
	l, url, err := n.open("admin", a.Address, a.TLSCert, a.TLSKey, "h2", "http/1.1")
	if err != nil {
		return err
	}
	n.addresses.Admin = url
	n.startMetrics()
	n.adminHandler = admin.Handler(n.acquire, n.tokens, admin.Probes{
		Alive: func() string { return "" }, Ready: n.notReady, Queries: n.noQueries,
		Metrics: n.metricsHandler(), OpenMetrics: a.OpenMetrics,
	})
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(a.TLSCert == "") // gRPC on loopback
	n.server("administration", l, &http.Server{Handler: n.leading(n.adminHandler), Protocols: &p, ReadTimeout: 30 * time.Second, WriteTimeout: profile, IdleTimeout: time.Minute})
	return nil
}

// startAddress leaves the admin address in the folder for the command line.
func (n *Node) startAddress(context.Context) error {
	n.onClose("admin address", func() error { return admin.RemoveURL(n.dir) })
	return admin.WriteURL(n.dir, n.addresses.Admin)
}

// acquire answers the admin service, and what to call when done with it; nil
// while the node is starting or stopping. Parts are not closed under it.
func (n *Node) acquire() (*admin.Server, func()) {
	n.parts.RLock()
	if s := n.admin; s != nil && n.ctx.Err() == nil {
		return s, n.parts.RUnlock
	}
	n.parts.RUnlock()
	return nil, nil
}

// startAdminService lets operators in.
func (n *Node) startAdminService(context.Context) error {
	m := n.cfg.Merchants
	modes := map[string]pb.KeyMode{
		"certificate": pb.KeyMode_KEY_MODE_CERTIFICATE, "public_key": pb.KeyMode_KEY_MODE_PUBLIC_KEY, "both": pb.KeyMode_KEY_MODE_BOTH,
	}
	service := admin.NewServer(admin.Config{
		Core: n.replica, Cluster: n.operator(), Keys: n.keys, Views: n.views, Receipts: n.receipts, Tokens: n.tokens,
		Defaults: &pb.MerchantSettings{
			KeyMode: modes[m.KeyMode], RefundIntervalS: int32(m.RefundInterval.Std() / time.Second),
			AllowHttp: m.AllowHTTP, Strict: m.Strict, WeixinCodeUrl: m.WeixinCodeURL,
		},
		Checkpoint: n.publisher.Latest, Now: n.replica.Now, Wall: time.Now, ReadOnly: n.readOnly,
		Version: n.opt.Version, Log: n.log,
	})
	n.parts.Lock()
	n.admin = service
	n.parts.Unlock()
	n.onClose("admin service", func() error {
		n.parts.Lock() // waits for whoever is using the parts
		n.admin = nil
		n.parts.Unlock()
		return nil
	})
	return nil
}

// startInner serves the courier over mutual TLS.
func (n *Node) startInner(context.Context) error {
	l, err := n.doors.open("inner", n.cfg.Inner.Address)
	if err != nil {
		return err
	}
	n.addresses.Inner = l.Addr().String()
	mux := http.NewServeMux()
	mux.Handle(inner.New(n.replica, n.log).Handler())
	ctx, cancel := context.WithCancel(n.ctx)
	s := &http.Server{Handler: mux, TLSConfig: n.keys.Cluster().NodeTLS(), IdleTimeout: time.Minute,
		// A courier's machine that is gone without a word is noticed soon, so that
		// another courier may take its place.
		HTTP2:       &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		BaseContext: func(net.Listener) context.Context { return ctx }}
	n.server("inner service", n.doors.behind(l, tls.NewListener(l, n.keys.Cluster().NodeTLS())), s)
	n.onClose("courier streams", func() error { cancel(); return nil })
	return nil
}

// startMerchantAPI opens the platform to merchants and payers.
func (n *Node) startMerchantAPI(context.Context) error {
	m := n.cfg.MerchantAPI
	// HTTP/1.1 only: some of the original's clients break when h2 is offered.
	l, url, err := n.open("merchant_api", m.Address, m.TLSCert, m.TLSKey, "http/1.1")
	if err != nil {
		return err
	}
	n.addresses.MerchantAPI = url
	base := strings.TrimRight(n.cfg.Cashier.BaseURL, "/")
	if base == "" {
		base = url // plain on loopback: whoever can pay is on this machine
	}
	n.addresses.Cashier = base
	links := pay.Links{
		Code: func(prepayID string) string { return cashier.CodeURL(base, prepayID) },
		H5:   func(o *pb.Order) string { return cashier.H5URL(base, o) },
	}
	api, err := wechatv3.New(wechatv3.Config{
		Core: n.replica, Keys: n.keys, Products: products.All(links, n.keys),
		PathPrefix: m.PathPrefix, StrictSigning: m.StrictSigning, PrivateCallbacks: m.PrivateCallbacks,
		Log: n.log, Registerer: n.registry,
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	pages := cashier.New(cashier.Config{Core: n.replica, Receipt: n.receipts.Payment, Logger: n.log})
	handler, err := n.public(api, pages)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s := wechatv3.NewServer(handler, nil, n.log)
	s.ReadHeaderTimeout, s.ReadTimeout = m.HeaderTimeout.Std(), m.RequestTimeout.Std()
	s.WriteTimeout, s.IdleTimeout = m.RequestTimeout.Std()+time.Second, m.IdleTimeout.Std()
	n.server("merchant API", l, s)
	n.shown.Store(&n.addresses)
	n.ready.Store(true)
	return nil
}

// public makes what answers at the merchant API's address. One gate lets all of it
// in; the cashier's style sheet is cheaper than a refusal.
func (n *Node) public(api *wechatv3.API, pages *cashier.Cashier) (http.Handler, error) {
	g, err := gate.New(gate.Config{Most: n.cfg.MerchantAPI.MaxInFlight, Inside: n.replica.Waiting, Registerer: n.registry})
	if err != nil {
		return nil, err
	}
	shown := pages.Handler()
	f := &front{prefix: n.cfg.MerchantAPI.PathPrefix, api: g.Guard(api, api), pages: g.Guard(pages, shown), static: shown}
	if s := n.sandboxHandler(); s != nil {
		f.sandbox = g.Guard(api, s)
	}
	return f, nil
}
