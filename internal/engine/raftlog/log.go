// Package raftlog keeps the raft log in a Pebble store of its own, with its
// write-ahead log on: what is acknowledged to a caller is acknowledged because
// this package has it on disk.
//
// Keys and values:
//
//	"e" index(8, BE)  -> term(8, BE) crc(4, BE) type(1) data
//	"m" "hard"        -> crc(4, BE) HardState (protobuf)
//	"m" "conf"        -> crc(4, BE) index(8, BE) ConfState (protobuf)
//	"m" "cut"         -> crc(4, BE) index(8, BE) term(8, BE): the newest entry that was compacted away
//	"m" "id"          -> identity (package identity)
//	"m" "format"      -> crc(4, BE) version(1)
//
// All checksums are CRC32C. An entry's is over index, term, type and data, so
// that an entry read from the wrong place is noticed too.
//
// Pebble notices damage anywhere in its write-ahead log except the last 32 KiB,
// which look like an unfinished write. For those the file "acked" beside the
// store holds the newest acknowledged index (acked.go), and a log that ends
// before it refuses to start (start.go).
package raftlog

import (
	"io"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
)

// Defaults of Options.
const (
	DefaultMemTableBytes uint64 = 64 << 20
	DefaultRecentBytes   uint64 = 64 << 20
	DefaultKeepBytes     uint64 = 1 << 30
	DefaultKeepFor              = 10 * time.Minute
	DefaultAckedEvery           = 100 * time.Millisecond
)

// Options configures a Log. The zero value is right for production on the
// local disk.
type Options struct {
	// FS is where the log lives; nil is the local disk. Open wraps it with
	// diskguard.Wrap.
	FS vfs.FS
	// Fatal ends the process after a fault of the disk; nil is diskguard.Exit.
	Fatal func(error)
	// Logger hears what Pebble reports; nil is slog.Default.
	Logger *slog.Logger
	// Identity is recorded when Open makes the folder; the zero value draws one
	// from Random (nil is crypto/rand.Reader). A folder that exists keeps its own.
	Identity identity.Identity
	Random   io.Reader
	// Now is the wall clock, for the age of entries; nil is time.Now.
	Now func() time.Time
	// Snapshot answers raft when a follower needs entries that are compacted
	// away; nil answers that there is none at the moment.
	Snapshot func() (*raftpb.Snapshot, error)
	// MemTableBytes is Pebble's; RecentBytes bounds the entries kept in memory.
	MemTableBytes uint64
	RecentBytes   uint64
	// KeepBytes and KeepFor: Retain keeps whichever is less.
	KeepBytes uint64
	KeepFor   time.Duration
	// AckedEvery is the shortest time between two rewrites of the file "acked".
	AckedEvery time.Duration
	// ReadOnly opens the log for looking only: nothing in the folder changes.
	ReadOnly bool
}

// Log is the raft log on disk. It implements raft.Storage. Append, Begin and
// Install are for one goroutine (the raft loop); everything else may be called
// from any.
type Log struct{}

var _ raft.Storage = (*Log)(nil)

// Open opens the log in dir, making it when it is not there (unless ReadOnly).
// A damaged file is named in the error. Call CheckStart before anything is
// served from it.
func Open(dir string, opt Options) (*Log, error) { panic("todo") }

// Identity returns the identity the folder was made with.
func (l *Log) Identity() identity.Identity { panic("todo") }

// StartFacts is what the rest of the node knows about how far the log must
// reach.
type StartFacts struct {
	// DurableApplied and DurableAppliedTerm come from the state's Head row as
	// store.DurableHead reads it; 0 for an empty state.
	DurableApplied     uint64
	DurableAppliedTerm uint64
	// CheckpointIndex is the log index of the newest published checkpoint; 0
	// when none was published.
	CheckpointIndex uint64
}

// CheckStart decides whether the node may start on this log. Every entry after
// DurableApplied is read and checked. It answers a *StartError when the log
// ends before the acknowledged index, before DurableApplied or before the
// checkpoint; when it begins after what the state needs; when it belongs to
// another history than the state; and when an entry is missing or damaged.
// When it answers nil, InitialState's Commit is at least DurableApplied.
// Call it once, before raft.NewRawNode.
func (l *Log) CheckStart(facts StartFacts) error { panic("todo") }

// StartError is why a node must not start: one sentence that names the folder
// or file and says what to do.
type StartError struct {
	Path  string // the folder or file concerned
	Index uint64 // the log index concerned; 0 when none
	Text  string
}

func (e *StartError) Error() string { return e.Text }

// InitialState implements raft.Storage.
func (l *Log) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) { panic("todo") }

// Entries implements raft.Storage.
func (l *Log) Entries(lo, hi, maxSize uint64) ([]*raftpb.Entry, error) { panic("todo") }

// Term implements raft.Storage.
func (l *Log) Term(index uint64) (uint64, error) { panic("todo") }

// LastIndex implements raft.Storage.
func (l *Log) LastIndex() (uint64, error) { panic("todo") }

// FirstIndex implements raft.Storage.
func (l *Log) FirstIndex() (uint64, error) { panic("todo") }

// Snapshot implements raft.Storage.
func (l *Log) Snapshot() (*raftpb.Snapshot, error) { panic("todo") }

// Append writes the hard state (when not nil) and the entries in one batch and,
// with sync, returns only when both are on disk. Entries that conflict with the
// log's end replace it. The entries are kept in memory and must not be changed
// afterwards.
//
// It refuses, changing nothing, entries that leave a gap, reach back into
// committed ones, or are not consecutive. Any other error means that the disk
// cannot be trusted: stop the node.
func (l *Log) Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error { panic("todo") }

// Begin is Append with sync in two steps: it returns when the batch is on its
// way, and the answer's Wait returns when it is on disk. Several may be under
// way; they become durable in order. Every Pending must be waited for.
func (l *Log) Begin(hs *raftpb.HardState, entries []*raftpb.Entry) (*Pending, error) { panic("todo") }

// Pending is a batch on its way to the disk.
type Pending struct{}

// Wait returns when the batch is on disk. An error means that the disk cannot
// be trusted: stop the node. Call it once.
func (p *Pending) Wait() error { panic("todo") }

// SetConfState records the group's members as of the given applied index and
// makes the record durable. A new log needs one before raft.NewRawNode.
func (l *Log) SetConfState(cs *raftpb.ConfState, index uint64) error { panic("todo") }

// ConfState returns the recorded members and the index they are as of.
func (l *Log) ConfState() (cs *raftpb.ConfState, index uint64) { panic("todo") }

// Install empties the log and lets it go on after a snapshot at index and term.
func (l *Log) Install(index, term uint64, cs *raftpb.ConfState) error { panic("todo") }

// Acked notes that callers were told index is durable. It only stores a number;
// a goroutine rewrites the file "acked" at most every Options.AckedEvery.
func (l *Log) Acked(index uint64) { panic("todo") }

// AckedIndex returns the index that the file "acked" held when the log was
// opened, or what Acked noted since if that is more.
func (l *Log) AckedIndex() uint64 { panic("todo") }

// Compact forgets all entries up to and including index. It refuses
// (raft.ErrCompacted) what is forgotten already, and an index beyond the last.
func (l *Log) Compact(index uint64) error { panic("todo") }

// Retain compacts by the rule of Options.KeepBytes and KeepFor, never beyond
// durableApplied (the applied index of store.DurableHead, read at this moment).
// It returns the first index that is left.
func (l *Log) Retain(now time.Time, durableApplied uint64) (first uint64, err error) { panic("todo") }

// Verify reads every entry of the log and calls damaged for each index that is
// missing or fails its checksum, until damaged answers false.
func (l *Log) Verify(damaged func(index uint64, err error) bool) error { panic("todo") }

// Metrics returns the figures of the moment.
func (l *Log) Metrics() Metrics { panic("todo") }

// Metrics are figures about the log, for monitoring. Sizes are in bytes.
type Metrics struct {
	FirstIndex, LastIndex, AckedIndex uint64
	DiskBytes                         uint64 // files of the log, obsolete ones included
	RecentBytes                       uint64 // entries held in memory
	AppendedBytes                     uint64 // entry data since Open
	Appends                           uint64 // batches since Open
	WriteStalls                       uint64 // times appends were held back since Open
}

// Close rewrites "acked" a last time and closes the store.
func (l *Log) Close() error { panic("todo") }
