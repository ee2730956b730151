package replica

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ChangeMembers changes members on the leader, all at once: each as it is to be
// afterwards, with the actor who asked for the journal. It returns when the
// change is committed. member.ErrNotLeader and member.ErrChanging ask to try
// elsewhere or later; sequencer.ErrLevel that the level does not know it.
func (r *Replica) ChangeMembers(ctx context.Context, actor string, members ...*pb.Member) error {
	result := make(chan error, 1)
	call := func() { r.seq.Change(r.clock(), actor, members, func(err error) { result <- err }) }
	select {
	case r.calls <- call:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
}

// Transfer hands the lead to a voter, or to the one that is furthest when to is
// 0, and waits until this node does not lead any more or ctx ends.
func (r *Replica) Transfer(ctx context.Context, to uint64) error {
	again := time.NewTicker(5 * member.TickEvery)
	defer again.Stop()
	for {
		changed := r.Changed()
		if r.seq.Term() == 0 {
			return nil
		}
		select {
		case r.calls <- func() { r.seq.Member().Transfer(to) }:
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-again.C:
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		case <-ctx.Done():
			return fmt.Errorf("no other node took the lead: %w", ctx.Err())
		}
	}
}

// Fetching tells peers that the snapshot of an index is on its way; 0 that none is.
func (r *Replica) Fetching(index uint64) {
	select {
	case r.calls <- func() { r.seq.Member().Fetching(index) }:
	case <-r.ctx.Done():
	}
}
