package store_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/base/table/tabletest"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(t *testing.T) table.Backend {
		s := open(t, options(t, vfs.NewMem()))
		t.Cleanup(func() { closed(t, s.Close) })
		return s
	})
}

// The same on the machine's own disk, so that the real file system is in it.
func TestStoreOnDisk(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(t *testing.T) table.Backend {
		opt := options(t, nil)
		s, err := store.Open(t.TempDir(), opt)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closed(t, s.Close) })
		return s
	})
}

func TestStoreAgreesWithAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t, options(t, vfs.NewMem()))
		defer closed(t, s.Close)
		m := tabletest.Model{
			Backend: flushing{s, rt},
			Draw:    func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") },
		}
		if err := m.Frames(5, 30); err != nil {
			rt.Fatal(err)
		}
	})
}

// flushing flushes after some commits, so that rows are read from files too.
type flushing struct {
	*store.Store
	rt *rapid.T
}

func (f flushing) Commit(writes []table.Write) error {
	err := f.Store.Commit(writes)
	if err == nil && rapid.Bool().Draw(f.rt, "flush") {
		err = f.Flush()
	}
	return err
}

// With the write-ahead log off, Pebble's own Checkpoint and Close leave out the
// memtable: whoever relies on them loses the newest frames.
func TestM_CheckpointAndCloseDontIncludeMemtableWithoutFlush(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	key := []byte("key")
	db, err := pebble.Open("raw", &pebble.Options{FS: fs, DisableWAL: true, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set(key, []byte("value"), pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if err := db.Checkpoint("raw-copy"); err != nil {
		t.Fatal(err)
	}
	closed(t, db.Close)
	for _, dir := range []string{"raw", "raw-copy"} {
		db, err := pebble.Open(dir, &pebble.Options{FS: fs, DisableWAL: true, Logger: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := db.Get(key); !errors.Is(err, pebble.ErrNotFound) {
			t.Errorf("%s: Get answers %v; Pebble includes the memtable now, and this package may do less", dir, err)
		}
		closed(t, db.Close)
	}

	// The store flushes first in both.
	s := open(t, options(t, fs))
	frame(t, s, 1)
	wantHead(t, s, 0)
	if err := s.Checkpoint("copy"); err != nil {
		t.Fatal(err)
	}
	wantHead(t, s, 1)
	frame(t, s, 2)
	closed(t, s.Close)
	for dir, last := range map[string]uint64{"copy": 1, dir: 2} {
		s, err := store.Open(dir, options(t, fs))
		if err != nil {
			t.Fatal(err)
		}
		wantHead(t, s, last)
		wantFrames(t, s, last)
		closed(t, s.Close)
	}
	// Abandon is the close that does not.
	s = open(t, options(t, fs))
	frame(t, s, 3)
	closed(t, s.Abandon)
	s = open(t, options(t, fs))
	wantFrames(t, s, 2)
	closed(t, s.Close)
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(f string, a ...any) {
	panic(f)
}

// The durable head is what a power cut leaves: at random moments between
// commits and flushes the disk loses all that was not synced, and the state that
// is found holds every frame up to a durable head at least as new as the one
// that was reported, and none after it.
func TestDurableHeadSurvivesPowerCuts(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, options(t, fs))
	for index := uint64(1); index <= 60; index++ {
		frame(t, s, index)
		if index%7 == 0 {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
			wantHead(t, s, index)
		}
		reported, _, err := s.DurableHead()
		if err != nil {
			t.Fatal(err)
		}
		if want := index / 7 * 7; reported.GetAppliedIndex() != want {
			t.Fatalf("after frame %d the durable head is %d, want %d", index, reported.GetAppliedIndex(), want)
		}
		if index%5 == 0 {
			afterPowerCut(t, fs.CrashClone(vfs.CrashCloneCfg{}), reported.GetAppliedIndex())
		}
	}
	closed(t, s.Close)
}

func afterPowerCut(t *testing.T, fs vfs.FS, durable uint64) {
	t.Helper()
	s := open(t, options(t, fs))
	wantHead(t, s, durable)
	wantFrames(t, s, durable)
	closed(t, s.Close)
}

// Rows are looked up from many goroutines while frames are committed: each
// look-up sees a whole row, and never an older one than was seen before.
func TestLoadFromManyGoroutines(t *testing.T) {
	t.Parallel()
	s := open(t, options(t, vfs.NewMem()))
	var committed atomic.Uint64
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				if err := loadsNewest(s, &committed); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := uint64(1); i <= 300; i++ {
		if err := s.Commit([]table.Write{head(i), order(1, fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
		committed.Store(i)
		if i%50 == 0 {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(done)
	wg.Wait()
	closed(t, s.Close)
}

func loadsNewest(s *store.Store, committed *atomic.Uint64) error {
	least := committed.Load()
	raw, ok, err := s.Load(orderKey(1), nil)
	if err != nil || !ok {
		if least == 0 {
			return err
		}
		return fmt.Errorf("after frame %d the row is not there (%w)", least, err)
	}
	v, err := table.Open(orderKey(1), raw)
	if err != nil {
		return err
	}
	if n, err := strconv.ParseUint(string(v), 10, 64); err != nil || n < least {
		return fmt.Errorf("after frame %d the row reads %q", least, v)
	}
	_, _, err = s.DurableHead()
	return err
}

// FlushAsync's channel closes when the frames are durable.
func TestFlushAsync(t *testing.T) {
	t.Parallel()
	s := open(t, options(t, vfs.NewMem()))
	frame(t, s, 1)
	done, err := s.FlushAsync()
	if err != nil {
		t.Fatal(err)
	}
	<-done
	wantHead(t, s, 1)
	closed(t, s.Close)
}

func TestIdentityIsRecordedOnce(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, options(t, fs))
	if id, err := s.Identity(); err != nil || !id.IsZero() {
		t.Fatalf("a new store has identity %v (%v)", id, err)
	}
	id, err := identity.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetIdentity(id); err != nil {
		t.Fatal(err)
	}
	fs = fs.CrashClone(vfs.CrashCloneCfg{})
	closed(t, s.Close)

	s = open(t, options(t, fs)) // a power cut later
	if got, err := s.Identity(); err != nil || got != id {
		t.Fatalf("identity is %v (%v), want %v", got, err, id)
	}
	if err := s.SetIdentity(id); err != nil {
		t.Fatalf("the same identity again: %v", err)
	}
	other := id
	other.Incarnation++
	if err := s.SetIdentity(other); err == nil || !strings.Contains(err.Error(), "belongs to") {
		t.Fatalf("another identity: %v", err)
	}
	closed(t, s.Close)
}

func TestReadOnlyChangesNothing(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	opt := options(t, fs)
	opt.ReadOnly = true
	if _, err := store.Open(dir, opt); err == nil {
		t.Fatal("a store that is not there was opened for reading")
	}
	s := open(t, options(t, fs))
	frame(t, s, 1)
	closed(t, s.Close)
	before := fs.String()
	s = open(t, opt)
	wantFrames(t, s, 1)
	wantHead(t, s, 1)
	if err := s.Commit([]table.Write{head(2)}); err == nil {
		t.Error("a store opened for reading takes a commit")
	}
	if err := s.VerifyFiles(func(err error) bool { t.Error(err); return true }); err != nil {
		t.Error(err)
	}
	closed(t, s.Close)
	if after := fs.String(); after != before {
		t.Errorf("the folder changed from\n%s to\n%s", before, after)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := open(t, options(t, vfs.NewMem()))
	frame(t, s, 1)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	snap := s.Snapshot()
	m := s.Metrics()
	if m.Snapshots != 1 || m.Flushes == 0 || m.DiskBytes == 0 || m.BytesFlushed == 0 || m.MemTableBytes == 0 {
		t.Errorf("metrics are %+v", m)
	}
	closed(t, snap.Close)
	closed(t, s.Close)
}

// A newer layout is refused with a sentence that says what to do.
func TestNewerFormatIsRefused(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, options(t, fs))
	if err := s.Commit([]table.Write{{Key: []byte("\x00format"), Stored: []byte{99}}}); err != nil {
		t.Fatal(err)
	}
	closed(t, s.Close)
	_, err := store.Open(dir, options(t, fs))
	if err == nil || !strings.Contains(err.Error(), "run the newer binary") {
		t.Fatalf("open answers %v", err)
	}
}

func TestOpenNamesADamagedManifest(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, options(t, fs))
	for i := range uint64(3) {
		frame(t, s, i+1)
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, s.Close)
	name := manifest(t, fs)
	good := readAll(t, fs, name)
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 1
	writeAll(t, fs, name, bad)
	_, err := store.Open(dir, options(t, fs))
	if err == nil || !strings.Contains(err.Error(), name) {
		t.Fatalf("open answers %v, want an error that names %s", err, name)
	}
	writeAll(t, fs, name, good)
	s = open(t, options(t, fs)) // whole again
	wantFrames(t, s, 3)
	closed(t, s.Close)
}

// Whoever reads between two commits shares a snapshot; each sees what was committed
// when they began, and none is left open.
func TestReadersShareASnapshot(t *testing.T) {
	t.Parallel()
	s := open(t, options(t, vfs.NewMem()))
	frame(t, s, 1)
	one, two := s.Snapshot(), s.Snapshot()
	if n := s.Metrics().Snapshots; n != 1 {
		t.Errorf("%d snapshots for two readers of one frame", n)
	}
	closed(t, one.Close)
	frame(t, s, 2)
	three := s.Snapshot()
	if n := s.Metrics().Snapshots; n != 2 {
		t.Errorf("%d snapshots after the next frame, one reader is still at the first", n)
	}
	for _, at := range []struct {
		snap  table.Snapshot
		frame uint64
	}{{two, 1}, {three, 2}} {
		if _, ok := at.snap.Get(orderKey(at.frame + 1)); ok {
			t.Errorf("a reader who began at frame %d sees the next", at.frame)
		}
		if _, ok := at.snap.Get(orderKey(at.frame)); !ok {
			t.Errorf("a reader who began at frame %d does not see it", at.frame)
		}
		closed(t, at.snap.Close)
	}
	frame(t, s, 3)
	if n := s.Metrics().Snapshots; n != 0 {
		t.Errorf("%d snapshots are open and nobody reads", n)
	}
	closed(t, s.Snapshot().Close)
	closed(t, s.Close) // the recent one is no leak
}
