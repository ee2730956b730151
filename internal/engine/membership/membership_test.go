package membership_test

import (
	"errors"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	voter   = pb.MemberRole_MEMBER_ROLE_VOTER
	learner = pb.MemberRole_MEMBER_ROLE_LEARNER
	removed = pb.MemberRole_MEMBER_ROLE_REMOVED
)

// group is a cluster as its leader n1 sees it: n2 and n3 have votes, and n3 was
// heard of long ago; n4 learns; an earlier n2 and n5 are gone.
func group() member.Status {
	s := member.Status{LastIndex: 2000, Leads: true, Voters: []uint64{1, 2, 3}, Members: &pb.Members{Members: []*pb.Member{
		{RaftId: 1, Incarnation: 1, Name: "n1", Role: voter}, {RaftId: 9, Incarnation: 1, Name: "n2", Role: removed},
		{RaftId: 2, Incarnation: 1, Name: "n2", Role: voter, TokenId: "t2"}, {RaftId: 3, Incarnation: 1, Name: "n3", Role: voter},
		{RaftId: 4, Incarnation: 1, Name: "n4", Role: learner}, {RaftId: 5, Incarnation: 1, Name: "n5", Role: removed},
	}}}
	for _, id := range []uint64{2, 3, 4} {
		s.Peers = append(s.Peers, member.PeerStatus{
			Member: membership.Find(s.Members.Members, id), Match: 2000, Ticks: 3, Status: &pb.PeerStatus{Proven: true, Health: &pb.NodeHealth{KeysAt: 1990}},
		})
	}
	s.Peers[1].Ticks = 200
	return s
}

// why is the reason of a refusal, 0 for none.
func why(t *testing.T, err error) membership.Reason {
	t.Helper()
	var r *membership.Refusal
	if err != nil && (!errors.As(err, &r) || r.Text == "") {
		t.Errorf("an error of another kind: %v", err)
	}
	if r == nil {
		return 0
	}
	return r.Why
}

// A certificate brings back what is a member, not what was one.
func TestReturn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shown, name string
		want        membership.Reason
	}{
		{"n1", "n1", 0},
		{"n2", "n2", 0}, // an earlier life of it is gone, it is not
		{"n5", "n5", membership.Expelled},
		{"n7", "n7", membership.Expelled},
		{"n1", "n2", membership.Stranger},
		{"", "n1", membership.Stranger},
		{"", "", membership.Stranger},
	} {
		if got := why(t, membership.Return(group().Members.Members, c.shown, c.name)); got != c.want {
			t.Errorf("%q as %q: %v, want %v", c.shown, c.name, got, c.want)
		}
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		fresh   *pb.Member
		want    membership.Reason
		changes int
	}{
		{"a new name", &pb.Member{RaftId: 7, Incarnation: 7, Name: "n7", TokenId: "t"}, 0, 1},
		{"the same once more", &pb.Member{RaftId: 4, Incarnation: 1, Name: "n4"}, 0, 0},
		{"a removed identity", &pb.Member{RaftId: 9, Incarnation: 1, Name: "n2"}, membership.Retired, 0},
		{"another folder with its id", &pb.Member{RaftId: 4, Incarnation: 2, Name: "n4"}, membership.IDTaken, 0},
		{"a living one's name, by a token", &pb.Member{RaftId: 7, Incarnation: 7, Name: "n2", TokenId: "t"}, membership.NameTaken, 0},
		{"a living one's name, by its certificate", &pb.Member{RaftId: 7, Incarnation: 7, Name: "n2"}, membership.Wait, 0},
		{"the leader's name", &pb.Member{RaftId: 7, Incarnation: 7, Name: "n1"}, membership.Wait, 0},
		{"a dead one's name", &pb.Member{RaftId: 7, Incarnation: 7, Name: "n3"}, 0, 2},
		{"a removed one's name", &pb.Member{RaftId: 7, Incarnation: 7, Name: "n5", TokenId: "t"}, 0, 1},
	} {
		changes, err := membership.Join(group(), 1, c.fresh)
		if got := why(t, err); got != c.want || len(changes) != c.changes {
			t.Errorf("%s: refused for %v (want %v), %v", c.what, got, c.want, changes)
		}
		for i, m := range changes {
			if want := []pb.MemberRole{learner, removed}[i]; m.Role != want {
				t.Errorf("%s: change %d makes a %s", c.what, i, m.Role)
			}
		}
	}
}

// A token lets one identity in, also when it asks again.
func TestTokenUsed(t *testing.T) {
	t.Parallel()
	all := group().Members.Members
	if membership.TokenUsed(all, "t2", 2, 1) || !membership.TokenUsed(all, "t2", 2, 2) || !membership.TokenUsed(all, "t2", 7, 1) || membership.TokenUsed(all, "t3", 7, 1) {
		t.Error("tokens are mixed up")
	}
}

func TestCaughtUp(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(*member.Status){
		"a change is under way": func(s *member.Status) { s.Changing = true },
		"65 entries behind":     func(s *member.Status) { s.Peers[2].Match = 2000 - 65 },
		"not proven":            func(s *member.Status) { s.Peers[2].Status.Proven = false },
		"no status yet":         func(s *member.Status) { s.Peers[2].Status = nil },
		"never heard of":        func(s *member.Status) { s.Peers[2].Ticks = -1 },
		"heard of 2 s ago":      func(s *member.Status) { s.Peers[2].Ticks = 41 },
		"it has a vote":         func(s *member.Status) { s.Peers[2].Member.Role = voter },
		"a data key is missing": func(s *member.Status) { s.Peers[2].Status.Health.KeysMissing = 1 },
		"no keys counted yet":   func(s *member.Status) { s.Peers[2].Status.Health.KeysAt = 0 },
		"keys counted long ago": func(s *member.Status) { s.LastIndex, s.Peers[2].Match = 11_991, 11_991 },
		"no health":             func(s *member.Status) { s.Peers[2].Status.Health = nil },
	} {
		s := group()
		if spoil(&s); membership.CaughtUp(s, membership.LevelKeys) != nil {
			t.Errorf("%s, and it gets a vote", what)
		}
	}
	s := group()
	s.Peers[2].Match, s.Peers[2].Ticks = 2000-64, 40
	if m := membership.CaughtUp(s, membership.LevelKeys); m.GetRaftId() != 4 || m.Role != voter || s.Peers[2].Member.Role != learner {
		t.Errorf("a learner that has caught up becomes %v", m)
	}
	s.Peers[2].Status.Health = nil
	if m := membership.CaughtUp(s, membership.LevelKeys-1); m.GetRaftId() != 4 {
		t.Error("below the level that has data keys none is waited for")
	}
}

// A count of data keys says something when it was taken where the leader is.
func TestNear(t *testing.T) {
	t.Parallel()
	s := group()
	if s.Leader = 1; !membership.Near(s, 1) {
		t.Error("the leader is not where the leader is")
	}
	s.Leads, s.Leader = false, 2
	s.Peers[0].Heard = &pb.Standing{LastIndex: 2000}
	if !membership.Near(s, 2000-64) || membership.Near(s, 2000-65) {
		t.Error("64 entries behind is near, 65 is not")
	}
	if s.Peers[0].Ticks = 41; membership.Near(s, 2000) {
		t.Error("near a leader that was heard of 2 s ago")
	}
	if s.Leader = 0; membership.Near(s, 2000) {
		t.Error("near nobody")
	}
}

func TestPromote(t *testing.T) {
	t.Parallel()
	s := group()
	if _, err := membership.Promote(s, s.Members.Members[2], true); why(t, err) != membership.Nothing {
		t.Errorf("a voter: %v", err)
	}
	n4 := s.Members.Members[4]
	s.Peers[2].Match = 2000 - 1001
	if _, err := membership.Promote(s, n4, true); why(t, err) != membership.Behind {
		t.Errorf("1001 entries behind: %v", err)
	}
	s.Peers[2].Match = 1000
	if m, err := membership.Promote(s, n4, true); err != nil || m.Role != voter || n4.Role != learner {
		t.Errorf("1000 entries behind: %v %v", m, err)
	}
	for _, h := range []*pb.NodeHealth{nil, {KeysAt: 1990, KeysMissing: 3}} {
		s.Peers[2].Status.Health = h
		if _, err := membership.Promote(s, n4, true); why(t, err) != membership.LacksKeys {
			t.Errorf("with the keys of %v: %v", h, err)
		}
	}
	if _, err := membership.Promote(s, n4, false); err != nil {
		t.Errorf("although it needs none: %v", err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	s := group()
	n1, n2, n3, n4 := s.Members.Members[0], s.Members.Members[2], s.Members.Members[3], s.Members.Members[4]
	for _, c := range []struct {
		what  string
		m     *pb.Member
		force bool
		want  membership.Reason
	}{
		{"a learner", n4, false, 0},
		{"one alive of two, the other is not", n2, true, membership.NoMajority},
		{"the leader, of whose followers one is alive", n1, true, membership.NoMajority},
		{"the dead one", n3, false, membership.NoneToSpare},
		{"the dead one, by force", n3, true, 0},
	} {
		m, err := membership.Remove(s, 1, c.m, c.force)
		if got := why(t, err); got != c.want || (err == nil) != (m.GetRole() == removed) {
			t.Errorf("%s: %v %v", c.what, m, err)
		}
	}
	s.Voters = []uint64{1}
	if _, err := membership.Remove(s, 1, n1, true); why(t, err) != membership.OnlyVoter {
		t.Errorf("the only voter: %v", err)
	}
}
