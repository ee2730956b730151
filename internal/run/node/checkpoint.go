package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
)

// checkpoints publishes signed checkpoints of the journal, at most one every
// so often, and lets receipts wait for the one that covers them.
type checkpoints struct {
	core      *replica.Replica
	publisher *journal.Publisher
	every     time.Duration

	mu        sync.Mutex
	published chan struct{} // closed at the next publication
}

func (c *checkpoints) init() { c.published = make(chan struct{}) }

// check refuses a journal that does not extend what was published.
func (c *checkpoints) check() error {
	return c.core.Read(func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		return c.publisher.CheckJournal(r, head.JournalSize, [32]byte(head.JournalRoot), head.AppliedIndex)
	})
}

// Run publishes whenever the journal has grown, until ctx ends; then once more,
// so that an orderly stop leaves everything covered.
func (c *checkpoints) Run(ctx context.Context) error {
	pause := time.NewTicker(c.every)
	defer pause.Stop()
	for {
		changed := c.core.Changed()
		if err := c.RunOnce(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return c.RunOnce()
		case <-changed:
		}
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// RunOnce publishes the journal as it is, if it has grown.
func (c *checkpoints) RunOnce() error {
	before, _ := c.publisher.Latest()
	err := c.core.Read(func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok || head.JournalSize == before.Size {
			return nil
		}
		_, err := c.publisher.Publish(r, head.JournalSize, [32]byte(head.JournalRoot), head.AppliedIndex)
		return err
	})
	if err != nil {
		return fmt.Errorf("publish a checkpoint: %w", err)
	}
	if after, _ := c.publisher.Latest(); after.Size != before.Size {
		c.mu.Lock()
		close(c.published)
		c.published = make(chan struct{})
		c.mu.Unlock()
	}
	return nil
}

// Covering answers the newest checkpoint once it covers entry seq. When none
// does before ctx ends, the error is journal.ErrNotCovered.
func (c *checkpoints) Covering(ctx context.Context, seq uint64) (journal.Signed, error) {
	for {
		c.mu.Lock()
		published := c.published
		c.mu.Unlock()
		if cp, ok := c.publisher.Latest(); ok && seq < cp.Size {
			return cp, nil
		}
		select {
		case <-published:
		case <-ctx.Done():
			return journal.Signed{}, errors.Join(journal.ErrNotCovered, ctx.Err())
		}
	}
}
