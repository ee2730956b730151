package member_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// disk is a raft log in memory.
type disk struct {
	*raft.MemoryStorage
	conf    *raftpb.ConfState
	members *pb.Members
	fail    error
	writing int // synced writes that the member was not told of yet
}

func newDisk() *disk { return &disk{MemoryStorage: raft.NewMemoryStorage()} }

func (d *disk) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) {
	hs, _, err := d.MemoryStorage.InitialState()
	cs := d.conf
	if cs == nil {
		cs = new(raftpb.ConfState)
	}
	return hs, cs, err
}

func (d *disk) Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error {
	if d.fail != nil {
		return d.fail
	}
	if sync {
		d.writing++
	}
	if !raft.IsEmptyHardState(hs) {
		if err := d.SetHardState(hs); err != nil {
			return err
		}
	}
	return d.MemoryStorage.Append(entries)
}

func (d *disk) SetConf(cs *raftpb.ConfState, members *pb.Members) error {
	d.conf, d.members = proto.Clone(cs).(*raftpb.ConfState), proto.Clone(members).(*pb.Members)
	return nil
}

func (d *disk) Conf() (*raftpb.ConfState, *pb.Members) {
	if d.conf == nil {
		return nil, nil
	}
	return d.conf, proto.Clone(d.members).(*pb.Members)
}

// clone copies a disk as it is now.
func (d *disk) clone(t *testing.T) *disk {
	t.Helper()
	c := &disk{MemoryStorage: raft.NewMemoryStorage(), conf: d.conf, members: d.members}
	hs, _, err := d.MemoryStorage.InitialState()
	first, _ := d.FirstIndex()
	last, _ := d.LastIndex()
	var entries []*raftpb.Entry
	if err == nil && last >= first {
		entries, err = d.Entries(first, last+1, 1<<62)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !raft.IsEmptyHardState(hs) {
		_ = c.SetHardState(proto.Clone(hs).(*raftpb.HardState))
	}
	_ = c.MemoryStorage.Append(slices.Clone(entries))
	return c
}

// node is one member with what it told its driver.
type node struct {
	g       *group
	name    string
	id      identity.Identity
	disk    *disk
	m       *member.Member
	heard   *pb.Heard
	down    bool
	applied uint64
	frames  []string
	lost    []any
	reads   map[uint64]uint64
	refused *member.RefusedError
	behind  *pb.SnapshotManifest
	skew    int64
	stuck   bool // its disk ends no write
}

func (n *node) Send(msg *pb.PeerMessage) { n.g.wire = append(n.g.wire, msg) }
func (n *node) Commit(c member.Commit) {
	if c.Index != n.applied+1 {
		n.g.t.Errorf("%s: commit %d after %d", n.name, c.Index, n.applied)
	}
	n.applied = c.Index
	if len(c.Data) > 0 {
		n.frames = append(n.frames, string(c.Data))
	}
}
func (n *node) Lost(tag any)                     { n.lost = append(n.lost, tag) }
func (n *node) Read(token, index uint64)         { n.reads[token] = index }
func (n *node) Behind(s *pb.SnapshotManifest)    { n.behind = s }
func (n *node) Mark(uint64, *pb.Mark)            {}
func (n *node) Refused(err *member.RefusedError) { n.refused = err }

// group is some members and the wire between them.
type group struct {
	t     *testing.T
	nodes []*node
	wire  []*pb.PeerMessage
	cut   func(msg *pb.PeerMessage) bool // true: the message is lost
	wall  int64
	next  uint64
}

const cluster = 77

func newGroup(t *testing.T) *group {
	g := &group{t: t, wall: 1_000_000}
	first := g.add("n1", identity.Identity{ClusterID: cluster, RaftID: 1, Incarnation: 101})
	g.start(first, nil)
	g.until("n1 leads", func() bool { return first.m.Status().Leads })
	return g
}

func (g *group) add(name string, id identity.Identity) *node {
	n := &node{g: g, name: name, id: id, disk: newDisk(), down: true}
	g.nodes = append(g.nodes, n)
	return n
}

func (g *group) start(n *node, known *pb.Members) {
	g.t.Helper()
	g.next++
	opt := member.Options{
		Identity: n.id, Session: g.next, Log: n.disk, Events: n, Heard: n.heard, Known: known, Logger: slog.New(slog.DiscardHandler),
	}
	if known == nil && len(g.nodes) == 1 {
		opt.Bootstrap = n.record(pb.MemberRole_MEMBER_ROLE_VOTER)
	}
	n.applied, n.frames, n.reads, n.refused, n.down = 0, nil, map[uint64]uint64{}, nil, false
	n.disk.writing, n.stuck = 0, false
	m, err := member.New(opt)
	if errors.As(err, &n.refused) {
		n.down = true
		return
	}
	if err != nil {
		g.t.Fatal(err)
	}
	n.m = m
}

func (n *node) record(role pb.MemberRole) *pb.Member {
	return &pb.Member{RaftId: n.id.RaftID, Incarnation: n.id.Incarnation, Name: n.name, Address: n.name, Role: role}
}

// round ticks everybody once and delivers what was sent.
func (g *group) round() {
	g.wall += member.TickEvery.Milliseconds()
	for _, n := range g.nodes {
		if !n.down {
			n.m.Tick(g.wall + n.skew)
			g.work(n)
		}
	}
	for range 20 {
		wire := g.wire
		g.wire = nil
		for _, msg := range wire {
			if g.cut != nil && g.cut(msg) {
				continue
			}
			for _, n := range g.nodes {
				if n.id.RaftID == msg.To && !n.down {
					n.m.Step(msg)
					g.work(n)
				}
			}
		}
	}
}

func (g *group) work(n *node) {
	for {
		if err := n.m.Work(); err != nil {
			g.t.Fatalf("%s: %v", n.name, err)
		}
		if n.disk.writing == 0 || n.stuck {
			break
		}
		for ; n.disk.writing > 0; n.disk.writing-- {
			n.m.Written()
		}
	}
	if h, changed := n.m.Heard(); changed {
		n.heard = h
	}
}

func (g *group) until(what string, ok func() bool) {
	g.t.Helper()
	for range 400 {
		if ok() {
			return
		}
		g.round()
	}
	g.t.Fatalf("it never came true that %s", what)
}

func (g *group) leader() *node {
	for _, n := range g.nodes {
		if !n.down && n.m.Status().Leads {
			return n
		}
	}
	return nil
}

func (g *group) change(members ...*pb.Member) {
	g.t.Helper()
	var last error
	g.until(fmt.Sprintf("the change to %v is taken (%v)", members, last), func() bool {
		l := g.leader()
		if l == nil {
			return false
		}
		last = l.m.Change(members, []byte("change"), "change")
		return last == nil
	})
	g.until("the change is applied", func() bool { l := g.leader(); return l != nil && !l.m.Status().Changing })
}

// join adds a node as a learner, starts it and makes it a voter.
func (g *group) join(name string, id uint64) *node {
	g.t.Helper()
	n := g.add(name, identity.Identity{ClusterID: cluster, RaftID: id, Incarnation: id + 100})
	g.change(n.record(pb.MemberRole_MEMBER_ROLE_LEARNER))
	g.start(n, g.leader().m.Status().Members)
	g.until(name+" has caught up", func() bool { return n.m.Status().Proven && n.applied == g.leader().applied })
	g.change(n.record(pb.MemberRole_MEMBER_ROLE_VOTER))
	return n
}

func three(t *testing.T) *group {
	g := newGroup(t)
	g.join("n2", 2)
	g.join("n3", 3)
	g.until("all know who leads", func() bool {
		return !slices.ContainsFunc(g.nodes, func(n *node) bool { return n.m.Status().Leader != g.leader().id.RaftID })
	})
	return g
}

// pay proposes a frame on the leader and waits until all that are up applied it.
func (g *group) pay(frame string) {
	g.t.Helper()
	g.until("a leader takes "+frame, func() bool { l := g.leader(); return l != nil && l.m.Propose([]byte(frame), frame) == nil })
	g.until("all have applied "+frame, func() bool {
		return !slices.ContainsFunc(g.nodes, func(n *node) bool { return !n.down && n.refused == nil && !slices.Contains(n.frames, frame) })
	})
}
