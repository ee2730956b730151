package node

import (
	"net"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// shares of the connections that the process may have, percent by listener; the
// rest is for peers.
var shares = map[string]int{"merchant_api": 40, "wallet_api": 32, "admin": 8, "inner": 8}

// peerShare is the percentage for connections of peers that have not said yet who
// they are.
const peerShare = 12

// doors are a node's listeners, each with its share of the process's descriptors.
type doors struct {
	by    map[string]*listen.Capped
	certs []*certificate                  // of those with TLS, to be read again on SIGHUP
	with  map[net.Listener]*listen.Capped // also those with TLS in front
}

func newDoors() *doors {
	return &doors{by: map[string]*listen.Capped{}, with: map[net.Listener]*listen.Capped{}}
}

// open listens on an address of the configuration.
func (d *doors) open(name, address string) (net.Listener, error) {
	percent, ok := shares[name]
	must.That(ok, "the listener %s has no share of the connections", name)
	l, err := openListener(address)
	if err != nil {
		return nil, err
	}
	c := listen.Cap(l, listen.Share(percent))
	d.by[name], d.with[c] = c, c
	return c, nil
}

// behind notes that outer, which it returns, takes its connections from inner.
func (d *doors) behind(inner, outer net.Listener) net.Listener {
	d.with[outer] = d.with[inner]
	return outer
}

func (d *doors) of(l net.Listener) *listen.Capped { return d.with[l] }

// doorGauges show how full the listeners are.
type doorGauges struct{ n *shared }

var (
	connectionsOpen = prometheus.NewDesc("holdfast_connections", "Open connections, by listener.", []string{"listener"}, nil)
	connectionsCut  = prometheus.NewDesc("holdfast_connections_ended_for_room_total",
		"Connections without a request that were ended so that others find room, by listener.", []string{"listener"}, nil)
)

// Describe implements prometheus.Collector.
func (g *doorGauges) Describe(out chan<- *prometheus.Desc) {
	out <- connectionsOpen
	out <- connectionsCut
}

// Collect implements prometheus.Collector.
func (g *doorGauges) Collect(out chan<- prometheus.Metric) {
	shown := g.n.shown.Load()
	if shown == nil {
		return // listeners are still being opened
	}
	for name, c := range g.n.doors.by { // order does not matter: each is a sample of its own
		out <- prometheus.MustNewConstMetric(connectionsOpen, prometheus.GaugeValue, float64(c.Open()), name)
		out <- prometheus.MustNewConstMetric(connectionsCut, prometheus.CounterValue, float64(c.Ended()), name)
	}
}
