package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

// chores keep the log short: the state is flushed from time to time, and what
// the state has on disk need not stay in the log.
type chores struct {
	replica *replica.Replica
	store   *store.Store
	log     *raftlog.Log
	// every is the time between looks; flushEvery is the most time for which a
	// quiet node keeps frames in memory only, which a start would replay.
	every, flushEvery time.Duration
	// needed is the index after which peers need the log; nil without peers.
	needed func() uint64
	logger *slog.Logger

	flushed   time.Time
	flushedAt uint64 // the applied index at the last flush
}

// Run looks until ctx ends. An error means that a store can't be trusted.
func (c *chores) Run(ctx context.Context) error {
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := c.RunOnce(time.Now())
		if err != nil && !diskguard.Shortage(err) {
			return err
		}
		if err != nil { // the log stays as long as it is until there is more
			c.logger.Warn("log retention: something runs short; trying again", "err", err)
		}
	}
}

// RunOnce flushes the state when it is time and cuts the log.
func (c *chores) RunOnce(now time.Time) error {
	if applied := c.replica.Applied(); now.Sub(c.flushed) >= c.flushEvery && applied != c.flushedAt {
		if _, err := c.store.FlushAsync(); err != nil {
			return fmt.Errorf("flush the state: %w", err)
		}
		c.flushed, c.flushedAt = now, applied
	}
	head, ok, err := c.store.DurableHead()
	if err != nil {
		return fmt.Errorf("read the durable index: %w", err)
	}
	if !ok {
		return nil
	}
	upTo := head.AppliedIndex
	if c.needed != nil {
		upTo = min(upTo, c.needed())
	}
	if _, err := c.log.Retain(now, upTo); err != nil {
		return fmt.Errorf("cut the log: %w", err)
	}
	return nil
}
