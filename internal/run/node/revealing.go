package node

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// revealing has the leader show the seeds of lucky packets that have ended.
type revealing struct {
	part
	falseShares atomic.Uint64
}

// revealEvery is the time between looks, while a round over the packets goes on and
// after it.
const revealEvery = time.Second

func (n *revealing) Start(context.Context) error {
	if n.blocked != nil {
		return nil
	}
	n.spawn("revealing", n.run)
	return nil
}

func (n *revealing) run(ctx context.Context) {
	v := &wallet.Revealer{Core: n.replica, Personal: n.people, Log: n.log}
	tick := time.NewTicker(revealEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !n.replica.Leads() || n.replica.Position().Level < packet.Level {
			continue
		}
		falseShares, _, err := v.Look(ctx)
		n.falseShares.Add(falseShares)
		if err != nil && ctx.Err() == nil {
			n.log.Warn("packets could not be revealed; trying again", "err", err)
		}
	}
}

// Metrics implements Part.
func (n *revealing) Metrics() []prometheus.Collector {
	return []prometheus.Collector{prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "holdfast_packet_false_shares_total",
		Help: "Shares of red packets that were not what the packet's seed gives, found by this node when it revealed one: some node made them up.",
	}, func() float64 { return float64(n.falseShares.Load()) })}
}
