package store

import (
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// Defaults of Options, in bytes.
const (
	DefaultMemTableBytes uint64 = 32 << 20
	DefaultCacheBytes    int64  = 256 << 20
)

// Options configures a Store. The zero value is right for production on the
// local disk.
type Options struct {
	// FS is where the store lives; nil is the local disk. Open wraps it with
	// diskguard.Wrap.
	FS vfs.FS
	// Fatal ends the process after a fault of the disk; nil is diskguard.Exit.
	Fatal func(error)
	// Damaged is told of each file in which damage is met, as a
	// *diskguard.FileError, by whoever was reading; it must not call the store. May
	// be nil.
	Damaged func(error)
	// Logger hears what Pebble reports; nil is slog.Default.
	Logger *slog.Logger
	// MemTableBytes and CacheBytes (the block cache); 0 means the default.
	MemTableBytes uint64
	CacheBytes    int64
	// ReadOnly opens the store for looking only: nothing in the folder changes.
	ReadOnly bool
	// NoCompactions leaves compactions to Compact: for simulations, in which files
	// come and go when a seed says so.
	NoCompactions bool
}

func (opt Options) withDefaults() Options {
	if opt.FS == nil {
		opt.FS = vfs.Default
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.MemTableBytes == 0 {
		opt.MemTableBytes = DefaultMemTableBytes
	}
	if opt.CacheBytes == 0 {
		opt.CacheBytes = DefaultCacheBytes
	}
	return opt
}

// pebbleOptions are made for many small rows, some tables written in key order
// and some at random, without a stall on two cores: several memtables may wait
// for their flush, level 0 may grow before it is merged, and a second
// compaction joins in when level 0 or the debt does grow.
func (opt Options) pebbleOptions(events *diskguard.Events) *pebble.Options {
	o := &pebble.Options{
		FS:                          opt.FS,
		FormatMajorVersion:          pebble.FormatNewest,
		DisableWAL:                  true,
		MemTableSize:                opt.MemTableBytes,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       10,
		L0StopWritesThreshold:       48,
		LBaseMaxBytes:               256 << 20,
		FlushSplitBytes:             16 << 20,
		BytesPerSync:                1 << 20,
		CacheSize:                   opt.CacheBytes,
		MaxOpenFiles:                4096,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		ReadOnly:                    opt.ReadOnly,
		ErrorIfNotExists:            opt.ReadOnly,
		DisableAutomaticCompactions: opt.NoCompactions,
	}
	o.Experimental.CompactionDebtConcurrency = 1 << 30
	o.Experimental.L0CompactionConcurrency = 8
	o.TargetFileSizes[0] = 8 << 20
	for i := range o.Levels {
		// Absent keys are looked up all the time: a new order's number, for one.
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize = 8 << 10
		o.Levels[i].IndexBlockSize = 64 << 10
	}
	compression := pebble.DBCompressionFastest
	compression.Levels[0] = pebble.DBCompressionNone.Levels[0] // its files are merged away within seconds
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return compression })
	o.Experimental.SpanPolicyFunc = splitTables
	events.Apply(o)
	return o
}

// splitTables ends each table file where a table of the state ends. Tables whose
// keys count up (orders, journal) then have files that overlap nothing and are
// moved from level to level instead of being merged with their neighbours in
// key order, whose keys come at random.
func splitTables(start []byte) (pebble.SpanPolicy, []byte, error) {
	if len(start) == 0 || start[0] == 0xff {
		return pebble.SpanPolicy{}, nil, nil
	}
	return pebble.SpanPolicy{}, []byte{start[0] + 1}, nil
}
