package raftlog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// A log without its file "acked", with another folder's, with a damaged one,
// and the file without its log: each is refused by name, and all is well again
// when the right file is back.
func TestAckedBelongsToTheLog(t *testing.T) {
	t.Parallel()
	fs := built(t)
	good := readAll(t, fs, "log/acked")
	refused := func(what, want string) {
		t.Helper()
		_, err := raftlog.Open(dir, options(t, fs))
		var stop *raftlog.StartError
		if !errors.As(err, &stop) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	if err := fs.Remove("log/acked"); err != nil {
		t.Fatal(err)
	}
	refused("without the file", "log/acked is missing")
	writeAll(t, fs, "log/acked", good[:10])
	refused("with a part of it", "log/acked is damaged")
	writeAll(t, fs, "log/acked", readAll(t, built(t), "log/acked"))
	refused("with another folder's", "log/acked belongs to another folder")
	writeAll(t, fs, "log/acked", good)
	l := open(t, options(t, fs))
	if got := l.AckedIndex(); got != 10 {
		t.Errorf("the acknowledged index is %d, want 10", got)
	}
	wantEntries(t, l, 1, 20, 3)
	closed(t, l.Close)

	fs = vfs.NewMem()
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	writeAll(t, fs, "log/acked", good)
	refused("the file alone", "the log it belongs to is gone")
}

// A folder whose making was cut short at any point is made again; once an entry
// was taken, nothing is ever made anew.
func TestMakingTheFolderIsCutShort(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	l := open(t, options(t, fs))
	closed(t, l.Close)
	if err := fs.Remove("log/acked"); err != nil { // the last thing that is made
		t.Fatal(err)
	}
	l = open(t, options(t, fs))
	mustAppend(t, l, hard(1, 0), entries(1, 1, 1))
	closed(t, l.Close)
	if err := fs.Remove("log/acked"); err != nil {
		t.Fatal(err)
	}
	if _, err := raftlog.Open(dir, options(t, fs)); err == nil {
		t.Fatal("a log with an entry was given a new acked file")
	}
}
