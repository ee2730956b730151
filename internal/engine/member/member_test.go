package member_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// One node grows to three; every frame reaches all of them in order.
func TestGrowsAndReplicates(t *testing.T) {
	g := three(t)
	g.pay("a")
	g.pay("b")
	for _, n := range g.nodes {
		if got := strings.Join(n.frames, " "); !strings.HasSuffix(got, "a b") {
			t.Errorf("%s applied %q", n.name, got)
		}
		if s := n.m.Status(); len(s.Voters) != 3 || len(s.Members.Members) != 3 || s.Alone {
			t.Errorf("%s knows of %v", n.name, s.Members)
		}
	}
}

// The lead moves when asked and when the leader is gone; what was applied stays.
func TestLeadMoves(t *testing.T) {
	g := three(t)
	old := g.leader()
	old.m.Transfer(0)
	g.until("another one leads", func() bool { l := g.leader(); return l != nil && l != old })
	g.pay("after the transfer")
	old = g.leader()
	old.down = true
	g.until("another one leads", func() bool { return g.leader() != nil })
	g.pay("after the loss")
	g.start(old, nil)
	g.until("the old one has caught up", func() bool { return slices.Contains(old.frames, "after the loss") })
}

// A proposal of a leader that is cut off is reported lost, and never as done.
func TestLostLead(t *testing.T) {
	g := three(t)
	old := g.leader()
	g.cut = func(m *pb.PeerMessage) bool { return m.From == old.id.RaftID || m.To == old.id.RaftID }
	if err := old.m.Propose([]byte("doubtful"), "doubtful"); err != nil {
		t.Fatal(err)
	}
	g.until("the old leader says that it is lost", func() bool { return slices.Contains(old.lost, any("doubtful")) })
	if err := old.m.Propose([]byte("later"), nil); !errors.Is(err, member.ErrNotLeader) {
		t.Errorf("a deposed leader takes a proposal: %v", err)
	}
	g.cut = nil
	g.pay("next")
	for _, n := range g.nodes {
		if slices.Contains(n.frames, "doubtful") {
			t.Errorf("%s applied what no majority had", n.name)
		}
	}
}

// A read is answered with an index that covers all that was answered before it,
// on any member; a leader that was deposed answers none.
func TestReads(t *testing.T) {
	g := three(t)
	g.pay("a")
	old := g.leader()
	for i, n := range g.nodes {
		token := uint64(7) // the same on every node
		n.m.ReadIndex(token)
		g.until("a read is answered", func() bool { return n.reads[token] != 0 })
		if n.reads[token] < old.applied {
			t.Errorf("node %d reads at %d, but %d was answered", i, n.reads[token], old.applied)
		}
	}
	g.cut = func(m *pb.PeerMessage) bool { return m.From == old.id.RaftID || m.To == old.id.RaftID }
	old.m.ReadIndex(8)
	g.until("another one leads", func() bool {
		return slices.ContainsFunc(g.nodes, func(n *node) bool { return n != old && n.m.Status().Leads })
	})
	if old.reads[8] != 0 {
		t.Error("a deposed leader answered a read")
	}
}

// A disk that is older than what it acknowledged takes no part: D10, and a
// copied folder beside the original.
func TestOldDiskIsRefused(t *testing.T) {
	g := three(t)
	g.pay("a")
	n := g.nodes[2]
	copied := n.disk.clone(t)
	g.pay("b")
	g.until("a status was told", func() bool { return g.wall%1000 == 0 })
	n.down = true
	n.disk = copied
	g.start(n, nil)
	g.until("the old disk is refused", func() bool { return n.refused != nil })
	if n.refused.Why != member.RolledBack || !n.refused.Rejoin() || !strings.Contains(n.refused.Error(), "older than what it acknowledged") {
		t.Errorf("refused with %v", n.refused)
	}
	g.pay("c")
}

// Of two processes with one identity the older one stops.
func TestCopiedFolder(t *testing.T) {
	g := three(t)
	n := g.nodes[1]
	twin := g.add("twin", n.id)
	twin.disk = n.disk.clone(t)
	twin.heard = n.heard
	g.start(twin, nil)
	g.until("one of them stops", func() bool { return n.refused != nil || twin.refused != nil })
	if n.refused != nil && n.refused.Why != member.Superseded {
		t.Errorf("refused with %v", n.refused)
	}
	g.pay("a")
}

// A removed member is told so, whenever it comes back: P5.
func TestRemovedMember(t *testing.T) {
	g := three(t)
	i := slices.IndexFunc(g.nodes, func(n *node) bool { return n != g.leader() })
	gone := g.nodes[i]
	gone.down = true
	rec := gone.record(pb.MemberRole_MEMBER_ROLE_REMOVED)
	g.change(rec)
	g.pay("without it")
	g.start(gone, nil)
	g.until("it is refused", func() bool { return gone.refused != nil })
	if gone.refused.Why != member.Removed || gone.refused.Rejoin() {
		t.Errorf("refused with %v", gone.refused)
	}
}

// A lost node is replaced in one joint change; its raft id never comes back.
func TestReplace(t *testing.T) {
	g := three(t)
	i := slices.IndexFunc(g.nodes, func(n *node) bool { return n != g.leader() })
	lost := g.nodes[i]
	lost.down = true
	fresh := g.add(lost.name, identity.Identity{ClusterID: cluster, RaftID: 9, Incarnation: 109})
	g.change(lost.record(pb.MemberRole_MEMBER_ROLE_REMOVED), fresh.record(pb.MemberRole_MEMBER_ROLE_LEARNER))
	g.start(fresh, g.leader().m.Status().Members)
	g.until("it has caught up", func() bool { return fresh.m.Status().Proven && fresh.applied == g.leader().applied })
	g.change(fresh.record(pb.MemberRole_MEMBER_ROLE_VOTER))
	g.pay("a")
	if s := fresh.m.Status(); len(s.Voters) != 3 || len(s.Members.Members) != 4 {
		t.Errorf("voters %v, members %v", s.Voters, s.Members)
	}
}

// All nodes start anew at once and agree without a hand: P3. So do two of three.
func TestColdStart(t *testing.T) {
	g := three(t)
	g.pay("a")
	for _, n := range g.nodes {
		n.down = true
	}
	for _, n := range g.nodes[:2] {
		g.start(n, nil)
	}
	g.pay("b")
	g.start(g.nodes[2], nil)
	g.until("the third has it too", func() bool { return slices.Contains(g.nodes[2].frames, "b") })
}

// A leader whose clock is an hour off takes no writes and hands the lead over.
func TestClock(t *testing.T) {
	g := three(t)
	g.until("statuses were told", func() bool { return g.wall%1000 == 0 })
	old := g.leader()
	old.skew = 3_600_000
	g.until("it takes no writes", func() bool { return errors.Is(old.m.Propose([]byte("x"), nil), member.ErrClock) || g.leader() != old })
	g.until("another one leads", func() bool { l := g.leader(); return l != nil && l != old })
	g.pay("a")
}

// Strangers are heard by nobody.
func TestStrangers(t *testing.T) {
	g := three(t)
	l := g.leader()
	before := l.m.Status()
	for _, msg := range []*pb.PeerMessage{
		{ClusterId: 5, From: 2, FromIncarnation: 102}, {ClusterId: cluster, From: 2, FromIncarnation: 999},
		{ClusterId: cluster, From: 44, FromIncarnation: 144}, {ClusterId: cluster, From: 2, FromIncarnation: 102, Raft: []byte{255}},
	} {
		msg.To, msg.ToIncarnation, msg.Session = l.id.RaftID, l.id.Incarnation, 1
		msg.Standing = &pb.Standing{Term: 1 << 40, LastIndex: 1 << 40}
		if msg.FromIncarnation != 102 || msg.ClusterId != cluster {
			l.m.Step(msg)
			g.work(l)
		}
	}
	if after := l.m.Status(); after.Term != before.Term || !after.Leads {
		t.Errorf("a stranger changed %+v to %+v", before, after)
	}
	for _, p := range l.m.Status().Peers {
		if p.Heard.GetLastIndex() == 1<<40 {
			t.Error("a stranger's standing was noted")
		}
	}
}

// A log that can't be written ends the member.
func TestDiskFails(t *testing.T) {
	g := three(t)
	l := g.leader()
	l.disk.fail = errors.New("no disk")
	if err := l.m.Propose([]byte("a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := l.m.Work(); err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("work answers %v", err)
	}
}

// A leader whose clock is set takes nothing from the very next tick on, before
// any peer has told it so. Set right again, it does as soon as a majority says so.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	g := three(t)
	lead := g.leader()
	for range 100 {
		g.round()
	}
	for _, by := range []int64{3_600_000, -3_600_000} { // there, and back
		lead.skew += by
		lead.m.Tick(g.wall + lead.skew)
		if err := lead.m.Propose([]byte("x"), nil); !errors.Is(err, member.ErrClock) {
			t.Errorf("with its clock just set by %d ms: %v", by, err)
		}
		if got := lead.m.Wall(); got != g.wall+lead.skew {
			t.Errorf("the clock to stamp with says %d, the node's is %d", got, g.wall+lead.skew)
		}
	}
	g.until("it takes writes again", func() bool { return lead.m.Propose([]byte("x"), nil) == nil })
}
