package node

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// eventing tells people's devices and tills what happens.
type eventing struct{ part }

func (n *eventing) Start(context.Context) error {
	n.events = events.New(n.replica, n.views, machine.Rules().Kinds(), n.log)
	n.spawn("events", n.events.Run)
	return nil
}

// Metrics implements Part.
func (n *eventing) Metrics() []prometheus.Collector {
	return []prometheus.Collector{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "holdfast_streams", Help: "Open streams of people's devices and tills.",
	}, func() float64 {
		if n.shown.Load() == nil {
			return 0 // the node is being opened
		}
		return float64(n.events.Streams())
	})}
}
