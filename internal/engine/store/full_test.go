package store_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// While the disk is full reads and commits go on in memory, nothing becomes
// durable, and when there is room again everything does: nothing was lost.
func TestFullDiskIsWaitedOut(t *testing.T) {
	t.Parallel()
	var full atomic.Bool
	var refused atomic.Int64
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst") {
			refused.Add(1)
			return syscall.ENOSPC
		}
		return nil
	}))
	s := open(t, options(t, fs))
	frame(t, s, 1)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	frame(t, s, 2)
	done, err := s.FlushAsync()
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); refused.Load() < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the flush is not tried again")
		}
	}
	frame(t, s, 3)
	wantFrames(t, s, 3)
	wantHead(t, s, 1)
	if err := s.Flush(); !errors.Is(err, diskguard.ErrFull) {
		t.Errorf("flush answers %v, want ErrFull", err)
	}
	full.Store(false)
	<-done
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	wantHead(t, s, 3)
	full.Store(true)
	frame(t, s, 4)
	if err := s.Close(); !errors.Is(err, diskguard.ErrFull) { // it does not hang
		t.Errorf("close answers %v, want ErrFull", err)
	}
	full.Store(false)
	s = open(t, options(t, fs))
	wantFrames(t, s, 3)
	closed(t, s.Close)
}
