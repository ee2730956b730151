package member

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// keepRetired is how many sessions of a peer's former processes are remembered.
const keepRetired = 16

// Tick moves the group's clock; wall is the node's, Unix milliseconds. The
// driver calls it every TickEvery, and Work after it.
func (m *Member) Tick(wall int64) {
	jumped := m.watchWall(wall)
	m.wall = wall
	m.ticks++
	if m.removed {
		return
	}
	if !m.proven {
		if m.ticks%askTicks == 1 {
			m.tellAll(true)
		}
		m.judge()
		return
	}
	m.node.Tick()
	m.watchClock()
	m.watchWrites()
	if m.ticks%statusTicks == 0 || jumped {
		m.tellAll(jumped)
	}
}

// Step takes a message from the network. What is not from a member to this
// member, or from a process that another one has replaced, is dropped.
func (m *Member) Step(msg *pb.PeerMessage) {
	if m.removed {
		return
	}
	if msg.Refusal != nil {
		m.refusal(msg)
		return
	}
	if msg.To != m.self || msg.ToIncarnation != m.opt.Identity.Incarnation {
		return
	}
	if reason := m.stranger(msg); reason != pb.RefusalReason_REFUSAL_REASON_UNSPECIFIED {
		m.turnAway(msg, reason)
		return
	}
	p := m.peer(msg.From)
	p.seen = max(m.ticks, 1)
	m.hear(p, msg.Standing)
	switch {
	case msg.Status != nil:
		m.statusFrom(p, msg)
	case msg.Mark != nil:
		m.opt.Events.Mark(msg.From, msg.Mark)
	case len(msg.Raft) > 0:
		m.raftFrom(p, msg)
	}
}

// stranger says why the sender is not one of us.
func (m *Member) stranger(msg *pb.PeerMessage) pb.RefusalReason {
	if msg.ClusterId != m.opt.Identity.ClusterID {
		return pb.RefusalReason_REFUSAL_REASON_OTHER_CLUSTER
	}
	from := m.registered(msg.From)
	switch {
	case from == nil:
		return pb.RefusalReason_REFUSAL_REASON_UNKNOWN_MEMBER
	case from.Incarnation != msg.FromIncarnation:
		return pb.RefusalReason_REFUSAL_REASON_OTHER_INCARNATION
	case from.Role == pb.MemberRole_MEMBER_ROLE_REMOVED:
		return pb.RefusalReason_REFUSAL_REASON_REMOVED
	}
	p := m.peer(msg.From)
	if p.session == msg.Session {
		return pb.RefusalReason_REFUSAL_REASON_UNSPECIFIED
	}
	if slices.Contains(p.retired, msg.Session) {
		return pb.RefusalReason_REFUSAL_REASON_SUPERSEDED
	}
	if p.session != 0 {
		p.retired = append(p.retired, p.session)
		if len(p.retired) > keepRetired {
			p.retired = p.retired[1:]
		}
	}
	p.session = msg.Session
	return pb.RefusalReason_REFUSAL_REASON_UNSPECIFIED
}

// turnAway tells a stranger why its messages are dropped.
func (m *Member) turnAway(msg *pb.PeerMessage, reason pb.RefusalReason) {
	m.opt.Logger.Debug("a message between nodes was dropped", "from", msg.From, "incarnation", msg.FromIncarnation, "reason", reason.String())
	m.opt.Events.Send(&pb.PeerMessage{
		ClusterId: m.opt.Identity.ClusterID, From: m.self, FromIncarnation: m.opt.Identity.Incarnation, Session: m.opt.Session,
		To: msg.From, ToIncarnation: msg.FromIncarnation, Refusal: &pb.PeerRefusal{Reason: reason, Session: msg.Session},
	})
}

// refusal takes a peer's word that this member has no part. One about another
// process is not for us; one of another cluster only counts while we start: later
// it says that somebody else answers at a peer's address.
func (m *Member) refusal(msg *pb.PeerMessage) {
	if msg.To != m.self || msg.ToIncarnation != m.opt.Identity.Incarnation || msg.Refusal.Session != m.opt.Session {
		return
	}
	reason := msg.Refusal.Reason
	if reason == pb.RefusalReason_REFUSAL_REASON_OTHER_CLUSTER {
		if !m.proven {
			m.refuse(refused(OtherCluster))
		}
		return
	}
	from := m.registered(msg.From)
	if msg.ClusterId != m.opt.Identity.ClusterID || from == nil || from.Incarnation != msg.FromIncarnation {
		return
	}
	switch reason {
	case pb.RefusalReason_REFUSAL_REASON_REMOVED:
		m.refuse(refused(Removed))
	case pb.RefusalReason_REFUSAL_REASON_OTHER_INCARNATION:
		m.refuse(refused(OtherIncarnation))
	case pb.RefusalReason_REFUSAL_REASON_SUPERSEDED:
		m.refuse(refused(Superseded))
	case pb.RefusalReason_REFUSAL_REASON_UNKNOWN_MEMBER:
		// It has not applied our arrival yet.
	}
}

// raftFrom steps one of raft's own messages.
func (m *Member) raftFrom(p *peer, msg *pb.PeerMessage) {
	if !m.proven {
		return
	}
	rm := new(raftpb.Message)
	if err := proto.Unmarshal(msg.Raft, rm); err != nil || rm.GetFrom() != msg.From || rm.GetTo() != m.self || raft.IsLocalMsg(rm.GetType()) {
		m.opt.Logger.Warn("a message between nodes makes no sense and was dropped", "from", msg.From, "err", err)
		return
	}
	if rm.GetType() == raftpb.MsgHeartbeat && rm.GetCommit() > m.standing.LastIndex {
		// A leader tells a follower no commit beyond what that one acknowledged.
		m.refuse(refusedf(RolledBack, "the leader heard of entry %d; on disk is entry %d", rm.GetCommit(), m.standing.LastIndex))
		return
	}
	if rm.GetType() == raftpb.MsgReadIndex && m.newAlone() {
		return // it asks again
	}
	if rm.GetType() == raftpb.MsgSnap && m.needs(rm.GetSnapshot()) {
		m.behind(rm.GetSnapshot())
		return
	}
	if err := m.node.Step(rm); err != nil {
		m.opt.Logger.Debug("raft did not take a message", "from", msg.From, "type", rm.GetType().String(), "err", err)
	}
}

// statusFrom takes a peer's status, which also says what it heard of this member.
func (m *Member) statusFrom(p *peer, msg *pb.PeerMessage) {
	st := msg.Status
	p.status, p.offset, p.measured = st, st.Wall-m.wall, m.ticks
	m.adopt(st.Members)
	m.reported(p, m.registered(msg.From).GetName(), st.Heard)
	if m.removed {
		return
	}
	if st.Asks {
		m.tell(m.registered(msg.From), false)
	}
	if m.term != 0 {
		m.followSnapshot(msg.From, p, msg.Standing)
	}
}

func (m *Member) tellAll(asks bool) {
	for _, other := range m.others() {
		m.tell(other, asks)
	}
}

// tell sends this member's status.
func (m *Member) tell(to *pb.Member, asks bool) {
	if to == nil {
		return
	}
	st := &pb.PeerStatus{
		Asks: asks, Wall: m.wall, Applied: m.applied, Proven: m.proven, Members: m.known, Fetching: m.fetching,
		Version: m.opt.Version, MaxLevel: m.opt.MaxLevel, Leader: m.leader(),
	}
	if p := m.peers[to.RaftId]; p != nil {
		st.Heard = p.heard
	}
	if m.opt.Health != nil {
		st.Health = m.opt.Health()
	}
	m.send(to, &pb.PeerMessage{Status: st})
}

// send addresses a message and hands it to the network.
func (m *Member) send(to *pb.Member, msg *pb.PeerMessage) {
	msg.ClusterId, msg.From, msg.FromIncarnation, msg.Session = m.opt.Identity.ClusterID, m.self, m.opt.Identity.Incarnation, m.opt.Session
	msg.To, msg.ToIncarnation, msg.Standing = to.RaftId, to.Incarnation, m.standing
	m.opt.Events.Send(msg)
}

// SendMark sends a mark to a peer.
func (m *Member) SendMark(to uint64, mk *pb.Mark) {
	if other := m.registered(to); other != nil && !m.removed {
		m.send(other, &pb.PeerMessage{Mark: mk})
	}
}
