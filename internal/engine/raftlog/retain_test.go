package raftlog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func isCompacted(err error) bool { return errors.Is(err, raft.ErrCompacted) }

func TestCompact(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(1, 90), entries(1, 100, 1))
	if err := l.Compact(40); err != nil {
		t.Fatal(err)
	}
	for index, want := range map[uint64]error{40: raft.ErrCompacted, 7: raft.ErrCompacted, 101: raft.ErrUnavailable} {
		if err := l.Compact(index); !errors.Is(err, want) {
			t.Errorf("compact to %d: %v, want %v", index, err, want)
		}
	}
	if _, err := l.Entries(40, 50, 1<<20); !isCompacted(err) {
		t.Errorf("entries from 40: %v", err)
	}
	if term, err := l.Term(40); term != 1 || err != nil {
		t.Errorf("term of 40 is %d (%v)", term, err)
	}
	wantEntries(t, l, 41, 100, 1)
	if err := l.Compact(100); err != nil {
		t.Fatal(err)
	}
	closed(t, l.Close)
	l = open(t, options(t, fs))
	if first, _ := l.FirstIndex(); first != 101 {
		t.Errorf("first index is %d, want 101", first)
	}
	mustAppend(t, l, nil, entries(101, 120, 1))
	wantEntries(t, l, 101, 120, 1)
	closed(t, l.Close)
}

// large has 1000 bytes of data.
func large(index uint64) *raftpb.Entry {
	e := entry(index, 1)
	e.Data = make([]byte, 1000)
	return e
}

// retainLog writes an entry of 1,000 bytes a second for n seconds.
func retainLog(t *testing.T, opt raftlog.Options, n uint64) (*raftlog.Log, time.Time) {
	t.Helper()
	now := time.Unix(1_700_000_000, 0)
	opt.Now = func() time.Time { return now }
	l := open(t, opt)
	for i := uint64(1); i <= n; i++ {
		now = now.Add(time.Second)
		mustAppend(t, l, hard(1, i-1), []*raftpb.Entry{large(i)})
	}
	return l, now
}

func TestRetainKeepsTheLess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		bytes     uint64
		age       time.Duration
		after     time.Duration // how much later Retain is called
		low, high uint64        // where the first index may lie
	}{
		{"all", 1 << 30, time.Hour, 0, 1, 1},
		{"by age", 1 << 30, 100 * time.Second, 0, 195, 202},
		{"by size", 50_000, time.Hour, 0, 250, 258},
		{"by size, which is less", 50_000, 200 * time.Second, 0, 250, 258},
		{"by age, which is less", 200_000, 20 * time.Second, 0, 275, 282},
		{"nothing is young", 1 << 30, 100 * time.Second, time.Hour, 301, 301},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			opt := options(t, vfs.NewMem())
			opt.KeepBytes, opt.KeepFor = c.bytes, c.age
			l, now := retainLog(t, opt, 300)
			defer closed(t, l.Close)
			first, err := l.Retain(now.Add(c.after), 300)
			if err != nil || first < c.low || first > c.high {
				t.Fatalf("first index is %d (%v), want %d to %d", first, err, c.low, c.high)
			}
			if again, err := l.Retain(now.Add(c.after), 300); err != nil || again != first {
				t.Errorf("a second time: %d (%v)", again, err)
			}
		})
	}
}

// A log that grows steadily is cut now and then, not at every call.
func TestRetainCutsNowAndThen(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*raftlog.Options){
		"by age":  func(o *raftlog.Options) { o.KeepFor = 80 * time.Second },
		"by size": func(o *raftlog.Options) { o.KeepBytes = 80_000 },
	} {
		opt := options(t, vfs.NewMem())
		limit(&opt)
		now := time.Unix(1_700_000_000, 0)
		opt.Now = func() time.Time { return now }
		l := open(t, opt)
		cuts, first := 0, uint64(1)
		for i := uint64(1); i <= 500; i++ {
			now = now.Add(time.Second)
			mustAppend(t, l, hard(1, i-1), []*raftpb.Entry{large(i)})
			f, err := l.Retain(now, i)
			if err != nil {
				t.Fatal(err)
			}
			if f != first {
				cuts++
				first = f
			}
			if kept := i - first; kept > 100 {
				t.Fatalf("%s: %d entries are kept", name, kept)
			}
		}
		if cuts < 20 || cuts > 60 {
			t.Errorf("%s: the log was cut %d times in 500 s, want about 40", name, cuts)
		}
		closed(t, l.Close)
	}
}

// After a restart nobody knows when entries were written; they count as new, and
// their size still counts.
func TestRetainAfterARestart(t *testing.T) {
	t.Parallel()
	opt := options(t, vfs.NewMem())
	opt.KeepBytes, opt.KeepFor = 100_000, 100*time.Second
	l, now := retainLog(t, opt, 300)
	closed(t, l.Close)
	opt.Now = func() time.Time { return now.Add(time.Hour) }
	l = open(t, opt)
	defer closed(t, l.Close)
	first, err := l.Retain(now.Add(time.Hour), 300)
	if err != nil || first < 180 || first > 240 { // whole blocks are counted
		t.Errorf("by size: first index is %d (%v), want a little over 200", first, err)
	}
	first, err = l.Retain(now.Add(time.Hour+113*time.Second), 300)
	if err != nil || first != 301 {
		t.Errorf("by age: first index is %d (%v), want 301", first, err)
	}
}

// The log is the state's write-ahead log: what the state has not made durable
// must be there to be replayed, however old or large the log is. A node that
// truncates below its applied index in memory loses frames at the next power
// cut; below the durable one it does not.
func TestM_TruncationOnlyBelowDurableApplied(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	opt := options(t, fs)
	opt.KeepBytes, opt.KeepFor = 1, 1 // keep nothing that need not be kept
	later := time.Now().Add(time.Hour)
	l := open(t, opt)
	s := openState(t, fs)
	for i := uint64(1); i <= 60; i++ {
		mustAppend(t, l, hard(1, i-1), entries(i, i, 1))
		apply(t, s, i)
		l.Acked(i)
		if i == 25 {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, err := l.Retain(later, durable(t, s))
	if err != nil || first != 26 {
		t.Fatalf("first index is %d (%v), want 26: applied is 60 but durable only 25", first, err)
	}

	after := fs.CrashClone(vfs.CrashCloneCfg{})
	closed(t, l.Close)
	closed(t, s.Close)

	s = openState(t, after) // the frames after 25 are gone from the state
	h, ok, err := s.DurableHead()
	if err != nil || !ok || h.AppliedIndex != 25 {
		t.Fatalf("durable head is %v (%v, %v)", h, ok, err)
	}
	opt.FS = after
	l = open(t, opt)
	if err := l.CheckStart(raftlog.StartFacts{DurableApplied: h.AppliedIndex, DurableAppliedTerm: h.AppliedTerm}); err != nil {
		t.Fatal(err)
	}
	// The power cut may have taken the truncation back too; it is done again.
	if first, err := l.Retain(later, durable(t, s)); err != nil || first != 26 {
		t.Fatalf("after the power cut the first index is %d (%v)", first, err)
	}
	wantEntries(t, l, 26, 60, 1) // and all of them can be replayed
	closed(t, l.Close)
	closed(t, s.Close)

	// One entry more cut off, and the node would refuse rather than skip a frame.
	after = after.CrashClone(vfs.CrashCloneCfg{})
	opt.FS = after
	l = open(t, opt)
	defer closed(t, l.Close)
	if err := l.Compact(26); err != nil {
		t.Fatal(err)
	}
	var stop *raftlog.StartError
	err = l.CheckStart(raftlog.StartFacts{DurableApplied: 25, DurableAppliedTerm: 1})
	if !errors.As(err, &stop) {
		t.Fatalf("a log that begins after what the state needs: %v", err)
	}
}

func openState(t *testing.T, fs vfs.FS) *store.Store {
	t.Helper()
	o := options(t, fs)
	s, err := store.Open("state", store.Options{FS: fs, Fatal: o.Fatal, Logger: o.Logger, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func apply(t *testing.T, s *store.Store, index uint64) {
	t.Helper()
	k := table.K(table.Head)
	head := table.Encode(&pb.Head{AppliedIndex: index, AppliedTerm: 1})
	if err := s.Commit([]table.Write{{Key: k, Stored: table.Seal(nil, k, head)}}); err != nil {
		t.Fatal(err)
	}
}

func durable(t *testing.T, s *store.Store) uint64 {
	t.Helper()
	h, _, err := s.DurableHead()
	if err != nil {
		t.Fatal(err)
	}
	return h.GetAppliedIndex()
}
