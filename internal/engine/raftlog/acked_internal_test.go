package raftlog

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// watched counts the rewrites of the file and makes them fail while full.
type watched struct {
	renames atomic.Int64
	full    atomic.Bool
	last    atomic.Int64 // time of the last rewrite
	closest atomic.Int64 // shortest time between two
}

func (w *watched) String() string { return "watched" }

func (w *watched) MaybeError(op errorfs.Op) error {
	if op.Kind == errorfs.OpCreate && w.full.Load() {
		return syscall.ENOSPC
	}
	if op.Kind == errorfs.OpRename {
		w.renames.Add(1)
		now := time.Now().UnixNano()
		if last := w.last.Swap(now); last != 0 && (w.closest.Load() == 0 || now-last < w.closest.Load()) {
			w.closest.Store(now - last)
		}
	}
	return nil
}

func newAcked(t *testing.T, w *watched) (*acked, *vfs.MemFS) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	if err := diskguard.MakeDir(mem, "log"); err != nil {
		t.Fatal(err)
	}
	return &acked{
		fs: errorfs.Wrap(mem, w), dir: "log", incarnation: 7, every: DefaultAckedEvery, log: slog.New(slog.DiscardHandler),
	}, mem
}

func onDisk(t *testing.T, fs vfs.FS) uint64 {
	t.Helper()
	index, ok, err := readAcked(fs, "log", 7)
	if err != nil || !ok {
		t.Fatalf("acked: %v (%v)", ok, err)
	}
	return index
}

// However often an index is noted, the file is rewritten at most every 100 ms,
// soon holds the newest, and is written a last time at the end.
func TestAckedIsRewrittenNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w watched
		a, mem := newAcked(t, &w)
		a.start()
		for index := uint64(1); index <= 20_000; index++ {
			a.note(index)
			if index%10 == 0 {
				time.Sleep(time.Millisecond)
			}
			if index%1000 == 0 {
				synctest.Wait()
				if got := onDisk(t, mem); got > index || got+1100 < index {
					t.Errorf("after %d was acknowledged, at 10,000 a second, the file says %d", index, got)
				}
			}
		}
		if n := w.renames.Load(); n < 18 || n > 21 {
			t.Errorf("in 2 s the file was rewritten %d times, want about 20", n)
		}
		if d := time.Duration(w.closest.Load()); d < DefaultAckedEvery {
			t.Errorf("two rewrites were only %v apart", d)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := onDisk(t, mem); got != 20_000 {
			t.Errorf("at rest the file says %d, want 20000", got)
		}
		n := w.renames.Load()
		a.note(19_000) // less than what is known
		a.note(20_000)
		time.Sleep(time.Second)
		if w.renames.Load() != n {
			t.Error("the file was rewritten although nothing is new")
		}
		a.note(20_001)
		if err := a.close(); err != nil {
			t.Fatal(err)
		}
		if got := onDisk(t, mem.CrashClone(vfs.CrashCloneCfg{})); got != 20_001 {
			t.Errorf("closed and after a power cut the file says %d, want 20001", got)
		}
	})
}

// While the disk is full the older index stands, and the newest is written when
// there is room again.
func TestAckedWaitsOutAFullDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w watched
		a, mem := newAcked(t, &w)
		a.start()
		a.note(5)
		time.Sleep(time.Second)
		w.full.Store(true)
		a.note(9)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := onDisk(t, mem); got != 5 {
			t.Errorf("on a full disk the file says %d, want 5", got)
		}
		w.full.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := onDisk(t, mem); got != 9 {
			t.Errorf("with room again the file says %d, want 9", got)
		}
		w.full.Store(true)
		a.note(10)
		if err := a.close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("close on a full disk: %v", err)
		}
	})
}

func TestAckedFileIsChecked(t *testing.T) {
	t.Parallel()
	var w watched
	a, mem := newAcked(t, &w)
	if _, ok, err := readAcked(mem, "log", 7); ok || err != nil {
		t.Fatalf("no file: %v (%v)", ok, err)
	}
	if err := a.write(1 << 40); err != nil {
		t.Fatal(err)
	}
	good := onDisk(t, mem)
	if good != 1<<40 {
		t.Fatalf("read back %d", good)
	}
	if _, _, err := readAcked(mem, "log", 8); err == nil || !strings.Contains(err.Error(), "log/acked belongs to another folder") {
		t.Errorf("another folder's file: %v", err)
	}
	data, err := mem.UnsafeGetFileDataBuffer("log/acked")
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(data) * 8 {
		data[i/8] ^= 1 << (i % 8)
		if _, _, err := readAcked(mem, "log", 7); err == nil || !strings.Contains(err.Error(), "log/acked") {
			t.Errorf("bit %d flipped: %v", i, err)
		}
		data[i/8] ^= 1 << (i % 8)
	}
}
