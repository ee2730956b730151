package member_test

import (
	"slices"
	"testing"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// raftOf is the message of raft in one between members, an empty one for none.
func raftOf(t *testing.T, msg *pb.PeerMessage) *raftpb.Message {
	t.Helper()
	rm := new(raftpb.Message)
	if err := proto.Unmarshal(msg.Raft, rm); err != nil {
		t.Fatal(err)
	}
	return rm
}

// says counts the messages under way of a kind that a node sent.
func (g *group) says(n *node, kind raftpb.MessageType) (count int) {
	for _, msg := range g.wire {
		if msg.From == n.id.RaftID && len(msg.Raft) > 0 && raftOf(g.t, msg).GetType() == kind {
			count++
		}
	}
	return count
}

// only cuts all links of a node.
func only(n *node) func(*pb.PeerMessage) bool {
	return func(msg *pb.PeerMessage) bool { return msg.From == n.id.RaftID || msg.To == n.id.RaftID }
}

// A leader sends an entry while its own disk is still at it, does not count
// itself before it is done, and applies nothing that it does not have.
func TestLeaderSendsBeforeItsDiskIsDone(t *testing.T) {
	t.Parallel()
	g := three(t)
	lead, cut := g.leader(), g.nodes[2]
	for range 20 {
		g.round() // all is quiet
	}
	lead.stuck, g.cut = true, only(cut)
	if err := lead.m.Propose([]byte("a"), "a"); err != nil {
		t.Fatal(err)
	}
	g.work(lead)
	if got := g.says(lead, raftpb.MsgApp); got != 2 {
		t.Errorf("%d of 2 followers are sent the entry while the leader's disk is at it", got)
	}
	before := lead.m.Status()
	for range 5 {
		g.round()
	}
	now := lead.m.Status()
	if heard := now.Peers[0].Heard.GetLastIndex(); heard != before.LastIndex+1 {
		t.Fatalf("the follower has %d, the leader had %d before", heard, before.LastIndex)
	}
	if now.Commit != before.Commit || now.LastIndex != before.LastIndex {
		t.Errorf("with one of three disks: commit %d, on disk %d; before: %d, %d", now.Commit, now.LastIndex, before.Commit, before.LastIndex)
	}
	g.cut = nil
	g.until("both followers have it", func() bool { return lead.m.Status().Commit == before.Commit+1 })
	if lead.applied != before.Commit {
		t.Errorf("the leader has applied %d, which is not on its disk", lead.applied)
	}
	lead.stuck = false
	g.until("the leader has applied it", func() bool { return lead.applied == before.Commit+1 })
}

// A follower acknowledges an entry when it is on its disk, and says of no entry
// before that it has it.
func TestFollowerPromisesWhatIsOnItsDisk(t *testing.T) {
	t.Parallel()
	g := three(t)
	lead, busy := g.leader(), g.nodes[1]
	for range 20 {
		g.round()
	}
	before := lead.m.Status()
	busy.stuck, g.cut = true, only(g.nodes[2])
	if err := lead.m.Propose([]byte("a"), "a"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		g.round()
	}
	now := lead.m.Status()
	if heard := now.Peers[0].Heard.GetLastIndex(); heard != before.LastIndex || now.Commit != before.Commit {
		t.Errorf("the follower is heard to have %d, committed is %d; before: %d, %d", heard, now.Commit, before.LastIndex, before.Commit)
	}
	busy.stuck = false
	g.until("it is committed", func() bool { return lead.m.Status().Commit == before.Commit+1 })
}

// Nothing is said of a term before it is on the disk, not even to ask for votes:
// who forgot it could lead it a second time, with other entries.
func TestTermIsOnDiskBeforeItIsSaid(t *testing.T) {
	t.Parallel()
	g := three(t)
	next := g.nodes[1]
	next.stuck = true
	g.leader().m.Transfer(next.id.RaftID)
	asked := 0
	g.cut = func(msg *pb.PeerMessage) bool {
		if msg.From == next.id.RaftID && len(msg.Raft) > 0 && raftOf(t, msg).GetType() == raftpb.MsgVote {
			asked++
		}
		return false
	}
	for range 5 {
		g.round()
	}
	if asked != 0 {
		t.Error("it asks for votes while its term is on the way to its disk")
	}
	next.stuck = false
	g.until("it asks, and leads", func() bool { return asked > 0 && next.m.Status().Leads })
}

// A leader whose disk hangs hands the lead over: the others commit what it sends, and
// it can tell nobody. What it had proposed is applied by the next one.
func TestHungDiskHandsOver(t *testing.T) {
	t.Parallel()
	g := three(t)
	lead := g.leader()
	lead.stuck = true
	if err := lead.m.Propose([]byte("a"), "a"); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		g.round()
	}
	next := g.leader()
	if next == nil || next == lead || lead.m.Status().Leads {
		t.Fatal("nobody else leads two seconds after the leader's disk began to hang")
	}
	if !slices.Contains(next.frames, "a") || !slices.Contains(lead.lost, any("a")) {
		t.Errorf("the next leader has applied %q, the one before has lost %v", next.frames, lead.lost)
	}
	if slices.Contains(lead.frames, "a") {
		t.Error("the entry was applied where it is not on disk")
	}
	lead.stuck = false
	g.until("all have it", func() bool { return slices.Contains(lead.frames, "a") })
}

// The only voter, started again, leads when its vote is on disk. Before something of
// its term is committed it does not know how far it was: no read is answered.
func TestNewAloneAnswersNoRead(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	n := g.nodes[0]
	g.pay("a")
	was, zero := n.applied, uint64(0)
	hs, _, _ := n.disk.InitialState()
	hs.Commit = &zero // it need not be on disk
	if err := n.disk.SetHardState(hs); err != nil {
		t.Fatal(err)
	}
	g.start(n, nil)
	n.stuck = true
	for token := uint64(1); !slices.Contains(n.frames, "a"); token++ {
		if token > 10 {
			t.Fatal("it does not come to its term")
		}
		n.m.ReadIndex(token)
		g.work(n)
		if at, ok := n.reads[token]; ok && at < was {
			t.Errorf("a read is answered with %d, acknowledged was %d", at, was)
		}
		if n.disk.writing > 0 { // one write more is on its disk
			n.disk.writing--
			n.m.Written()
		}
		n.m.ReadIndex(token)
	}
	n.stuck = false
	g.until("a read is answered", func() bool { n.m.ReadIndex(99); g.work(n); return n.reads[99] > was })
}
