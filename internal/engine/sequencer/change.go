package sequencer

import (
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var (
	// ErrChangeLost says that what became of a change of members is not known.
	ErrChangeLost = errors.New("the lead was lost while the members were being changed; look at the cluster's status and repeat what is missing")
	// ErrLevel says that the feature level has no command for it yet.
	ErrLevel = fmt.Errorf("changing members needs feature level %d; raise it with `holdfast level set %d`", membership.Level, membership.Level)
)

// change is told what became of a change of members.
type change func(error)

// Change proposes a change of members on the leader, all at once: each as it is to
// be afterwards, with the actor who asked for the journal. done is called once:
// with nil when the change is committed, with ErrChangeLost when nobody knows, or
// at once with why it was not proposed (member.ErrNotLeader, member.ErrChanging,
// ErrLevel). Of the loop.
func (s *Sequencer) Change(now Clock, actor string, members []*pb.Member, done func(error)) {
	if err := s.propose(now, actor, members, done); err != nil {
		done(err)
	}
}

func (s *Sequencer) propose(now Clock, actor string, members []*pb.Member, done func(error)) error {
	switch {
	case !s.leads.Load():
		return member.ErrNotLeader
	case s.opt.Level() < membership.Level:
		return ErrLevel
	}
	cmd := machine.MemberChange.New(actor, "", &pb.MemberChange{Members: members})
	cmd.Origin = s.opt.Member.Identity.RaftID
	data, err := Encode([]*pb.Command{cmd}, s.stamp(now), s.opt.Random)
	if err != nil {
		return err
	}
	return s.member.Change(members, data, change(done))
}

// promote gives learners that have caught up a vote, one at a time.
func (s *Sequencer) promote() {
	if !s.leads.Load() || s.opt.Single || s.opt.Level() < membership.Level {
		return
	}
	voter := membership.CaughtUp(s.Status(), s.opt.Level())
	if voter == nil {
		return
	}
	now := Clock{Wall: s.member.Wall()}
	if err := s.propose(now, "node/leader", []*pb.Member{voter}, func(error) {}); err != nil {
		s.opt.Logger.Warn("a learner that has caught up can't be given a vote yet", "node", voter.Name, "err", err)
		return
	}
	s.opt.Logger.Info("a learner has caught up and gets a vote", "node", voter.Name)
}
