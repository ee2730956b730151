package node

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/inner"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// InnerConfig is the listener of the platform's own processes, always mutual TLS.
type InnerConfig struct {
	Address string `toml:"address" yaml:"address"`
}

// innerSection is where the platform's own processes call.
func innerSection(c *Config) config.Section {
	i := &c.Inner
	return config.Section{
		Name:     "inner",
		Settings: []config.Setting{config.Key("address", "HOST:PORT for the platform's own processes (the courier), always mutual TLS.", &i.Address)},
		Default:  func() { i.Address = "127.0.0.1:7444" },
		Check: func(k *config.Checker) {
			k.Address("address", i.Address)
			k.Listens(i.Address)
		},
	}
}

// courierService serves couriers over mutual TLS.
type courierService struct {
	part
	cfg InnerConfig
}

// Start serves the courier over mutual TLS.
func (n *courierService) Start(context.Context) error {
	l, err := n.doors.open("inner", n.cfg.Address)
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
