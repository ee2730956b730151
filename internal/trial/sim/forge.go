package sim

import (
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// raftOf reads the raft message in an envelope, nil when there is none.
func raftOf(msg *pb.PeerMessage) *raftpb.Message {
	if len(msg.Raft) == 0 {
		return nil
	}
	m := new(raftpb.Message)
	must.That(proto.Unmarshal(msg.Raft, m) == nil, "a message of raft can be decoded")
	return m
}

func encodeRaft(m *raftpb.Message) []byte {
	data, err := proto.Marshal(m)
	must.That(err == nil, "a message of raft can be encoded")
	return data
}

// asVoter sends a learner's acknowledgements a second time as those of a voter.
func asVoter(p *process, msg *pb.PeerMessage) {
	m := raftOf(msg)
	if m.GetType() != raftpb.MsgAppResp || m.GetReject() {
		return
	}
	members := p.member.Status().Members
	if membership.Find(members.Members, p.disk.id.RaftID).GetRole() != pb.MemberRole_MEMBER_ROLE_LEARNER {
		return
	}
	for _, voter := range members.Members {
		n := p.w.byRaftID(voter.RaftId)
		if voter.Role != pb.MemberRole_MEMBER_ROLE_VOTER || voter.RaftId == msg.To || n.disk == nil || n.disk.id.RaftID != voter.RaftId {
			continue
		}
		m.From = &voter.RaftId
		forged := &pb.PeerMessage{
			ClusterId: msg.ClusterId, From: voter.RaftId, FromIncarnation: voter.Incarnation, Session: n.session,
			To: msg.To, ToIncarnation: msg.ToIncarnation, Raft: encodeRaft(m),
		}
		p.w.carry(p, forged)
		return
	}
}

// grantsItself answers a node's own question whether it could win with yes.
func grantsItself(p *process, msg *pb.PeerMessage) {
	m := raftOf(msg)
	if m.GetType() != raftpb.MsgPreVote {
		return
	}
	kind := raftpb.MsgPreVoteResp
	yes := &raftpb.Message{Type: &kind, To: m.From, From: m.To, Term: m.Term}
	to := p.w.byRaftID(msg.To)
	back := &pb.PeerMessage{
		ClusterId: msg.ClusterId, From: msg.To, FromIncarnation: msg.ToIncarnation, Session: to.session,
		To: msg.From, ToIncarnation: msg.FromIncarnation, Raft: encodeRaft(yes),
	}
	p.post(func() { p.seq.Step(back) })
}

// forgetful sends a peer neither what was heard of it nor how far the log is
// committed, so that nothing tells a node with an older disk that it has one.
func forgetful(_ *process, msg *pb.PeerMessage) {
	if msg.Status != nil {
		msg.Status.Heard = nil
	}
	if m := raftOf(msg); m.GetType() == raftpb.MsgHeartbeat {
		none := uint64(0)
		m.Commit = &none
		msg.Raft = encodeRaft(m)
	}
}
