package node

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/replica"
)

// housekeeping does what is due and keeps the log short.
type housekeeping struct{ part }

func (n *housekeeping) Start(context.Context) error {
	c := &chores{replica: n.replica, store: n.store, log: n.raftLog, every: 5 * time.Second, flushEvery: time.Minute, logger: n.log}
	if n.group != nil {
		c.needed = n.group.keeper.Needs
		n.spawn("keys", n.fetchKeys)
		n.spawn("certificate", n.renew)
	}
	if !n.keysAtLevel() {
		n.spawn("keystore layout", n.watchLevel)
	}
	n.spawn("log retention", func(ctx context.Context) {
		if err := c.Run(ctx); err != nil {
			n.stop(err)
		}
	})
	if n.blocked == nil {
		n.spawn("ticker", replica.NewTicker(n.replica).Run)
	}
	return nil
}
