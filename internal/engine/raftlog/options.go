package raftlog

import (
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
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
	// Damaged is told of each file in which damage is met, as a
	// *diskguard.FileError, by whoever was reading; it must not call the log. May be
	// nil.
	Damaged func(error)
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

// withDefaults fills in what was left zero.
func (opt Options) withDefaults() Options {
	if opt.FS == nil {
		opt.FS = vfs.Default
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.Random == nil {
		opt.Random = rand.Reader
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Snapshot == nil {
		opt.Snapshot = func() (*raftpb.Snapshot, error) {
			return nil, raft.ErrSnapshotTemporarilyUnavailable
		}
	}
	setDefault(&opt.MemTableBytes, DefaultMemTableBytes)
	setDefault(&opt.RecentBytes, DefaultRecentBytes)
	setDefault(&opt.KeepBytes, DefaultKeepBytes)
	setDefault(&opt.KeepFor, DefaultKeepFor)
	setDefault(&opt.AckedEvery, DefaultAckedEvery)
	return opt
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// pebbleOptions are made for one writer that appends large values in key order
// and takes them off at the front: a big memtable, so that flushes are rare; no
// compression, since the bytes live for minutes only; and no compactions unless
// the log outgrows all bounds. The files of two flushes do not overlap (but for
// the records about the log, which are tiny), so merging them would only copy
// the log once more: measured at full speed it cost 40 % of the rate. What is
// compacted away goes file by file (retain.go).
func (opt Options) pebbleOptions(events *diskguard.Events) *pebble.Options {
	o := &pebble.Options{
		FS:                          opt.FS,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                opt.MemTableBytes,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       256,
		L0StopWritesThreshold:       1000,
		L0CompactionFileThreshold:   1000,
		LBaseMaxBytes:               4 << 30,
		FlushSplitBytes:             32 << 20,
		BytesPerSync:                1 << 20,
		CacheSize:                   8 << 20,
		MaxOpenFiles:                256,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		ReadOnly:                    opt.ReadOnly,
		ErrorIfNotExists:            opt.ReadOnly,
	}
	o.TargetFileSizes[0] = 16 << 20
	for i := 1; i < len(o.TargetFileSizes); i++ {
		o.TargetFileSizes[i] = 32 << 20
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	o.Experimental.SpanPolicyFunc = splitEntries
	events.Apply(o)
	return o
}

// splitEntries ends each table file between the entries and the records about
// them: a record is rewritten with every batch, and a file that held both would
// overlap all others.
func splitEntries(start []byte) (pebble.SpanPolicy, []byte, error) {
	if len(start) == 0 || start[0] < entryEnd {
		return pebble.SpanPolicy{}, []byte{entryEnd}, nil
	}
	return pebble.SpanPolicy{}, nil, nil
}
