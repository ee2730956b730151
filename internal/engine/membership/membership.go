package membership

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which members can change.
const Level = 3

// LevelKeys is the feature level from which a state names data keys.
const LevelKeys = 5

const (
	// missed is for how long a member is taken for alive after it was heard of last.
	missed = int64(5 * time.Second / member.TickEvery)
	// caughtUp is how many entries a learner may be behind when it gets a vote by
	// itself.
	caughtUp = 64
	// heardOf is how many ticks ago it must have been heard of then.
	heardOf = 40
	// nearly is how many entries it may be behind when an operator gives it one.
	nearly = 1000
	// counted is how many entries ago a learner may have counted its data keys when it
	// gets a vote. Counting takes seconds where people are many. A key that was drawn
	// meanwhile is on a majority of the voters, and was handed to the learner too.
	counted = 10_000
)

// Find finds a member by its raft id, nil when there is none.
func Find(members []*pb.Member, id uint64) *pb.Member {
	i := slices.IndexFunc(members, func(m *pb.Member) bool { return m.RaftId == id })
	if i < 0 {
		return nil
	}
	return members[i]
}

// In says whether a member is in the cluster: it was not removed.
func In(m *pb.Member) bool { return m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED }

// As returns the member with another role.
func As(m *pb.Member, role pb.MemberRole) *pb.Member {
	return &pb.Member{RaftId: m.RaftId, Incarnation: m.Incarnation, Name: m.Name, Address: m.Address, TokenId: m.TokenId, Role: role}
}

// Alive says whether a member was heard of in the last seconds, or is self.
func Alive(s member.Status, self, id uint64) bool {
	if id == self {
		return true
	}
	for _, p := range s.Peers {
		if p.Member.RaftId == id {
			return p.Ticks >= 0 && p.Ticks < missed
		}
	}
	return false
}

// TokenUsed says whether somebody else than the node with this identity came in by
// a token.
func TokenUsed(members []*pb.Member, token string, raftID, incarnation uint64) bool {
	return slices.ContainsFunc(members, func(m *pb.Member) bool {
		return m.TokenId == token && (m.RaftId != raftID || m.Incarnation != incarnation)
	})
}

// Return lets a node come back by its certificate, shown, as what it is to the
// cluster now. Certificates outlive a removal; the node's place does not.
func Return(members []*pb.Member, shown, name string) error {
	if shown == "" || shown != name {
		return &Refusal{Stranger, fmt.Sprintf("the certificate shown is not node %s's", name), "join with a token: holdfast cluster token"}
	}
	if !slices.ContainsFunc(members, func(m *pb.Member) bool { return m.Name == name && In(m) }) {
		return &Refusal{Expelled, fmt.Sprintf("node %s was removed from the cluster", name), "to let it in again, make a token on a node of the cluster (holdfast cluster token) and run holdfast cluster join with it here"}
	}
	return nil
}

// Join returns the changes that let fresh in as a learner and, at once, take out
// what the node of that name was before; none when fresh is in already. self is
// the leader. A node with a token of its own is another one, and may not take the
// name of one that is alive.
func Join(s member.Status, self uint64, fresh *pb.Member) ([]*pb.Member, error) {
	changes := []*pb.Member{As(fresh, pb.MemberRole_MEMBER_ROLE_LEARNER)}
	for _, m := range s.Members.GetMembers() {
		switch {
		case m.RaftId == fresh.RaftId && !In(m):
			return nil, &Refusal{Retired, "this identity was removed; come with another", ""}
		case m.RaftId == fresh.RaftId && m.Incarnation == fresh.Incarnation:
			return nil, nil
		case m.RaftId == fresh.RaftId:
			return nil, &Refusal{IDTaken, "another node has this raft id", "remove the file joining in the credentials folder and join again"}
		case m.Name != fresh.Name || !In(m):
		case !Alive(s, self, m.RaftId):
			changes = append(changes, As(m, pb.MemberRole_MEMBER_ROLE_REMOVED))
		case fresh.TokenId != "":
			return nil, &Refusal{NameTaken, fmt.Sprintf("node %s is in the cluster and alive", m.Name), "give this one another cluster.name, or remove that one first: holdfast cluster remove " + m.Name}
		default:
			// It came back faster than its former self is missed, or a machine that was
			// replaced shows the certificate of its successor.
			return nil, &Refusal{Wait, fmt.Sprintf("node %s was heard of just now; wait until its former process is gone", m.Name), "ask again"}
		}
	}
	return changes, nil
}

// CaughtUp returns a learner that gets its vote now, as the voter it becomes; nil
// when none does. The leader asks at every tick. From LevelKeys on a learner needs
// every data key that the state names: a vote counts for a majority that has them.
func CaughtUp(s member.Status, level uint32) *pb.Member {
	if s.Changing {
		return nil
	}
	for _, p := range s.Peers {
		if p.Member.Role == pb.MemberRole_MEMBER_ROLE_LEARNER && p.Match+caughtUp >= s.LastIndex &&
			p.Status.GetProven() && p.Ticks >= 0 && p.Ticks <= heardOf && (level < LevelKeys || hasKeys(s, p)) {
			return As(p.Member, pb.MemberRole_MEMBER_ROLE_VOTER)
		}
	}
	return nil
}

// hasKeys says whether a learner told lately that it has every data key.
func hasKeys(s member.Status, p member.PeerStatus) bool {
	h := p.Status.GetHealth()
	return h.GetKeysAt() != 0 && h.GetKeysAt()+counted >= s.LastIndex && h.GetKeysMissing() == 0
}

// Near says whether a state of log index at is where the leader is by what the member
// heard of it, or nearly: what is missing for that state is what is missing.
func Near(s member.Status, at uint64) bool {
	if s.Leads {
		return true
	}
	for _, p := range s.Peers {
		if p.Member.RaftId == s.Leader {
			return p.Ticks >= 0 && p.Ticks <= heardOf && at+caughtUp >= p.Heard.GetLastIndex()
		}
	}
	return false
}

// Promote returns a member as a voter, because an operator wants it; keys says whether
// it needs every data key for that. One that no node has any more is waited for in vain.
func Promote(s member.Status, m *pb.Member, keys bool) (*pb.Member, error) {
	if m.Role == pb.MemberRole_MEMBER_ROLE_VOTER {
		return nil, &Refusal{Nothing, m.Name + " has a vote already", "nothing is to be done"}
	}
	for _, p := range s.Peers {
		switch {
		case p.Member.RaftId != m.RaftId:
		case p.Match+nearly < s.LastIndex:
			return nil, &Refusal{Behind, fmt.Sprintf("%s is %d entries behind", m.Name, s.LastIndex-p.Match), "wait until it has caught up: it gets its vote by itself then"}
		case keys && !hasKeys(s, p):
			return nil, &Refusal{LacksKeys, lacks(m, p.Status.GetHealth()), "wait until it has fetched them from the others: it gets its vote by itself then; if no node has them any more, repeat with --force"}
		}
	}
	return As(m, pb.MemberRole_MEMBER_ROLE_VOTER), nil
}

func lacks(m *pb.Member, h *pb.NodeHealth) string {
	if h.GetKeysMissing() == 0 {
		return m.Name + " has not counted yet which data keys it lacks"
	}
	return fmt.Sprintf("%s lacks data keys (%d)", m.Name, h.KeysMissing)
}

// Remove returns a member as a removed one, unless the others could not go on
// without it. self is the leader; force gives up the last voter to spare.
func Remove(s member.Status, self uint64, m *pb.Member, force bool) (*pb.Member, error) {
	voters, alive := 0, 0
	for _, id := range s.Voters {
		if id != m.RaftId {
			voters++
			if Alive(s, self, id) {
				alive++
			}
		}
	}
	switch {
	case m.Role != pb.MemberRole_MEMBER_ROLE_VOTER: // a learner takes no vote away
	case voters == 0:
		return nil, &Refusal{OnlyVoter, m.Name + " is the only voter", "add another node first, or stop this one"}
	case alive <= voters/2:
		return nil, &Refusal{NoMajority, fmt.Sprintf("without %s only %d of %d voters would be alive: no majority", m.Name, alive, voters), "bring another node back first"}
	case alive == voters/2+1 && voters > 1 && !force:
		return nil, &Refusal{NoneToSpare, fmt.Sprintf("without %s every one of the %d voters alive would be needed", m.Name, alive), "bring another node back first, or repeat with --force"}
	}
	return As(m, pb.MemberRole_MEMBER_ROLE_REMOVED), nil
}
