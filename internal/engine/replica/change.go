package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var (
	errChangeLost = errors.New("the lead was lost while the members were being changed; look at the cluster's status and repeat what is missing")
	// ErrLevel says that the feature level has no command for it yet.
	ErrLevel = fmt.Errorf("changing members needs feature level %d; raise it with `holdfast level set %d`", membership.Level, membership.Level)
)

// change is a change of members under way.
type change struct{ result chan error }

func (c *change) done(err error) {
	select {
	case c.result <- err:
	default:
	}
}

// ChangeMembers changes members on the leader, all at once: each as it is to be
// afterwards, with the actor who asked for the journal. It answers when the
// change is committed. member.ErrNotLeader and member.ErrChanging ask to try
// elsewhere or later.
func (r *Replica) ChangeMembers(ctx context.Context, actor string, members ...*pb.Member) error {
	c := &change{result: make(chan error, 1)}
	call := func() {
		if err := r.proposeChange(c, actor, members); err != nil {
			c.done(err)
		}
	}
	select {
	case r.calls <- call:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
	select {
	case err := <-c.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
}

// proposeChange is of the loop.
func (r *Replica) proposeChange(c *change, actor string, members []*pb.Member) error {
	switch {
	case !r.leader.Load():
		return member.ErrNotLeader
	case r.Position().Level < membership.Level:
		return ErrLevel
	}
	cmd := machine.MemberChange.New(actor, "", &pb.MemberChange{Members: members})
	cmd.Origin, cmd.Seed = r.opt.Identity.RaftID, blankSeed
	f, err := newFrame([]*waiter{{cmd: cmd}}, cmd.SizeVT(), r.stamp(), r.opt.Random)
	if err != nil {
		return err
	}
	return r.member.Change(members, f.data, c)
}

// Transfer hands the lead to a voter, or to the one that is furthest when to is
// 0, and waits until this node does not lead any more or ctx ends.
func (r *Replica) Transfer(ctx context.Context, to uint64) error {
	again := time.NewTicker(5 * member.TickEvery)
	defer again.Stop()
	for {
		changed := r.Changed()
		if r.term.Load() == 0 {
			return nil
		}
		select {
		case r.calls <- func() { r.member.Transfer(to) }:
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

// promote gives learners that have caught up a vote, one at a time; of the loop.
func (r *Replica) promote() {
	if !r.leader.Load() || r.opt.Peers == nil || r.Position().Level < membership.Level {
		return
	}
	voter := membership.CaughtUp(r.Status())
	if voter == nil {
		return
	}
	if err := r.proposeChange(&change{result: make(chan error, 1)}, "node/leader", []*pb.Member{voter}); err != nil {
		r.opt.Logger.Warn("a learner that has caught up can't be given a vote yet", "node", voter.Name, "err", err)
		return
	}
	r.opt.Logger.Info("a learner has caught up and gets a vote", "node", voter.Name)
}

// Fetching tells peers that the snapshot of an index is on its way; 0 that none is.
func (r *Replica) Fetching(index uint64) {
	select {
	case r.calls <- func() { r.member.Fetching(index) }:
	case <-r.ctx.Done():
	}
}
