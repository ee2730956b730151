package node

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/inner"
)

// courierService serves couriers over mutual TLS.
type courierService struct{ part }

// Start serves the courier over mutual TLS.
func (n *courierService) Start(context.Context) error {
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
