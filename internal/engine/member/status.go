package member

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/tracker"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

type trackerProgress = tracker.Progress

// Status is how things stand for a member.
type Status struct {
	// Leader is the leader's raft id, 0 when none is known; Term is raft's.
	Leader, Term uint64
	// Leads says whether this member is the leader.
	Leads           bool
	Commit, Applied uint64
	LastIndex       uint64
	Proven          bool
	// Alone says whether this member is the only voter.
	Alone bool
	// Members are all there ever were; Conf* who votes by the applied log.
	Members *pb.Members
	Voters  []uint64
	// ClockOffset is the majority's clock against this node's, milliseconds.
	ClockOffset  int64
	ClockTrusted bool
	Changing     bool
	Peers        []PeerStatus
}

// PeerStatus is what this member knows of another.
type PeerStatus struct {
	Member *pb.Member
	// Ticks is how many ticks ago it was heard of; -1 never.
	Ticks int64
	// Match is how much of the log the leader knows it has; 0 elsewhere.
	Match uint64
	// State is the leader's word for how it sends it the log; "" elsewhere.
	State  string
	Heard  *pb.Standing
	Clock  int64
	Status *pb.PeerStatus
}

// Fit says whether the peer was heard of lately and its disk takes writes, so that
// it could lead.
func (p PeerStatus) Fit() bool {
	return p.Ticks >= 0 && p.Ticks <= staleTicks && p.Status != nil && !p.Status.GetHealth().GetDiskLow()
}

func (m *Member) leader() uint64 { return m.node.BasicStatus().Lead }

// Status returns how things stand.
func (m *Member) Status() Status {
	st := m.node.BasicStatus()
	s := Status{
		Leader: st.Lead, Term: st.GetTerm(), Leads: m.term != 0, Commit: st.GetCommit(), Applied: m.applied, LastIndex: m.standing.LastIndex,
		Proven: m.proven, Alone: m.alone(), Members: m.known, Voters: m.conf.Voters,
		ClockOffset: m.clockOffset(), ClockTrusted: m.clockTrusted(), Changing: m.term != 0 && m.changing(),
	}
	matches, states := map[uint64]uint64{}, map[uint64]string{}
	if s.Leads {
		m.node.WithProgress(func(id uint64, _ raft.ProgressType, pr trackerProgress) {
			matches[id], states[id] = pr.Match, pr.State.String()
		})
	}
	for _, other := range m.others() {
		ps := PeerStatus{Member: other, Ticks: -1, Match: matches[other.RaftId], State: states[other.RaftId]}
		if p := m.peers[other.RaftId]; p != nil {
			ps.Heard, ps.Clock, ps.Status = p.heard, p.offset, p.status
			if p.seen != 0 {
				ps.Ticks = int64(m.ticks - p.seen)
			}
		}
		s.Peers = append(s.Peers, ps)
	}
	return s
}

// Leads is the term this member leads, 0 when it does not.
func (m *Member) Leads() uint64 { return m.term }
