package raftlog_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// A commit alone is written by nobody: the next entry takes it along, and closing
// the log does. A new term or vote is written at once.
func TestACommitIsNoWriteOfItsOwn(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	l := open(t, options(t, fs))
	if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, hard(1, 0), entries(1, 5, 1))
	if err := l.Append(hard(1, 5), nil, false); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, nil, entries(6, 6, 1))
	if n := l.Metrics().Appends; n != 2 {
		t.Errorf("entries, a commit and an entry were %d batches, want 2", n)
	}
	wantCommit(t, "after a power cut", fs.CrashClone(vfs.CrashCloneCfg{}), 5)
	if err := l.Append(hard(1, 6), nil, false); err != nil {
		t.Fatal(err)
	}
	if hs, _, _ := l.InitialState(); hs.GetCommit() != 6 {
		t.Errorf("the hard state is %v", hs)
	}
	closed(t, l.Close)
	wantCommit(t, "after a close", fs, 6)
}

func wantCommit(t *testing.T, when string, fs vfs.FS, commit uint64) {
	t.Helper()
	l := open(t, options(t, fs))
	defer closed(t, l.Close)
	if hs, _, _ := l.InitialState(); hs.GetCommit() != commit || hs.GetTerm() != 1 {
		t.Errorf("%s the hard state is %v, want commit %d of term 1", when, hs, commit)
	}
}
