package member

import (
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
