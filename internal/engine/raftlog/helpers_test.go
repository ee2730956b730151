package raftlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(m.Run()) // it leaves goroutines behind, as an ended process would
	}
	goleak.VerifyTestMain(m)
}

const dir = "log"

// options are small, and a fault of the disk fails the test.
func options(t testing.TB, fs vfs.FS) raftlog.Options {
	return raftlog.Options{
		FS:            fs,
		Fatal:         func(err error) { t.Errorf("fatal: %v", err) },
		Logger:        slog.New(slog.DiscardHandler),
		MemTableBytes: 512 << 10,
		RecentBytes:   4 << 10, // so that the disk is read too
	}
}

func open(t testing.TB, opt raftlog.Options) *raftlog.Log {
	t.Helper()
	l, err := raftlog.Open(dir, opt)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return l
}

func closed(t testing.TB, close func() error) {
	t.Helper()
	if err := close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// entry has content that tells its index and term.
func entry(index, term uint64) *raftpb.Entry {
	data := fmt.Sprintf("entry %d of term %d %s", index, term, strings.Repeat("*", int(index*37%500)))
	return &raftpb.Entry{Index: &index, Term: &term, Type: raftpb.EntryNormal.Enum(), Data: []byte(data)}
}

// entries makes first..last of one term.
func entries(first, last, term uint64) []*raftpb.Entry {
	var out []*raftpb.Entry
	for i := first; i <= last; i++ {
		out = append(out, entry(i, term))
	}
	return out
}

func hard(term, commit uint64) *raftpb.HardState {
	vote := uint64(1)
	return &raftpb.HardState{Term: &term, Vote: &vote, Commit: &commit}
}

func mustAppend(t testing.TB, l *raftlog.Log, hs *raftpb.HardState, es []*raftpb.Entry) {
	t.Helper()
	if err := l.Append(hs, es, true); err != nil {
		t.Fatalf("append: %v", err)
	}
}

// wantEntries reads the entries first..last of one term, all at once, one by
// one and in pieces of limited size.
func wantEntries(t testing.TB, l *raftlog.Log, first, last, term uint64) {
	t.Helper()
	if err := haveEntries(l, first, last, term); err != nil {
		t.Fatal(err)
	}
}

func haveEntries(l *raftlog.Log, first, last, term uint64) error {
	if got, _ := l.FirstIndex(); got != first {
		return fmt.Errorf("first index is %d, want %d", got, first)
	}
	if got, _ := l.LastIndex(); got != last {
		return fmt.Errorf("last index is %d, want %d", got, last)
	}
	next := first
	for next <= last {
		got, err := l.Entries(next, last+1, 2000)
		if err != nil || len(got) == 0 {
			return fmt.Errorf("entries from %d: %d of them, %w", next, len(got), err)
		}
		for _, e := range got {
			if !proto.Equal(e, entry(next, term)) {
				return fmt.Errorf("entry %d reads %v, want %v", next, e, entry(next, term))
			}
			next++
		}
	}
	for i := first; i <= last; i++ {
		if got, err := l.Term(i); err != nil || got != term {
			return fmt.Errorf("term of %d is %d (%w), want %d", i, got, err, term)
		}
	}
	return nil
}

// files lists the log's files that match the pattern.
func files(t testing.TB, fs vfs.FS, pattern string) (names []string) {
	t.Helper()
	list, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		if ok, _ := filepath.Match(pattern, name); ok {
			names = append(names, fs.PathJoin(dir, name))
		}
	}
	return names
}

func readAll(t testing.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeAll(t testing.TB, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(b)); err != nil {
		t.Fatal(err)
	}
	d, err := fs.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close(), d.Sync(), d.Close()); err != nil {
		t.Fatal(err)
	}
}

// killed is the disk as a killed process leaves it: all that was written, synced
// or not.
func killed(fs *vfs.MemFS) *vfs.MemFS {
	return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: steady()})
}
