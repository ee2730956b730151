package node

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// keyCount is how many data keys this node lacks of those that the state names: a
// learner with any gets no vote.
type keyCount struct {
	// at is the log index of the state; 0 when that was not near the leader's.
	at, missing uint64
}

func (c *keyCount) tell(h *pb.NodeHealth) {
	if c != nil {
		h.KeysAt, h.KeysMissing = c.at, c.missing
	}
}

// keyCounting counts them again whenever something changed.
type keyCounting struct {
	*shared
	// stand is what the state and the keyring were at the last count, as far as it
	// depends on them.
	stand   string
	missing uint64
}

// lookWhileLearning is the least time between two counts of a learner, which wait for
// its vote; counting takes at most half of the time, and of a voter a twentieth.
const (
	lookWhileLearning = 200 * time.Millisecond
	lookWhileVoting   = 2 * time.Second
)

// run counts until ctx ends.
func (c *keyCounting) run(ctx context.Context) {
	for {
		began := time.Now()
		if err := c.count(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("data keys could not be counted; trying again", "err", err)
		}
		took, pause := time.Since(began), lookWhileVoting
		if c.learns() {
			pause = max(lookWhileLearning, took)
		} else {
			pause = max(pause, 20*took)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (c *keyCounting) learns() bool {
	m := membership.Find(c.replica.Status().Members.GetMembers(), c.raftLog.Identity().RaftID)
	return m.GetRole() == pb.MemberRole_MEMBER_ROLE_LEARNER
}

// count counts if it may come out otherwise than the last time. How the leader stood
// is asked before the state is read, so that a state near it was so then.
func (c *keyCounting) count(ctx context.Context) error {
	s := c.replica.Status()
	return c.replica.ReadLocal(ctx, func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		if stand := c.standing(head); stand != c.stand || c.missing > 0 {
			c.stand, c.missing = stand, c.ring.Lacking(r)
		}
		now := &keyCount{head.AppliedIndex, c.missing}
		if !membership.Near(s, now.at) {
			now.at = 0
		}
		c.lacking.Store(now)
		return nil
	})
}

// standing changes whenever a key is named, and whenever one was found damaged.
func (c *keyCounting) standing(head *pb.Head) string {
	_, _, damaged := c.ring.Counts()
	stand := fmt.Sprint(damaged)
	for _, id := range keyring.OwnTables() {
		d := machine.TableSum(head, id)
		stand += fmt.Sprintf(" %x %x %d", d.GetHi(), d.GetLo(), d.GetRows())
	}
	return stand
}
