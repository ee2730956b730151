package node

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// replication is the replica: commands, replay, membership.
type replication struct {
	part
	disk     DiskConfig
	observed *observed
}

func (n *replication) Start(ctx context.Context) error {
	stops, err := Stops(n.dir)
	if err != nil {
		return err
	}
	quarantine, err := ReadQuarantine(n.dir)
	if err != nil {
		return err
	}
	opt := replica.Options{
		Identity: n.raftLog.Identity(), Log: n.raftLog, Backend: n.store, Bootstrap: n.self(), Version: n.opt.Version,
		Agreed: n.journal.checkpoints.agreedOn, Health: func() *pb.NodeHealth { return health(n.shared) }, Damaged: n.damage.noticed,
		Machine: machine.Options{Quarantined: quarantine.Has}, SpaceLow: n.space.Low,
		Stopped: n.stop, Observe: n.observed.frame, Logger: n.log,
	}
	if s, ok := blocked(stops, quarantine); ok {
		n.blocked, opt.ReadOnlyFrom = &s, s.Index
		n.log.Error("starting read-only", "why", n.readOnly())
	}
	if g := n.group; g != nil {
		opt.Peers, opt.Behind = links{n.shared}, n.behind
		if g.own.Node().ClusterID != 0 {
			opt.Bootstrap = nil // only who is of no cluster yet may found one
		}
		if g.joined != nil {
			opt.Bootstrap, opt.Known = nil, g.joined.Members
		}
	}
	if n.replica, err = replica.Open(opt); err != nil {
		return err
	}
	n.running.Store(n.replica)
	n.onClose("replica", func() error { n.running.Store(nil); return n.replica.Close() })
	if err := n.settle(); err != nil {
		return err
	}
	return n.replica.Ready(ctx)
}

// Metrics implements Part.
func (n *replication) Metrics() []prometheus.Collector {
	o := n.observed
	return []prometheus.Collector{o.appendTime, o.applyTime, o.frameCommands, o.frameBytes, o.commands, &groupGauges{n.shared, time.Now()}}
}
