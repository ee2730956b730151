package diskguard_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// failWrites makes writes to table files fail while on, and counts them.
type failWrites struct {
	on   atomic.Bool
	err  error
	hits atomic.Int64
}

func (f *failWrites) String() string { return "writes to tables" }

func (f *failWrites) MaybeError(op errorfs.Op) error {
	if f.on.Load() && op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst") {
		f.hits.Add(1)
		return f.err
	}
	return nil
}

// A full disk during a flush is waited out: nothing ends, and when space is
// freed the rows are there.
func TestFullDiskIsWaitedOut(t *testing.T) {
	t.Parallel()
	var f faults
	w := &failWrites{err: syscall.ENOSPC}
	db := openPebble(t, diskguard.Wrap(errorfs.Wrap(vfs.NewMem(), w), f.fatal), &f)
	if err := db.Set([]byte("key"), []byte("value"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	w.on.Store(true)
	done, err := db.AsyncFlush()
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the flush to be repeated", func() bool { return w.hits.Load() > 2 })
	if v, closer, err := db.Get([]byte("key")); err != nil || string(v) != "value" {
		t.Errorf("while the disk is full the row reads %q (%v)", v, err)
	} else if err := closer.Close(); err != nil {
		t.Error(err)
	}
	w.on.Store(false)
	<-done
	if errs := f.all(); len(errs) > 0 {
		t.Errorf("the process would have ended: %v", errs)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Any other error of a flush ends the process: Pebble alone would repeat it for
// ever and say nothing.
func TestFailedFlushEndsTheProcess(t *testing.T) {
	t.Parallel()
	var f faults
	w := &failWrites{err: syscall.EIO}
	db := openPebble(t, diskguard.Wrap(errorfs.Wrap(vfs.NewMem(), w), f.fatal), &f)
	if err := db.Set([]byte("key"), []byte("value"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	w.on.Store(true)
	done, err := db.AsyncFlush()
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the process to end", func() bool { return len(f.all()) > 0 })
	if err := f.all()[0]; !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "test store") {
		t.Errorf("it ends with %v", err)
	}
	w.on.Store(false)
	<-done
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	e := diskguard.NewEvents("raft log", slog.New(slog.DiscardHandler), func(error) {})
	if err := e.Explain("dir", nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{io.ErrUnexpectedEOF, "raft log dir: unexpected EOF"},
		{fmt.Errorf("%w: entry lost", pebble.ErrCorruption), "raft log: dir is damaged: put it back"},
		{fmt.Errorf("%w: backing file 000012 error", pebble.ErrCorruption), "raft log: dir/000012.sst is damaged: put it back"},
		{fmt.Errorf("%w: replaying wal 7, offset 3", pebble.ErrCorruption), "raft log: dir/000007.log is damaged: put it back"},
	} {
		got := e.Explain("dir", c.err)
		if !strings.HasPrefix(got.Error(), c.want) || !errors.Is(got, c.err) {
			t.Errorf("%v: explained as %q, want %q", c.err, got, c.want)
		}
	}
	err := diskguard.Guarded(func() error { panic("decode") })
	if !diskguard.Corrupt(err) || !strings.Contains(err.Error(), "decode") {
		t.Errorf("a panic became %v", err)
	}
}
