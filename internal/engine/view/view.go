package view

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// Defaults of Options.
const (
	DefaultSlicePostings = 200_000
	DefaultPause         = 20 * time.Millisecond
	// DefaultMemTableBytes and DefaultCacheBytes are small on purpose: the
	// state's store needs the memory more.
	DefaultMemTableBytes uint64 = 16 << 20
	DefaultCacheBytes    int64  = 32 << 20
)

// Options configures Views; zero values mean the defaults.
type Options struct {
	// Kinds are the kinds of entities as rules declare them; those that are
	// listed make the lists.
	Kinds []catalogue.Kind
	// SlicePostings bounds one slice, in postings and entries together.
	SlicePostings int
	// Pause is the least time between two slices while views are up to date.
	// Under load they pause nine times as long as a slice took to build, at
	// most two seconds, so that they take a tenth of a core from payments.
	Pause time.Duration
	// FS is where the store lives; nil is the local disk.
	FS vfs.FS
	// Fatal ends the process when the disk itself fails; nil is diskguard.Exit.
	// Damaged views are not fatal: they are built anew.
	Fatal func(error)
	// Logger hears of rebuilds; nil is slog.Default.
	Logger *slog.Logger
	// MemTableBytes and CacheBytes (the block cache) of the store.
	MemTableBytes uint64
	CacheBytes    int64
}

func (o Options) withDefaults() Options {
	if o.SlicePostings <= 0 {
		o.SlicePostings = DefaultSlicePostings
	}
	if o.Pause <= 0 {
		o.Pause = DefaultPause
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Fatal == nil {
		o.Fatal = diskguard.Exit
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = DefaultMemTableBytes
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	return o
}

// Views are the read models in one folder. All methods may be called from any
// goroutine; Run from one.
type Views struct {
	dir string
	opt Options
	fs  vfs.FS
	log *slog.Logger

	mu   sync.RWMutex // held for writing while the store is replaced
	db   *pebble.DB   // nil when the store could not be opened again, or closed
	lock *pebble.Lock

	meta  meta // of the slice committed last; written by Run and under mu
	slice *slice
	// tellers are the kinds of entities whose entries concern people without an account
	// in them, shops those whose entries so concern merchants.
	tellers, shops []string

	next    atomic.Uint64 // meta.next for others
	head    atomic.Uint64 // the journal's size when last looked at
	broken  atomic.Bool   // damage was seen: build anew
	waiting atomic.Int32  // callers in Wait
	poke    chan struct{} // wakes Run
	movedMu sync.Mutex
	moved   chan struct{} // closed when next has changed
}

// ErrUnavailable says that the views are being replaced or are closed; ask
// again later.
var ErrUnavailable = errors.New("views are not available at the moment")

// Open opens the views in dir, a folder that belongs to them alone. A store
// that is damaged or of another version is deleted, and Run builds it anew. The
// error is a folder that cannot be used at all.
func Open(dir string, opt Options) (*Views, error) {
	opt = opt.withDefaults()
	v := &Views{
		dir: dir, opt: opt, fs: opt.FS, log: opt.Logger,
		poke: make(chan struct{}, 1), moved: make(chan struct{}),
	}
	v.slice = newSlice(meta{}, opt.Kinds)
	v.tellers, v.shops = v.slice.concern.names, v.slice.concern.shops
	if err := v.openStore(); err != nil {
		return nil, err
	}
	return v, nil
}

// Close flushes and closes the store. End Run first.
func (v *Views) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.closeStore(true)
}

// Rebuild deletes the store; Run builds it anew from the journal. Until it has
// caught up, answers are incomplete and Lag says by how much.
func (v *Views) Rebuild() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.broken.Store(false)
	if err := v.closeStore(false); err != nil {
		v.log.Warn("views: closing the store before it is deleted", "err", err)
	}
	err := v.openEmpty()
	v.wake()
	return err
}

// Rows visits all rows of the store as they are, until visit returns false.
func (v *Views) Rows(visit func(key, value []byte) bool) error {
	return v.query(func(db *pebble.DB) error {
		it, err := db.NewIter(nil)
		if err != nil {
			return err
		}
		for ok := it.First(); ok && visit(it.Key(), it.Value()); ok = it.Next() {
		}
		return errors.Join(it.Error(), it.Close())
	})
}

// Next is the first entry that the views don't include yet.
func (v *Views) Next() uint64 { return v.next.Load() }

// Lag is how many journal entries the views are behind the journal as Run last
// saw it. A caller with a snapshot of its own compares Next with its size.
func (v *Views) Lag() uint64 {
	next, head := v.next.Load(), v.head.Load()
	if head < next {
		return 0
	}
	return head - next
}

// setMeta makes m the cursor and tells those who wait for it.
func (v *Views) setMeta(m meta) {
	v.meta = m
	v.next.Store(m.next)
	v.movedMu.Lock()
	defer v.movedMu.Unlock()
	close(v.moved)
	v.moved = make(chan struct{})
}

// suspect asks Run to build the views anew because of err. A full disk is no
// damage: Pebble goes on when there is room, and the node reports it.
func (v *Views) suspect(err error) {
	if err == nil || errors.Is(err, errNoRoom) {
		return
	}
	if !v.broken.Swap(true) {
		v.log.Error("views are damaged and will be built anew", "folder", v.dir, "err", err)
	}
	v.wake()
}

func (v *Views) wake() {
	select {
	case v.poke <- struct{}{}:
	default:
	}
}

// query runs f on the store. Damage it meets makes the views be built anew.
func (v *Views) query(f func(db *pebble.DB) error) error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.db == nil {
		return ErrUnavailable
	}
	if err := diskguard.Guarded(func() error { return f(v.db) }); err != nil {
		v.suspect(err)
		return errors.Join(ErrUnavailable, err)
	}
	return nil
}
