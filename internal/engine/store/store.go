// Package store keeps the state in Pebble behind table.Backend.
//
// The store has no write-ahead log: the raft log is it. A frame is one batch
// that carries its own applied index in the Head row, so the store may forget
// the newest frames in a crash and get them again by replay. What it promises
// is narrower and exact:
//
//   - a frame is there whole or not at all, and so are all frames before it;
//   - DurableHead is the newest Head row that a power cut cannot take back.
//
// With the WAL off neither Pebble's Checkpoint nor its Close includes the
// memtable; the methods of the same names here flush first.
package store

import (
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
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
	// Logger hears what Pebble reports; nil is slog.Default.
	Logger *slog.Logger
	// MemTableBytes and CacheBytes (the block cache); 0 means the default.
	MemTableBytes uint64
	CacheBytes    int64
	// ReadOnly opens the store for looking only: nothing in the folder changes.
	ReadOnly bool
}

// Store is the state on disk. Commit is for one goroutine at a time; everything
// else may be called from any.
type Store struct{}

var _ table.Backend = (*Store)(nil)

// Open opens the store in dir, making it when it is not there (unless
// ReadOnly). A damaged file is named in the error.
func Open(dir string, opt Options) (*Store, error) { panic("todo") }

// Identity returns the identity recorded in the store; the zero Identity when
// none was recorded yet.
func (s *Store) Identity() (identity.Identity, error) { panic("todo") }

// SetIdentity records the identity and makes the record durable. It refuses to
// replace another one.
func (s *Store) SetIdentity(id identity.Identity) error { panic("todo") }

// DurableHead reads the Head row as a power cut at this moment would leave it.
// ok is false when no frame is durable yet. It is the bound for truncating the
// raft log and the index from which replay starts.
func (s *Store) DurableHead() (head *pb.Head, ok bool, err error) { panic("todo") }

// Load implements table.Backend.
func (s *Store) Load(key, buf []byte) (stored []byte, ok bool, err error) { panic("todo") }

// Iterate implements table.Backend.
func (s *Store) Iterate(from, to []byte, visit func(key, stored []byte) bool) error { panic("todo") }

// Commit implements table.Backend: one atomic Pebble batch, not synced.
func (s *Store) Commit(writes []table.Write) error { panic("todo") }

// Snapshot implements table.Backend. Close it soon: it pins files.
func (s *Store) Snapshot() table.Snapshot { panic("todo") }

// Flush makes everything committed so far durable and waits for it.
func (s *Store) Flush() error { panic("todo") }

// FlushAsync starts a flush; the channel closes when it is durable.
func (s *Store) FlushAsync() (<-chan struct{}, error) { panic("todo") }

// Checkpoint flushes and then writes a copy of the store into dir, which must
// not exist and must be on the same disk to be cheap (files are hard links).
func (s *Store) Checkpoint(dir string) error { panic("todo") }

// Metrics returns the figures of the moment.
func (s *Store) Metrics() Metrics { panic("todo") }

// Close flushes and closes the store. No snapshot may be open.
func (s *Store) Close() error { panic("todo") }

// Abandon closes the store without a flush, as a crash would: what was not
// durable is gone. It is for a node that stops on a broken invariant, and for
// tests.
func (s *Store) Abandon() error { panic("todo") }

// Metrics are figures about the store, for monitoring. Sizes are in bytes.
type Metrics struct {
	DiskBytes           uint64 // files of the store, obsolete ones included
	MemTableBytes       uint64
	CacheBytes          int64
	CacheHits           int64
	CacheMisses         int64
	BlockReadAmp        int   // files a read may have to look into
	L0Files             int64 // files in level 0
	CompactionDebtBytes uint64
	Compactions         int64
	Flushes             int64
	BytesWritten        uint64 // by commits
	BytesFlushed        uint64
	BytesCompacted      uint64
	WriteStalls         uint64 // times commits were held back since Open
	Snapshots           int    // open snapshots
}
