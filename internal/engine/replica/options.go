package replica

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"log/slog"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Log is what the loop needs of the raft log; *raftlog.Log is one.
type Log interface {
	member.Storage
	// Begin is an Append with sync that returns when it is on its way, and wait when
	// it is on disk; each is waited for once.
	Begin(hs *raftpb.HardState, entries []*raftpb.Entry) (wait func() error, err error)
	// Acked notes that callers were told the index is durable.
	Acked(index uint64)
	// SaveHeard and Heard keep what the other members were heard to have.
	SaveHeard(*pb.Heard) error
	Heard() *pb.Heard
}

const (
	// maxCommits bounds the committed frames that a follower has not applied.
	maxCommits = 64
	// maxWrites bounds the appends that wait for the one before them.
	maxWrites = 64
	// maxInbox bounds the messages of peers that wait for the loop; raft repeats
	// those that are dropped.
	maxInbox = 4096
)

// Options configures a Replica.
type Options struct {
	Identity identity.Identity
	Log      Log
	Backend  table.Backend
	Machine  machine.Options
	// Bootstrap makes a new log the first of its cluster; it is this node.
	Bootstrap *pb.Member
	// Known are the members that a joining node was told of.
	Known *pb.Members
	// Peers carries messages and commands to the other members; nil for a node
	// that stays alone.
	Peers Peers
	// Behind is told when the log this node needs is gone and a snapshot must be
	// fetched. May be nil for a node that stays alone.
	Behind func(*pb.SnapshotManifest)
	// Agreed is told of each mark that this node and a majority agreed on, in the
	// order of their indexes; it must not block. May be nil.
	Agreed func(agree.Mark)
	// Damaged is told of damage that a reader met. May be nil.
	Damaged func(error)
	// Health is what peers are told about this node. May be nil.
	Health func() *pb.NodeHealth
	// Version is the binary's.
	Version string
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Random draws the commands' seeds; nil is crypto/rand.Reader.
	Random io.Reader
	// SpaceLow says that the disk is nearly full: writes are refused. May be nil.
	SpaceLow func() bool
	// ReadOnlyFrom, when not 0, is the log index of a frame that must not be
	// applied: the frames before it are, and then every write is refused.
	ReadOnlyFrom uint64
	// Stopped is told once why the replica can't go on: a *machine.Broken, a
	// *machine.Outdated, a *member.RefusedError or an error of a store. Callers
	// still waiting get code.Unknown.
	Stopped func(error)
	// Observe is told of every applied frame. May be nil.
	Observe func(FrameStats)
	Logger  *slog.Logger
}

// maxLevel is the highest feature level that this node knows.
func (o *Options) maxLevel() uint32 {
	if o.Machine.MaxLevel != 0 {
		return o.Machine.MaxLevel
	}
	return machine.MaxLevel
}

// Peers is the network between the members.
type Peers interface {
	// Send hands over a message; it never blocks and may lose it.
	Send(*pb.PeerMessage)
	// SetMembers says who and where the members are.
	SetMembers([]*pb.Member)
	// Execute runs a command on the leader and answers with the leader's applied
	// index. Errors are Do's.
	Execute(ctx context.Context, leader *pb.Member, cmd *pb.Command) (res catalogue.Result, index uint64, err error)
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// session draws the number that tells this process from others.
func (o Options) session() (uint64, error) {
	var b [8]byte
	for {
		if _, err := io.ReadFull(o.Random, b[:]); err != nil {
			return 0, err
		}
		if n := binary.BigEndian.Uint64(b[:]); n != 0 {
			return n, nil
		}
	}
}
