package sim

import (
	"slices"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// operator brings the members to what is wanted, one change after the other, as
// the leader and the nodes do by themselves: a node whose folder is gone or too
// old joins anew, a learner that has caught up is promoted.
type operator struct {
	w *World
	// wanted says, by name, whether a node shall be a voter (true) or a learner.
	wanted  map[string]bool
	mends   bool
	waiting bool
}

func newOperator(w *World) *operator {
	return &operator{w: w, wanted: make(map[string]bool), mends: true}
}

// run looks every half second.
func (o *operator) run() {
	o.w.every(500, func() bool {
		o.look()
		return true
	})
}

// look makes the next change that is needed.
func (o *operator) look() {
	if o.mends {
		o.setAside()
	}
	p := o.w.leader()
	if p == nil || o.waiting || p.node.pausedUntil > o.w.now {
		return
	}
	s := p.member.Status()
	if s.Changing {
		return
	}
	for _, n := range o.w.nodes {
		voter, wanted := o.wanted[n.name]
		if !wanted || n.disk == nil || n.disk.id.ClusterID != o.w.cluster {
			continue // a folder of another cluster is never let in
		}
		switch m := registered(s.Members, n.disk.id.RaftID); {
		case m == nil:
			o.join(p, s, n)
			return
		case n.process == nil && n.starts == 0: // it has joined and never run
			n.disk.known = s.Members
			o.w.start(n)
		case m.Role == pb.MemberRole_MEMBER_ROLE_LEARNER && voter && caughtUp(s, m.RaftId):
			o.change(p, raftpb.ConfChangeType_ConfChangeAddNode, n.member(pb.MemberRole_MEMBER_ROLE_VOTER))
			return
		}
	}
	for _, m := range s.Members.Members {
		if _, wanted := o.wanted[m.Name]; !wanted && m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
			o.change(p, raftpb.ConfChangeType_ConfChangeRemoveNode, &pb.Member{
				RaftId: m.RaftId, Incarnation: m.Incarnation, Name: m.Name, Address: m.Address, Role: pb.MemberRole_MEMBER_ROLE_REMOVED,
			})
			return
		}
	}
}

// setAside gives a new folder to wanted nodes that have none or must not use it.
func (o *operator) setAside() {
	for _, n := range o.w.nodes {
		if _, wanted := o.wanted[n.name]; !wanted {
			continue
		}
		switch {
		case n.disk == nil, n.refused != nil && (n.refused.Rejoin() || n.refused.Why == member.OtherCluster):
			n.disk, n.refused, n.starts = newDisk(o.w.identity(n)), nil, 0
			o.w.tell(n.name, "makes a new folder and joins anew")
		case n.refused != nil && n.refused.Why == member.Superseded:
			o.w.endCopies(n)
			o.w.start(n)
		}
	}
}

// endCopies stops whoever runs on a copy of a node's folder.
func (w *World) endCopies(n *node) {
	for _, other := range w.nodes {
		if other.copyOf == n {
			w.tell(other.name, "is stopped: it runs on a copy of another folder")
			if other.process != nil {
				other.process.kill()
			}
			other.disk, other.copyOf = nil, nil
		}
	}
}

// join brings a new folder in as a learner and, in the same change, its
// predecessors of that name out.
func (o *operator) join(p *process, s member.Status, n *node) {
	changes := []*raftpb.ConfChangeSingle{single(raftpb.ConfChangeType_ConfChangeAddLearnerNode, n.disk.id.RaftID)}
	members := []*pb.Member{n.member(pb.MemberRole_MEMBER_ROLE_LEARNER)}
	for _, old := range s.Members.Members {
		if old.Name == n.name && old.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
			changes = append(changes, single(raftpb.ConfChangeType_ConfChangeRemoveNode, old.RaftId))
			members = append(members, &pb.Member{
				RaftId: old.RaftId, Incarnation: old.Incarnation, Name: old.Name, Address: old.Address, Role: pb.MemberRole_MEMBER_ROLE_REMOVED,
			})
		}
	}
	o.propose(p, changes, members)
}

func single(t raftpb.ConfChangeType, id uint64) *raftpb.ConfChangeSingle {
	return &raftpb.ConfChangeSingle{Type: &t, NodeId: &id}
}

func (o *operator) change(p *process, t raftpb.ConfChangeType, m *pb.Member) {
	o.propose(p, []*raftpb.ConfChangeSingle{single(t, m.RaftId)}, []*pb.Member{m})
}

func (o *operator) propose(p *process, changes []*raftpb.ConfChangeSingle, members []*pb.Member) {
	o.waiting = true
	settled := func(bool) { o.waiting = false }
	o.w.after(3000, func() { o.waiting = false })
	p.post(func() {
		seeds := make([]byte, machine.SeedBytes)
		_, _ = reader{o.w.chance}.Read(seeds)
		cmd := &pb.Command{Number: memberChange, Actor: "node/member", Body: table.Encode(&pb.MemberChange{Members: members})}
		data, err := machine.EncodeFrame([]*pb.Command{cmd}, p.member.Wall(), seeds)
		must.That(err == nil, "a change of members can be encoded")
		if !machine.Known(memberChange) {
			data = nil
		}
		f := &frame{change: settled}
		if err := p.member.Change(&raftpb.ConfChangeV2{Changes: changes}, &pb.ConfContext{Members: members, Frame: data}, f); err != nil {
			settled(false)
			return
		}
		p.inflight++
		for _, m := range members {
			o.w.reach("asked for a " + roleName(m.Role))
			o.w.tell("operator", "asks %s to make %s (%016x) a %s", p.node.name, m.Name, m.RaftId, m.Role)
		}
	})
}

// memberChange is the number of the command that journals a change of members.
const memberChange = 6

func registered(members *pb.Members, id uint64) *pb.Member {
	i := slices.IndexFunc(members.GetMembers(), func(m *pb.Member) bool { return m.RaftId == id })
	if i < 0 {
		return nil
	}
	return members.Members[i]
}

// caughtUp says whether the leader knows that a member has nearly all of the log.
func caughtUp(s member.Status, id uint64) bool {
	for _, p := range s.Peers {
		if p.Member.RaftId == id {
			return p.Match+16 >= s.LastIndex && p.Ticks >= 0 && p.Ticks < 40
		}
	}
	return false
}
