package member

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// peer is what a member knows of another one.
type peer struct {
	heard    *pb.Standing // the greatest it was heard to have on disk
	reported *pb.Standing // what it says it heard of us; nil while it has not said
	session  uint64       // of its newest process
	retired  []uint64     // sessions before it

	status *pb.PeerStatus
	seen   uint64 // tick of the last message; 0 never
	offset int64  // its clock against ours, milliseconds
	// measured is the tick at which offset was.
	measured uint64
	// sentSnapshot is the tick at which raft sent it a snapshot, 0 when none is
	// under way.
	sentSnapshot uint64
}

func (m *Member) peer(id uint64) *peer {
	p := m.peers[id]
	if p == nil {
		p = new(peer)
		m.peers[id] = p
	}
	return p
}

// registered finds a member by its raft id, nil when there never was one.
func (m *Member) registered(id uint64) *pb.Member { return find(m.known, id) }

func find(members *pb.Members, id uint64) *pb.Member {
	for _, other := range members.GetMembers() {
		if other.RaftId == id {
			return other
		}
	}
	return nil
}

// adopt takes over a newer list of members for telling who is who. Who votes is
// decided by the log alone.
func (m *Member) adopt(members *pb.Members) {
	if members == nil || members.Index <= m.known.Index {
		return
	}
	m.known = proto.Clone(members).(*pb.Members)
}

// merge returns the list with some members changed, as of index.
func merge(members *pb.Members, changed []*pb.Member, index uint64) *pb.Members {
	merged := &pb.Members{Index: index, Members: slices.Clone(members.GetMembers())}
	for _, c := range changed {
		i := slices.IndexFunc(merged.Members, func(old *pb.Member) bool { return old.RaftId == c.RaftId })
		if i < 0 {
			merged.Members = append(merged.Members, c)
		} else {
			merged.Members[i] = c
		}
	}
	return merged
}

// others lists the members that messages go to: all but this one and removed ones.
func (m *Member) others() []*pb.Member {
	var list []*pb.Member
	for _, other := range m.known.Members {
		if other.RaftId != m.self && other.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
			list = append(list, other)
		}
	}
	return list
}

// electorate returns the sets of voters of which each needs a majority; two
// while a joint change is under way. Once it is told of changes that it has not
// applied yet, a member goes by what it was told: those in its own log may be gone.
func (m *Member) electorate() [][]uint64 {
	if m.known.Index <= m.registry.Index {
		if len(m.conf.VotersOutgoing) > 0 {
			return [][]uint64{m.conf.Voters, m.conf.VotersOutgoing}
		}
		return [][]uint64{m.conf.Voters}
	}
	var voters []uint64
	for _, other := range m.known.Members {
		if other.Role == pb.MemberRole_MEMBER_ROLE_VOTER {
			voters = append(voters, other.RaftId)
		}
	}
	return [][]uint64{voters}
}

// majority says whether those for whom has answers true are a majority of every
// set of voters.
func (m *Member) majority(has func(id uint64) bool) bool {
	for _, voters := range m.electorate() {
		n := 0
		for _, id := range voters {
			if has(id) {
				n++
			}
		}
		if n <= len(voters)/2 {
			return false
		}
	}
	return true
}

// alone says whether this member is the only voter.
func (m *Member) alone() bool {
	return len(m.conf.Voters) == 1 && m.conf.Voters[0] == m.self && len(m.conf.VotersOutgoing) == 0
}
