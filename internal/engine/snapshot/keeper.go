package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Defaults of KeeperOptions.
const (
	DefaultEvery = 30 * time.Second
	DefaultIdle  = 2 * time.Minute
	// DoneIdle is after how long without a reader a copy goes of which somebody
	// said that it was fetched.
	DoneIdle = 10 * time.Second
)

const (
	copiesDir = "snapshots"
	making    = "making"
	// maxRange bounds one request; sendStep is how much is sent at once.
	maxRange = 16 << 20
	sendStep = 256 << 10
)

// KeeperOptions says how a keeper works; zero values of durations mean the
// defaults.
type KeeperOptions struct {
	MakeOptions
	// Every is the least time between the beginnings of two copies.
	Every time.Duration
	// Idle is after how long without a reader a copy is removed: its files may
	// be the last that hold old tables on the disk.
	Idle time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Keeper makes copies of the state for nodes that need one, shares them among
// those, and removes them. Methods may be called from any goroutine.
type Keeper struct {
	dir    string
	source Source
	opt    KeeperOptions
	tasks  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	making bool
	began  time.Time // of the last copy
	failed error     // why there is none
	copies []*stored // oldest first
}

// stored is one copy.
type stored struct {
	manifest *pb.SnapshotManifest
	dir      string
	readers  int
	used     time.Time
	done     bool
}

// NewKeeper returns the keeper of copies in dataDir/snapshots. What an earlier
// process left there is removed: nobody knows any more what it is.
func NewKeeper(dataDir string, source Source, opt KeeperOptions) (*Keeper, error) {
	opt.MakeOptions = opt.MakeOptions.withDefaults()
	if opt.Every == 0 {
		opt.Every = DefaultEvery
	}
	if opt.Idle == 0 {
		opt.Idle = DefaultIdle
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	k := &Keeper{dir: opt.FS.PathJoin(dataDir, copiesDir), source: source, opt: opt}
	if err := removeAll(opt.FS, k.dir); err != nil {
		return nil, fmt.Errorf("remove old snapshots: %w", err)
	}
	return k, nil
}

// Manifest describes the newest copy, if it is of atLeast or later. Otherwise it
// returns ErrNotYet, and a copy is being made or will be: ask again. Don't change
// what it answers: it is shared.
func (k *Keeper) Manifest(atLeast uint64) (*pb.SnapshotManifest, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.opt.Now()
	if n := len(k.copies); n > 0 && k.copies[n-1].manifest.Index >= atLeast {
		c := k.copies[n-1]
		c.used, c.done = now, false
		return c.manifest, nil
	}
	if !k.closed && !k.making && (k.began.IsZero() || now.Sub(k.began) >= k.opt.Every) {
		k.making, k.began = true, now
		k.tasks.Go(k.make)
	}
	if k.failed != nil {
		return nil, fmt.Errorf("%w (the last attempt failed: %w)", ErrNotYet, k.failed)
	}
	return nil, ErrNotYet
}

// Attempts to make a copy while members change, and the pause between them.
const (
	confAttempts = 20
	confPause    = 100 * time.Millisecond
)

// make makes one copy.
func (k *Keeper) make() {
	tmp := k.opt.FS.PathJoin(k.dir, making)
	var m *pb.SnapshotManifest
	err := diskguard.MakeDir(k.opt.FS, k.dir)
	for i := 0; err == nil && i < confAttempts; i++ {
		if err = removeAll(k.opt.FS, tmp); err != nil {
			break
		}
		m, err = Make(k.source, tmp, k.opt.MakeOptions)
		if !errors.Is(err, errMembers) {
			break
		}
		time.Sleep(confPause) // the state is about to apply the change
		err = nil
	}
	if err == nil && m == nil {
		err = errMembers
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.making = false
	if err == nil {
		err = k.keepLocked(tmp, m)
	}
	if k.failed = err; err != nil {
		k.opt.Logger.Error("no snapshot could be made", "err", err)
		_ = removeAll(k.opt.FS, tmp)
	}
}

// keepLocked gives a finished copy its name.
func (k *Keeper) keepLocked(tmp string, m *pb.SnapshotManifest) error {
	if n := len(k.copies); n > 0 && k.copies[n-1].manifest.Index == m.Index {
		k.copies[n-1].used = k.opt.Now() // nothing has happened since
		return removeAll(k.opt.FS, tmp)
	}
	dir := k.opt.FS.PathJoin(k.dir, strconv.FormatUint(m.Index, 10))
	if err := errors.Join(removeAll(k.opt.FS, dir), k.opt.FS.Rename(tmp, dir)); err != nil {
		return err
	}
	k.copies = append(k.copies, &stored{manifest: m, dir: dir, used: k.opt.Now()})
	k.opt.Logger.Info("snapshot made", "index", m.Index, "files", len(m.Files), "bytes", Size(m))
	return nil
}

// Read sends a range of a file of a copy, in order. It returns ErrGone when the
// copy is not there any more and ErrRange for a range that is not in it. What is
// being read is not removed.
func (k *Keeper) Read(ctx context.Context, req *pb.ReadSnapshotRequest, send func([]byte) error) error {
	c := k.take(req.Index)
	if c == nil {
		return fmt.Errorf("snapshot at %d: %w", req.Index, ErrGone)
	}
	defer k.release(c)
	for _, f := range c.manifest.Files {
		if f.Name != req.File {
			continue
		}
		if req.Length > maxRange || req.Offset > f.Size || req.Length > f.Size-req.Offset {
			break
		}
		return k.send(ctx, k.opt.FS.PathJoin(c.dir, f.Name), req.Offset, req.Length, send)
	}
	return fmt.Errorf("%q, %d bytes from %d: %w", req.File, req.Length, req.Offset, ErrRange)
}

func (k *Keeper) send(ctx context.Context, path string, offset, length uint64, send func([]byte) error) (err error) {
	f, err := k.opt.FS.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := io.NewSectionReader(f, int64(offset), int64(length))
	buf := make([]byte, min(length, sendStep))
	for length > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(length, sendStep)
		if _, err := io.ReadFull(r, buf[:n]); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if err := send(buf[:n]); err != nil {
			return err
		}
		length -= n
	}
	return nil
}

func (k *Keeper) take(index uint64) *stored {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.copies {
		if c.manifest.Index == index && !k.closed {
			c.readers++
			c.used = k.opt.Now()
			return c
		}
	}
	return nil
}

func (k *Keeper) release(c *stored) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c.readers--
	c.used = k.opt.Now()
}

// Done says that somebody has fetched the copy of index. It is removed as soon
// as nobody has read from it for DoneIdle.
func (k *Keeper) Done(index uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.copies {
		if c.manifest.Index == index {
			c.done = true
		}
	}
}

// Needs is the index of the oldest copy: the log must keep what follows it, or
// who fetches the copy could not go on from there. With none it is the largest
// number there is.
func (k *Keeper) Needs() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.copies) == 0 {
		return math.MaxUint64
	}
	return k.copies[0].manifest.Index
}

// Newest is the index of the newest copy, 0 when there is none.
func (k *Keeper) Newest() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.copies); n > 0 {
		return k.copies[n-1].manifest.Index
	}
	return 0
}

// RunOnce removes the copies that nobody uses any more.
func (k *Keeper) RunOnce() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.opt.Now()
	var kept []*stored
	var errs []error
	for _, c := range k.copies {
		idle := k.opt.Idle
		if c.done {
			idle = min(idle, DoneIdle)
		}
		if c.readers > 0 || now.Sub(c.used) < idle {
			kept = append(kept, c)
			continue
		}
		k.opt.Logger.Info("snapshot removed", "index", c.manifest.Index)
		if err := removeAll(k.opt.FS, c.dir); err != nil {
			errs = append(errs, fmt.Errorf("remove the snapshot at %d: %w", c.manifest.Index, err))
		}
	}
	k.copies = kept
	return errors.Join(errs...)
}

// Run removes what is not used any more, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	look := time.NewTicker(min(DoneIdle, k.opt.Idle) / 2)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if err := k.RunOnce(); err != nil {
				k.opt.Logger.Error("old snapshots stay on the disk", "err", err)
			}
		}
	}
}

// Close waits for a copy that is being made, and removes all. Call it before the
// source is closed. Nobody may be reading any more.
func (k *Keeper) Close() error {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.tasks.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.copies = nil
	return removeAll(k.opt.FS, k.dir)
}
