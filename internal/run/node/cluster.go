package node

import "github.com/holdfast-pay/holdfast/internal/pb"

// self is this node as a member.
func (n *Node) self() *pb.Member {
	id := n.raftLog.Identity()
	return &pb.Member{RaftId: id.RaftID, Incarnation: id.Incarnation, Role: pb.MemberRole_MEMBER_ROLE_VOTER}
}
