package sim

import (
	"fmt"
	"io"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// start is when every run begins, Unix milliseconds.
const start = int64(1_780_000_000_000)

// Options configures a run.
type Options struct {
	Seed uint64
	// Trace gets a line for everything a reader of the run wants to know; may be nil.
	Trace io.Writer
	// Lenient passes over steps that make no sense as things stand, as random
	// scripts have them; otherwise such a step is an error.
	Lenient bool
}

// Violation is what must hold and did not.
type Violation struct {
	// Checker names the rule, e.g. "digests".
	Checker string
	Text    string
	// At is when it was seen, milliseconds since the run began.
	At int64
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s (%.3f s into the run)", v.Checker, v.Text, float64(v.At)/1000)
}

// World is one run: nodes, links, clients, and what they were seen to do.
type World struct {
	opt     Options
	chance  chance
	now     int64
	queue   events
	planned uint64
	// happened counts the events of this second.
	happened int
	trace    uint64
	failure  *Violation

	net     network
	nodes   []*node // nodes[i] is called n(i+1)
	byID    map[uint64]*node
	cluster uint64
	began   uint32 // at this feature level
	broken  broken
	keyed   bool // each node has a keyring

	clients  *clients
	couriers [maxCouriers]*courier
	recorded map[uint64]bool // notices whose delivery the cluster acknowledged
	merchant *merchant
	operator *operator
	seen     seen
}

// node is one machine with its disk: a process may run on it.
type node struct {
	name  string
	place place
	disk  *disk // nil before it was added
	saved *disk // a copy that was kept

	process *process
	session uint64 // of its newest process
	starts  int
	refused *member.RefusedError // why it may not take part
	stopped error                // why its process ended by itself
	knows   uint32               // the feature level of the binary it starts next
	// outdated is why its newest process stopped, if its binary was too old.
	outdated *machine.Outdated

	skew        int64 // its clock against the world's
	slow        int64 // what a write waits for the disk, besides the usual
	pausedUntil int64
	flushEvery  int
	heardAt     int64
	oldKeys     bool  // its keyring may be older than what it told others it has
	copyOf      *node // when its folder is a copy of another's
}

// NewWorld makes a cluster of voters, all of them down and with the same state.
func newWorld(opt Options, voters int, level uint32, keyed bool) *World {
	w := &World{opt: opt, began: level, keyed: keyed, chance: newChance(opt.Seed), now: start, net: newNetwork(), byID: make(map[uint64]*node)}
	w.cluster = w.chance.nonzero()
	w.seen.init()
	w.clients = newClients(w)
	w.merchant = &merchant{}
	w.recorded = make(map[uint64]bool)
	for i := range w.couriers {
		w.couriers[i] = &courier{w: w, name: fmt.Sprint("c", i+1)}
	}
	w.operator = newOperator(w)
	for i := range maxNodes {
		w.nodes = append(w.nodes, &node{name: fmt.Sprintf("n%d", i+1), place: place(i + 1), knows: machine.MaxLevel, flushEvery: int(w.chance.between(2, 60))})
	}
	members := &pb.Members{Index: 1}
	conf := new(raftpb.ConfState)
	for _, n := range w.nodes[:voters] {
		n.disk = newDisk(w.identity(n))
		members.Members = append(members.Members, n.member(pb.MemberRole_MEMBER_ROLE_VOTER))
		conf.Voters = append(conf.Voters, n.disk.id.RaftID)
		w.operator.wanted[n.name] = true
	}
	for _, n := range w.nodes[:voters] {
		one := uint64(1)
		n.disk.state = newState(genesis(level))
		if keyed {
			n.disk.keep()
		}
		n.disk.log.content = content{cut: 1, cutTerm: 1, hard: &raftpb.HardState{Term: &one, Commit: &one}}
		must.That(n.disk.log.SetConf(conf, members) == nil, "the members can be recorded")
	}
	return w
}

// maxNodes is how many machines there are, most of them idle.
const maxNodes = 7

// identity draws who a new folder on a node is.
func (w *World) identity(n *node) identity.Identity {
	id := identity.Identity{ClusterID: w.cluster, RaftID: w.chance.nonzero(), Incarnation: w.chance.nonzero()}
	w.byID[id.RaftID] = n
	return id
}

// member is the node as its peers know it.
func (n *node) member(role pb.MemberRole) *pb.Member {
	return &pb.Member{RaftId: n.disk.id.RaftID, Incarnation: n.disk.id.Incarnation, Name: n.name, Address: n.name, Role: role}
}

func (w *World) byRaftID(id uint64) *node { return w.byID[id] }

// node finds a node by its name.
func (w *World) node(name string) *node {
	for _, n := range w.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

// leader is the process that leads in the highest term, nil when none does.
func (w *World) leader() *process {
	var best *process
	for _, n := range w.nodes {
		if p := n.process; p != nil && p.leads && p.member.Leads() != 0 && (best == nil || p.term > best.term) {
			best = p
		}
	}
	return best
}

// post hands a message between members to the network, encoded as on a wire.
func (w *World) post(p *process, msg *pb.PeerMessage) {
	if w.broken.onMessage != nil {
		w.broken.onMessage(p, msg)
	}
	w.carry(p, msg)
}

func (w *World) carry(p *process, msg *pb.PeerMessage) {
	to := w.byRaftID(msg.To)
	if to == nil {
		return
	}
	data := table.Encode(msg)
	from := p.node.place
	w.send(from, to.place, true, func() {
		other := to.process
		if other == nil {
			return
		}
		w.note(uint64(from), uint64(to.place), sum(data))
		other.post(func() {
			got := new(pb.PeerMessage)
			must.That(got.UnmarshalVT(data) == nil, "a message between members can be decoded")
			other.seq.Step(got)
		})
	})
}

// lucky draws how much of n unsynced things a crash leaves, 0..n-1: often all or
// nothing.
func (w *World) lucky(n int) int {
	switch w.chance.IntN(3) {
	case 0:
		return 0
	case 1:
		return n - 1
	}
	return w.chance.IntN(n)
}

// fail ends the run because a rule does not hold; the first one counts.
func (w *World) fail(checker, format string, args ...any) {
	if w.failure == nil {
		w.failure = &Violation{Checker: checker, Text: fmt.Sprintf(format, args...), At: w.now - start}
		w.tell("checker", "%s: %s", checker, w.failure.Text)
	}
}

// crash ends a node's process as a power cut does.
func (w *World) crash(n *node) {
	if n.process == nil {
		return
	}
	w.tell(n.name, "crashes")
	n.process.kill()
	n.disk.crash(w)
	n.pausedUntil = 0
}
