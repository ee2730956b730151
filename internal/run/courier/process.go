// Package courier assembles and runs one courier process: the keystore that
// signs and seals, the client of the node's inner service, the courier itself
// (internal/edge/courier), and an address for its metrics and health.
package courier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/holdfast-pay/holdfast/internal/edge/courier"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// Process says what a courier is made of.
type Process struct {
	// Data is the data folder with the keystore; MasterKey is the file with the
	// key that seals it, "" for the folder's own.
	Data, MasterKey string
	// Nodes are the inner addresses of the platform's nodes, HOST:PORT each: any
	// one serves, and when it is gone the next does.
	Nodes []string
	// Name is what the courier is called in the journal. Each process has its own.
	Name string
	// Lease is how long its share of the merchants stays its own without a
	// renewal; 0 means courier.DefaultLease.
	Lease time.Duration
	// Allow lists networks beyond the public internet that notices may go to.
	Allow []netip.Prefix
	// Metrics is where /metrics and /healthz answer, HOST:PORT; "" is nowhere.
	Metrics string
	Log     *slog.Logger
	// LogDropped counts lines that the log lacks; nil when none can be.
	LogDropped func() uint64
}

// Run delivers notices until ctx ends. It then returns nil, or an error that
// says how many attempts the node may send again.
func (p Process) Run(ctx context.Context) error {
	keys, err := keystore.Open(p.Data, keystore.Options{MasterKey: p.MasterKey, ReadOnly: true})
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if p.LogDropped != nil {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_courier_log_lines_dropped_total",
			Help: "Log lines that were dropped because nobody read them in time."}, func() float64 { return float64(p.LogDropped()) }))
	}
	client := courier.NewClient(courier.ClientOptions{Nodes: p.Nodes, Name: p.Name, TLS: keys.Cluster().ClientTLS(pki.RoleCourier), Logger: p.Log})
	defer client.Close()
	c, err := courier.New(courier.Config{Node: client, Keys: keys, Allow: p.Allow, Lease: p.Lease, Registerer: registry, Logger: p.Log, MaxInFlight: inFlight(listen.Limit())})
	if err != nil {
		return err
	}
	stop, err := p.serveMetrics(registry)
	if err != nil {
		return err
	}
	p.Log.Info("courier started", "nodes", p.Nodes, "name", p.Name, "allow", p.Allow)
	return errors.Join(c.Run(ctx), stop())
}

// metricsShare is the percentage of connections that are for metrics and health.
const metricsShare = 10

// inFlight is how many attempts may be in the air with so many descriptors: those
// to endpoints that answer, as many to slow ones, and idle connections.
func inFlight(limit int) int { return min(courier.DefaultMaxInFlight, listen.Room(limit)/3) }

// serveMetrics opens the address for metrics and health, if one is asked for.
func (p Process) serveMetrics(registry *prometheus.Registry) (stop func() error, err error) {
	if p.Metrics == "" {
		return func() error { return nil }, nil
	}
	open, err := net.Listen("tcp", p.Metrics)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	listener := listen.Cap(open, listen.Share(metricsShare))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }) // the asker may be gone
	server := &http.Server{Handler: mux, ConnState: listener.Track, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.Log.Error("metrics are not served any more", "err", err)
		}
	}()
	p.Log.Info("metrics", "address", listener.Addr().String())
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		<-ended
		return err
	}, nil
}
