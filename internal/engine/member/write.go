package member

import (
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// write is what was handed to the log and is not known to be durable, with what
// waits for that.
type write struct {
	// stands is what is on disk once the write is durable; nil for one that need not
	// be, which is over when all before it are.
	stands *pb.Standing
	// vote says that it holds a term or a vote. A member may say nothing of a term
	// that a crash could take from it: it could lead the same term a second time, with
	// other entries.
	vote bool
	// begun is the tick at which the log was given it.
	begun uint64
	// then are messages that promise what was written: the member's own to itself, its
	// vote and its acknowledgement as a leader, and those to others.
	then []*raftpb.Message
}

// Written says that the oldest synced write of those under way is durable; Work
// comes after it.
func (m *Member) Written() {
	must.That(len(m.writes) > 0 && m.writes[0].stands != nil, "a write is under way")
	m.standing = m.writes[0].stands
	m.writes[0].stands = nil
	m.settle()
}

// Writing is how many synced writes are under way.
func (m *Member) Writing() (n int) {
	for _, w := range m.writes {
		if w.stands != nil {
			n++
		}
	}
	return n
}

// stuckTicks is how long a leader's disk may be at one write before another member
// shall lead: about as long as a leader that waits for its disk could be silent.
const stuckTicks = 20

// watchWrites hands the lead over while this leader's disk hangs. Its followers hear
// it all the time and commit what it sends, but it can apply nothing of that.
func (m *Member) watchWrites() {
	if m.term == 0 || len(m.writes) == 0 {
		return
	}
	if took := m.ticks - m.writes[0].begun; took > 0 && took%stuckTicks == 0 {
		m.opt.Logger.Warn("this node's disk hangs: another node shall lead", "for", time.Duration(took)*TickEvery)
		m.Transfer(0)
	}
}

// settle ends the writes that nothing is awaited for any more, in their order.
func (m *Member) settle() {
	for len(m.writes) > 0 && m.writes[0].stands == nil {
		w := m.writes[0]
		m.writes = m.writes[1:]
		if !m.removed {
			m.stepOwn(w.then)
			m.sendAll(w.then)
		}
	}
}

// stepOwn hands raft what it has for itself.
func (m *Member) stepOwn(messages []*raftpb.Message) {
	for _, rm := range messages {
		if rm.GetTo() != m.self {
			continue
		}
		if err := m.node.Step(rm); err != nil {
			m.opt.Logger.Debug("raft did not take a message of its own", "type", rm.GetType().String(), "err", err)
		}
	}
}

// voteUnderWay says whether a term or a vote is on its way to the disk.
func (m *Member) voteUnderWay() bool {
	for _, w := range m.writes {
		if w.vote {
			return true
		}
	}
	return false
}
