package member

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The group's clock, in ticks.
const (
	// TickEvery is how often the driver calls Tick.
	TickEvery = 50 * time.Millisecond
	// electionTicks is how long a follower hears nothing before it campaigns; raft
	// draws the time between this and twice as much.
	electionTicks = 12
	// statusTicks is how often every peer is told the status.
	statusTicks = 20
	// askTicks is how often a member that is not proven asks the others.
	askTicks = 2
	// patienceTicks is how long it waits for all whose word it wants before it
	// goes by those it can reach.
	patienceTicks = 80
)

// Storage is the raft log as a member needs it; *raftlog.Log is one.
type Storage interface {
	raft.Storage
	// Append puts what it is given on its way to the disk, in one batch, and need not
	// wait; batches become durable in their order. With sync the driver calls Written
	// once the batch is on disk: once for each, in their order.
	Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error
	// SetConf records the members durably; members.Index is the log index of the
	// change that made them.
	SetConf(cs *raftpb.ConfState, members *pb.Members) error
	// Conf returns what is recorded, nil and nil for a new log.
	Conf() (*raftpb.ConfState, *pb.Members)
}

// Commit is a committed entry, to be applied in order.
type Commit struct {
	Index, Term uint64
	// Data is a pb.Frame; an empty one only moves the applied index.
	Data []byte
	// Tag is what Propose was given, nil for entries of others.
	Tag any
}

// Events is what a member tells its driver, from within its own methods.
type Events interface {
	// Send hands a message to the network, which may lose it. What the message
	// promises is on disk.
	Send(*pb.PeerMessage)
	// Commit is called once an index, in order. It must not call the member.
	Commit(Commit)
	// Lost says that the outcome of a proposal is open: the lead was lost.
	Lost(tag any)
	// Read answers ReadIndex: a state that has applied index is fresh enough.
	Read(token, index uint64)
	// Behind says that the log this member needs is gone: fetch the snapshot,
	// install it, and start the member again.
	Behind(*pb.SnapshotManifest)
	// Mark hands over a peer's mark.
	Mark(from uint64, m *pb.Mark)
	// Refused says that this member can't take part any more; the driver stops.
	Refused(*RefusedError)
}

// Options configures a Member.
type Options struct {
	Identity identity.Identity
	// Session tells this process from another on a copy of its folder: any random
	// number that is not 0.
	Session uint64
	Log     Storage
	// Applied is the state machine's index, at least that of the recorded members.
	Applied uint64
	// Heard is what was saved last, nil when nothing was.
	Heard *pb.Heard
	// Bootstrap makes an empty log the first of a new cluster with this voter.
	Bootstrap *pb.Member
	// Known are the members that a joining node was told of.
	Known  *pb.Members
	Events Events
	Logger *slog.Logger
	// Version and MaxLevel are the binary's, told to peers.
	Version  string
	MaxLevel uint32
	// Health is asked for what peers are told about this node; may be nil.
	Health func() *pb.NodeHealth
}

// Limits of raft's own buffers, in bytes.
const (
	maxMessage     = 1 << 20
	maxCommitted   = 16 << 20
	maxUncommitted = 64 << 20
)

// Member is one member. It belongs to one goroutine.
type Member struct {
	opt  Options
	self uint64
	node *raft.RawNode

	registry *pb.Members // as of the applied configuration
	known    *pb.Members // registry, or a newer one that a peer told of
	conf     *raftpb.ConfState
	peers    map[uint64]*peer

	standing *pb.Standing // what is on disk
	latest   *pb.Standing // what will be once all writes are durable
	writes   []write      // under way, the oldest first
	proven   bool
	removed  bool
	applied  uint64
	fetching uint64
	ticks    uint64
	wall     int64 // Unix milliseconds, of the last Tick

	proposed []proposal     // proposed, their index not known yet
	pending  map[uint64]any // tags by log index, not yet committed
	term     uint64         // the term this member leads, 0 when it does not
	leadFrom uint64         // the index of that term's first entry
	// confPending is the index of a change of members that is proposed and not
	// applied, 0 when there is none.
	confPending uint64
	jumped      uint64 // the tick at which the clock was last seen to be set, 0 never
	clockOff    int    // ticks for which this leader's clock has been off
	heardNew    bool   // Heard has changed since it was asked for
}

type proposal struct {
	data []byte
	tag  any
}

// New makes a member of what is on its disk. It returns a *RefusedError when the
// folder may not take part.
func New(opt Options) (*Member, error) {
	m := &Member{
		opt: opt, self: opt.Identity.RaftID, applied: opt.Applied,
		peers: make(map[uint64]*peer), pending: make(map[uint64]any),
	}
	if err := m.loadMembers(); err != nil {
		return nil, err
	}
	if err := m.loadStanding(); err != nil {
		return nil, err
	}
	for _, h := range opt.Heard.GetMembers() {
		m.peer(h.RaftId).heard = h.Standing
	}
	if role := m.registered(m.self).GetRole(); role == pb.MemberRole_MEMBER_ROLE_REMOVED {
		return nil, refused(Removed)
	}
	node, err := raft.NewRawNode(&raft.Config{
		ID: m.self, ElectionTick: electionTicks, HeartbeatTick: 1, Storage: opt.Log, Applied: opt.Applied,
		MaxSizePerMsg: maxMessage, MaxCommittedSizePerReady: maxCommitted, MaxUncommittedEntriesSize: maxUncommitted,
		MaxInflightMsgs: 64, PreVote: true, CheckQuorum: true, DisableProposalForwarding: true, StepDownOnRemoval: true, AsyncStorageWrites: true,
		Logger: raftLogger{opt.Logger},
	})
	if err != nil {
		return nil, fmt.Errorf("start raft: %w", err)
	}
	m.node = node
	m.judge()
	if m.proven && m.alone() {
		return m, node.Campaign()
	}
	return m, nil
}

// loadMembers reads who the members are. In a new log they are this one alone,
// or, on a node that joins, whoever it was told of.
func (m *Member) loadMembers() error {
	cs, members := m.opt.Log.Conf()
	if cs == nil {
		if cs, members = m.first(); cs == nil {
			return refused(NeverLetIn)
		}
		if err := m.opt.Log.SetConf(cs, members); err != nil {
			return fmt.Errorf("record the first members: %w", err)
		}
	}
	if len(members.Members) == 0 && len(cs.Voters) == 1 && cs.Voters[0] == m.self {
		// A log of the time before there were clusters names its one voter only.
		only := &pb.Member{RaftId: m.self, Incarnation: m.opt.Identity.Incarnation, Role: pb.MemberRole_MEMBER_ROLE_VOTER}
		if b := m.opt.Bootstrap; b != nil {
			only.Name, only.Address = b.Name, b.Address
		}
		members.Members = []*pb.Member{only}
	}
	m.conf, m.registry, m.known = cs, members, members
	m.adopt(m.opt.Known)
	return nil
}

// first returns who the members are before the log's first entry: the node that
// the cluster began with, which stands first in every list, has the only vote.
// All changes since then are in the log, or in a snapshot.
func (m *Member) first() (*raftpb.ConfState, *pb.Members) {
	if m.opt.Bootstrap != nil {
		only := proto.Clone(m.opt.Bootstrap).(*pb.Member)
		only.Role = pb.MemberRole_MEMBER_ROLE_VOTER
		return &raftpb.ConfState{Voters: []uint64{m.self}}, &pb.Members{Members: []*pb.Member{only}}
	}
	told := m.opt.Known.GetMembers()
	if len(told) == 0 {
		return nil, nil
	}
	return &raftpb.ConfState{Voters: []uint64{told[0].RaftId}}, &pb.Members{Members: told}
}

// loadStanding reads what this member has on disk.
func (m *Member) loadStanding() error {
	hs, _, err := m.opt.Log.InitialState()
	if err != nil {
		return fmt.Errorf("read the log's hard state: %w", err)
	}
	last, err := m.opt.Log.LastIndex()
	if err != nil {
		return fmt.Errorf("read the log's end: %w", err)
	}
	term, err := m.opt.Log.Term(last)
	if err != nil {
		return fmt.Errorf("read the log's end: %w", err)
	}
	m.standing = &pb.Standing{Term: hs.GetTerm(), Vote: hs.GetVote(), LastTerm: term, LastIndex: last}
	m.latest = m.standing
	return nil
}

// Reasons why a proposal is not taken.
var (
	ErrNotLeader = errors.New("this member does not lead")
	ErrDropped   = errors.New("too much is uncommitted")
	ErrClock     = errors.New("this node's clock is not the majority's")
	ErrChanging  = errors.New("another change of members is under way")
)

// Propose offers a frame. tag comes back with its Commit, or with Lost.
func (m *Member) Propose(frame []byte, tag any) error {
	switch {
	case m.term == 0, m.node.BasicStatus().LeadTransferee != 0:
		return ErrNotLeader // or not for long: raft would drop it
	case !m.clockTrusted():
		return ErrClock
	}
	if err := m.node.Propose(frame); err != nil {
		if errors.Is(err, raft.ErrProposalDropped) {
			return ErrDropped
		}
		return fmt.Errorf("propose a frame: %w", err)
	}
	m.proposed = append(m.proposed, proposal{frame, tag})
	return nil
}

// ReadIndex asks how far a state must be to answer a read that begins now; the
// answer is Events.Read, or none when the leader changes or a message is lost:
// ask again, with another token.
func (m *Member) ReadIndex(token uint64) {
	if m.proven && !m.newAlone() {
		m.node.ReadIndex(m.readContext(token))
	}
}

// newAlone says whether this member, the only voter, leads a term of which nothing is
// committed yet. Raft lets the reads of a larger group wait for that; the only voter's
// it answers at once with the commit index of its log, which a crash may have taken
// back behind what was acknowledged.
func (m *Member) newAlone() bool {
	st := m.node.BasicStatus()
	if st.RaftState != raft.StateLeader || !m.alone() {
		return false
	}
	term, err := m.opt.Log.Term(st.GetCommit())
	return err != nil || term != st.GetTerm()
}

// Applied tells how far the driver has applied.
func (m *Member) Applied(index uint64) { m.applied = max(m.applied, index) }

// Fetching tells peers that the snapshot of an index is on its way; 0 that none is.
func (m *Member) Fetching(index uint64) { m.fetching = index }

// Heard returns what the others were heard to have on disk, and whether it has
// changed since the last call. The driver saves it at most once a second.
func (m *Member) Heard() (h *pb.Heard, changed bool) {
	changed, m.heardNew = m.heardNew, false
	if !changed {
		return nil, false
	}
	h = new(pb.Heard)
	for _, other := range m.known.Members {
		if p := m.peers[other.RaftId]; p != nil && p.heard != nil {
			h.Members = append(h.Members, &pb.HeardMember{RaftId: other.RaftId, Standing: p.heard})
		}
	}
	return h, true
}
