package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
)

// checkpoints publishes signed checkpoints of the journal, at most one every
// so often, and lets receipts wait for the one that covers them. Several voters
// sign nothing that a majority of them has not got.
type checkpoints struct {
	core      *replica.Replica
	publisher *journal.Publisher
	// publish is the publisher's; tests let it fail.
	publish func(r table.Reader, size uint64, root tlog.Hash, index uint64) (journal.Signed, error)
	every   time.Duration
	log     *slog.Logger

	mu        sync.Mutex
	published chan struct{} // closed at the next publication
	agreed    agree.Mark    // to be published
	agreedAt  time.Time     // when it was agreed on
	wake      chan struct{} // a token when there is one
}

func newCheckpoints(publisher *journal.Publisher, every time.Duration, log *slog.Logger) *checkpoints {
	return &checkpoints{publisher: publisher, publish: publisher.Publish, every: every, log: log, published: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// agreedOn takes a mark that a majority has. It never blocks.
func (c *checkpoints) agreedOn(m agree.Mark) {
	c.mu.Lock()
	c.agreed, c.agreedAt = m, time.Now()
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// agreedSince is when a majority last agreed with this node, zero for never.
func (c *checkpoints) agreedSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agreedAt
}

// check refuses a journal that does not extend what was published.
func (c *checkpoints) check(ctx context.Context) error {
	return c.core.ReadLocal(ctx, func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		return c.publisher.CheckJournal(r, head.JournalSize, [32]byte(head.JournalRoot), head.AppliedIndex)
	})
}

// Run publishes whenever the journal has grown, until ctx ends; then once more,
// so that an orderly stop of a node without peers leaves everything covered. A
// shortage, of descriptors or space, is no reason to stop: the next try publishes
// what this one could not.
func (c *checkpoints) Run(ctx context.Context) error {
	pause := time.NewTicker(c.every)
	defer pause.Stop()
	for {
		changed := c.core.Changed()
		err := c.RunOnce(context.WithoutCancel(ctx)) // an end must not look like a fault
		if err != nil && !diskguard.Shortage(err) {
			return err
		}
		if err != nil {
			c.log.Warn("checkpoints: something runs short; trying again", "err", err)
			changed = done
		}
		select {
		case <-ctx.Done():
			return c.last(context.WithoutCancel(ctx))
		case <-c.wake:
			continue
		case <-changed:
		}
		select {
		case <-ctx.Done():
		case <-c.wake:
		case <-pause.C:
		}
	}
}

// done is a channel that is ready always.
var done = func() <-chan struct{} { c := make(chan struct{}); close(c); return c }()

// last publishes for the last time; what it cannot, the next start does.
func (c *checkpoints) last(ctx context.Context) error {
	if err := c.RunOnce(ctx); !diskguard.Shortage(err) {
		return err
	}
	return nil
}

// RunOnce publishes what a majority agreed on, if the journal has grown, and asks
// for agreement on what it is now. The only voter agrees with itself.
func (c *checkpoints) RunOnce(ctx context.Context) error {
	before, _ := c.publisher.Latest()
	err := c.core.ReadLocal(ctx, func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		mark := agree.Mark{Index: head.AppliedIndex, Size: head.JournalSize, Root: [32]byte(head.JournalRoot)}
		if !c.core.Status().Alone {
			c.mu.Lock()
			mark = c.agreed
			c.mu.Unlock()
		}
		if mark.Size <= before.Size || mark.Size > head.JournalSize {
			return nil
		}
		_, err := c.publish(r, mark.Size, mark.Root, mark.Index)
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

// ask asks all nodes, once an interval, what they have; of the leader.
func (c *checkpoints) ask(ctx context.Context) {
	every := time.NewTicker(c.every)
	defer every.Stop()
	asked := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		last, _ := c.core.Agreed()
		if applied := c.core.Applied(); c.core.Leads() && (applied != asked || last.Index != applied || c.unsure(last.Index)) {
			c.core.Agree()
			asked = applied
		}
	}
}

// unsure says whether a peer that is there does not know yet that its state at
// index is a majority's: it was away when that was told.
func (c *checkpoints) unsure(index uint64) bool {
	return slices.ContainsFunc(c.core.Status().Peers, func(p member.PeerStatus) bool {
		return p.Ticks >= 0 && time.Duration(p.Ticks)*member.TickEvery < silent*time.Millisecond && p.Status.GetHealth().GetMarkIndex() < index
	})
}

// Covering returns the newest checkpoint once it covers entry seq. When none
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
