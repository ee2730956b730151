package raftlog_test

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// A closed log holds no write-ahead log, with everything in table files and
// nothing lost, also after a power cut.
func TestCloseMovesAllIntoTables(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	last := uint64(0)
	for range 3 {
		l := open(t, options(t, fs))
		if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			mustAppend(t, l, hard(1, last), entries(last+1, last+5, 1))
			last += 5
		}
		if last == 50 { // replaced entries must not come back
			mustAppend(t, l, hard(1, 45), entries(46, 47, 1))
			last = 47
		}
		l.Acked(last)
		closed(t, l.Close)
		if logs := files(t, fs, "*.log"); len(logs) > 0 {
			t.Fatalf("after closing there are %v", logs)
		}
		fs = fs.CrashClone(vfs.CrashCloneCfg{})
	}
	l := open(t, options(t, fs))
	defer closed(t, l.Close)
	wantEntries(t, l, 1, last, 1)
	if hs, _, _ := l.InitialState(); hs.GetTerm() != 1 {
		t.Errorf("hard state is %v", hs)
	}
}

// On a full disk closing does not hang and loses nothing: the write-ahead log
// stays.
func TestCloseOnAFullDisk(t *testing.T) {
	t.Parallel()
	var full atomic.Bool
	mem := vfs.NewMem()
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst") {
			return syscall.ENOSPC
		}
		return nil
	}))
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(1, 3), entries(1, 20, 1))
	l.Acked(20)
	full.Store(true)
	closed(t, l.Close)
	if logs := files(t, fs, "*.log"); len(logs) == 0 {
		t.Fatal("the write-ahead log was removed although nothing else has its entries")
	}
	full.Store(false)
	l = open(t, options(t, fs))
	defer closed(t, l.Close)
	if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, l, 1, 20, 1)
}
