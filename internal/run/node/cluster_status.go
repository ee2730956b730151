package node

import (
	"context"
	"encoding/hex"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// Status implements admin.Cluster: the cluster as this node knows it.
func (o operator) Status(context.Context) (*pb.ClusterStatus, error) {
	n, s := o.n, o.n.replica.Status()
	id := n.raftLog.Identity()
	a := &pb.ClusterStatus{ClusterId: id.ClusterID, Leader: s.Leader, Term: s.Term, Commit: s.Commit}
	last := s.LastIndex
	for _, p := range s.Peers {
		last = max(last, p.Heard.GetLastIndex())
	}
	for _, m := range s.Members.GetMembers() {
		if m.Role == pb.MemberRole_MEMBER_ROLE_REMOVED {
			continue
		}
		if m.RaftId == id.RaftID {
			a.Nodes = append(a.Nodes, &pb.ClusterNode{Member: shownMember(m), Self: true, Applied: n.replica.Applied(), LastIndex: s.LastIndex,
				Version: n.opt.Version, Health: health(n), Proven: s.Proven})
			continue
		}
		for _, p := range s.Peers {
			if p.Member.RaftId == m.RaftId {
				a.Nodes = append(a.Nodes, peerNode(p))
			}
		}
	}
	for _, node := range a.Nodes {
		node.Leader = node.Member.RaftId == s.Leader
		node.Lag = last - min(last, node.LastIndex)
		node.Why = whyBehind(node)
	}
	_, differ := n.replica.Agreed()
	a.MarkIndex, a.DigestsEqual = marksEqual(a.Nodes, differ)
	st := o.stand(s)
	o.owed(a, &st)
	a.Next = nextSteps(a, s, st)
	return a, nil
}

// shownMember is what operators see of a member.
func shownMember(m *pb.Member) *pb.MemberShown {
	return &pb.MemberShown{RaftId: m.RaftId, Incarnation: m.Incarnation, Name: m.Name, Address: m.Address, Role: m.Role}
}

func peerNode(p member.PeerStatus) *pb.ClusterNode {
	node := &pb.ClusterNode{Member: shownMember(p.Member), HeardMs: -1, LastIndex: p.Heard.GetLastIndex(), ClockMs: p.Clock,
		Applied: p.Status.GetApplied(), Version: p.Status.GetVersion(), Health: p.Status.GetHealth(), Proven: p.Status.GetProven(), Fetching: p.Status.GetFetching()}
	if p.Ticks >= 0 {
		node.HeardMs = p.Ticks * member.TickEvery.Milliseconds()
	}
	return node
}

// marksEqual is the newest log index at which a majority agreed on its state, and
// whether every node has had the majority's lately. A node that agreed on a mark
// compared it with its own; those that agreed at the newest one show its digest.
func marksEqual(nodes []*pb.ClusterNode, differ map[uint64]agree.Mark) (index uint64, equal bool) {
	equal = len(nodes) > 0
	for _, node := range nodes {
		at := node.Health.GetMarkIndex()
		theirs, differs := differ[node.Member.RaftId]
		equal = equal && at != 0 && (!differs || at > theirs.Index)
		index = max(index, at)
	}
	for _, node := range nodes {
		if theirs, ok := differ[node.Member.RaftId]; ok && node.Health.GetMarkIndex() <= theirs.Index {
			node.Digest = hex.EncodeToString(theirs.Digest[:])
		} else if node.Health.GetMarkIndex() == index && index != 0 {
			node.Digest = hex.EncodeToString(node.Health.GetMarkDigest())
		}
	}
	return index, equal
}

// owed adds what is owed to merchants and by which couriers it is delivered.
func (o operator) owed(a *pb.ClusterStatus, st *stand) {
	n := o.n
	_ = n.replica.ReadLocal(n.ctx, func(r table.Reader) error { // a damaged row is the scrubber's to tell
		if head, ok := machine.Head(r); ok {
			a.NoticesOwed, a.OldestNoticeAgeMs = admin.Owed(r, head, st.now)
		}
		notice.Owed(r, 0, func(oldest *pb.Notice) bool {
			st.oldest = oldest
			return false
		})
		if n.replica.Position().Level < lane.Level {
			return nil
		}
		for _, c := range lane.Couriers(r) {
			held := lane.Held(c)
			a.Couriers = append(a.Couriers, &pb.ClusterCourier{Name: c.Name, Lanes: uint32(held.Len()), LeaseUntil: c.Until})
		}
		return nil
	})
}

// stand is what of the state decides about the next step.
func (o operator) stand(s member.Status) stand {
	st := stand{level: o.n.replica.Position().Level, known: machine.MaxLevel, now: o.n.replica.Now()}
	for _, p := range s.Peers {
		st.known = min(st.known, p.Status.GetMaxLevel()) // 0 of one that was never heard
	}
	return st
}
