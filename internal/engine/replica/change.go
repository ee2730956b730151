package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// MembersLevel is the feature level from which members can change.
const MembersLevel = 3

var (
	errChangeLost = errors.New("the lead was lost while the members were being changed; look at the cluster's status and repeat what is missing")
	// ErrLevel says that the feature level has no command for it yet.
	ErrLevel = fmt.Errorf("changing members needs feature level %d; raise it with `holdfast level set %d`", MembersLevel, MembersLevel)
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
	case r.Position().Level < MembersLevel:
		return ErrLevel
	}
	cmd := machine.MemberChange.New(actor, "", &pb.MemberChange{Members: members})
	cmd.Origin, cmd.Seed = r.opt.Identity.RaftID, blankSeed
	f, err := newFrame([]*waiter{{cmd: cmd}}, cmd.SizeVT(), r.stamp(), r.opt.Random)
	if err != nil {
		return err
	}
	cc := new(raftpb.ConfChangeV2)
	for _, m := range members {
		kind := raftpb.ConfChangeRemoveNode
		switch m.Role {
		case pb.MemberRole_MEMBER_ROLE_VOTER:
			kind = raftpb.ConfChangeAddNode
		case pb.MemberRole_MEMBER_ROLE_LEARNER:
			kind = raftpb.ConfChangeAddLearnerNode
		}
		cc.Changes = append(cc.Changes, &raftpb.ConfChangeSingle{Type: kind.Enum(), NodeId: &m.RaftId})
	}
	return r.member.Change(cc, &pb.ConfContext{Members: members, Frame: f.data}, c)
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

// caughtUp is how many entries a learner may be behind when it gets a vote.
const caughtUp = 64

// promote gives learners that have caught up a vote, one at a time; of the loop.
func (r *Replica) promote() {
	if !r.leader.Load() || r.opt.Peers == nil || r.Position().Level < MembersLevel {
		return
	}
	s := r.Status()
	if s.Changing {
		return
	}
	for _, p := range s.Peers {
		if p.Member.Role != pb.MemberRole_MEMBER_ROLE_LEARNER || p.Match+caughtUp < s.LastIndex || !p.Status.GetProven() || p.Ticks < 0 || p.Ticks > 40 {
			continue
		}
		voter := proto.Clone(p.Member).(*pb.Member)
		voter.Role = pb.MemberRole_MEMBER_ROLE_VOTER
		if err := r.proposeChange(&change{result: make(chan error, 1)}, "node/leader", []*pb.Member{voter}); err != nil {
			r.opt.Logger.Warn("a learner that has caught up can't be given a vote yet", "node", voter.Name, "err", err)
		} else {
			r.opt.Logger.Info("a learner has caught up and gets a vote", "node", voter.Name)
		}
		return
	}
}

// Fetching tells peers that the snapshot of an index is on its way; 0 that none is.
func (r *Replica) Fetching(index uint64) {
	select {
	case r.calls <- func() { r.member.Fetching(index) }:
	case <-r.ctx.Done():
	}
}
