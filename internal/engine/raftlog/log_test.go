package raftlog_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func steady() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestANewLogIsEmpty(t *testing.T) {
	t.Parallel()
	l := open(t, options(t, vfs.NewMem()))
	defer closed(t, l.Close)
	hs, cs, err := l.InitialState()
	if err != nil || hs != nil || cs == nil || len(cs.GetVoters()) != 0 {
		t.Errorf("initial state is %v, %v (%v)", hs, cs, err)
	}
	first, _ := l.FirstIndex()
	last, _ := l.LastIndex()
	if first != 1 || last != 0 {
		t.Errorf("first and last index are %d and %d, want 1 and 0", first, last)
	}
	if term, err := l.Term(0); term != 0 || err != nil {
		t.Errorf("term of 0 is %d (%v)", term, err)
	}
	if _, err := l.Term(1); !errors.Is(err, raft.ErrUnavailable) {
		t.Errorf("term of 1: %v", err)
	}
	if _, err := l.Snapshot(); !errors.Is(err, raft.ErrSnapshotTemporarilyUnavailable) {
		t.Errorf("snapshot: %v", err)
	}
	if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
		t.Errorf("a new log may not start: %v", err)
	}
}

func TestEntriesSurviveClosing(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(1, 0), entries(1, 30, 1))
	mustAppend(t, l, hard(1, 25), entries(31, 60, 1))
	if err := l.SetConf(&raftpb.ConfState{Voters: []uint64{7}}, &pb.Members{Index: 12, Members: []*pb.Member{{RaftId: 7, Name: "n1"}}}); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, l, 1, 60, 1)
	closed(t, l.Close)

	l = open(t, options(t, fs))
	defer closed(t, l.Close)
	if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, l, 1, 60, 1)
	hs, cs, err := l.InitialState()
	if err != nil || !proto.Equal(hs, hard(1, 25)) || len(cs.GetVoters()) != 1 || cs.GetVoters()[0] != 7 {
		t.Errorf("initial state is %v, %v (%v)", hs, cs, err)
	}
	if _, m := l.Conf(); m.GetIndex() != 12 || len(m.Members) != 1 {
		t.Errorf("members are %v, want one as of 12", m)
	}
}

// Entries of every kind, an empty one and a large one come back as they were.
func TestEntriesOfAllKinds(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	want := []*raftpb.Entry{entry(1, 3), entry(2, 3), entry(3, 3), entry(4, 4)}
	want[0].Data = nil
	want[1].Type = raftpb.EntryConfChangeV2.Enum()
	want[2].Data = bytes.Repeat([]byte("large "), 400_000) // larger than the memtable
	want[3].Type = raftpb.EntryConfChange.Enum()
	mustAppend(t, l, hard(4, 0), want)
	closed(t, l.Close)
	l = open(t, options(t, fs))
	defer closed(t, l.Close)
	got, err := l.Entries(1, 5, 1<<40)
	if err != nil || len(got) != 4 {
		t.Fatalf("%d entries (%v)", len(got), err)
	}
	for i := range want {
		if !proto.Equal(got[i], want[i]) {
			t.Errorf("entry %d differs", i+1)
		}
	}
	if got, err := l.Entries(1, 5, 1); err != nil || len(got) != 1 {
		t.Errorf("with a size of 1: %d entries (%v), want one", len(got), err)
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	l := open(t, options(t, vfs.NewMem()))
	defer closed(t, l.Close)
	mustAppend(t, l, hard(2, 5), entries(1, 10, 2))
	for name, es := range map[string][]*raftpb.Entry{
		"a gap":                      entries(12, 13, 2),
		"a gap within":               {entry(11, 2), entry(13, 2)},
		"out of order":               {entry(12, 2), entry(11, 2)},
		"a committed entry":          entries(5, 11, 3),
		"the first entry once again": entries(1, 1, 3),
	} {
		if err := l.Append(hard(9, 9), es, true); !errors.Is(err, raftlog.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantEntries(t, l, 1, 10, 2)
	if hs, _, _ := l.InitialState(); hs.GetTerm() != 2 {
		t.Errorf("a refused append changed the hard state to %v", hs)
	}
	if err := l.Append(nil, nil, true); err != nil {
		t.Errorf("an empty append: %v", err)
	}
	if err := l.Append(&raftpb.HardState{}, nil, true); err != nil {
		t.Errorf("an empty hard state: %v", err)
	}
}

// What conflicts with new entries is gone, on disk too.
func TestAppendReplacesTheEnd(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(1, 2), entries(1, 40, 1))
	mustAppend(t, l, hard(2, 2), entries(11, 15, 2))
	check := func() {
		t.Helper()
		if last, _ := l.LastIndex(); last != 15 {
			t.Fatalf("last index is %d, want 15", last)
		}
		got, err := l.Entries(9, 16, 1<<30)
		if err != nil || len(got) != 7 {
			t.Fatalf("%d entries (%v)", len(got), err)
		}
		for i, e := range got {
			index := uint64(9 + i)
			want := entry(index, 1)
			if index > 10 {
				want = entry(index, 2)
			}
			if !proto.Equal(e, want) {
				t.Errorf("entry %d is %v", index, e)
			}
		}
		if _, err := l.Term(16); !errors.Is(err, raft.ErrUnavailable) {
			t.Errorf("term of a replaced entry: %v", err)
		}
	}
	check()
	closed(t, l.Close)
	l = open(t, options(t, fs))
	defer closed(t, l.Close)
	if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
		t.Fatal(err)
	}
	check()
	mustAppend(t, l, nil, entries(16, 50, 2))
	if err := l.Verify(func(err error) bool { t.Error(err); return true }); err != nil {
		t.Error(err)
	}
}

// Batches under way become durable in order, and can be read at once.
func TestBegin(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	l := open(t, options(t, fs))
	var pending []func() error
	for i := uint64(1); i <= 20; i++ {
		wait, err := l.Begin(hard(1, i-1), entries(i, i, 1))
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, wait)
		wantEntries(t, l, 1, i, 1)
	}
	for _, wait := range pending {
		if err := wait(); err != nil {
			t.Fatal(err)
		}
	}
	wait, err := l.Begin(nil, nil)
	if err != nil || wait() != nil {
		t.Errorf("nothing to write: %v", err)
	}
	if _, err := l.Begin(nil, entries(30, 30, 1)); !errors.Is(err, raftlog.ErrRefused) {
		t.Errorf("a gap: %v", err)
	}
	after := fs.CrashClone(vfs.CrashCloneCfg{})
	closed(t, l.Close)
	l = open(t, options(t, after))
	defer closed(t, l.Close)
	wantEntries(t, l, 1, 20, 1)
}

func TestIdentityIsMadeWithTheFolder(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	opt := options(t, fs)
	opt.Random = strings.NewReader(strings.Repeat("12345678", 3))
	l := open(t, opt)
	id := l.Identity()
	if id.ClusterID != 0x3132333435363738 || id.IsZero() {
		t.Errorf("identity is %v; it is not drawn from Options.Random", id)
	}
	closed(t, l.Close)
	opt.Identity = identity.Identity{ClusterID: 1, RaftID: 2, Incarnation: 3} // of no avail: the folder has one
	l = open(t, opt)
	if l.Identity() != id {
		t.Errorf("identity became %v", l.Identity())
	}
	closed(t, l.Close)

	opt.FS = vfs.NewMem()
	l = open(t, opt)
	if l.Identity() != opt.Identity {
		t.Errorf("identity is %v, want the one given", l.Identity())
	}
	closed(t, l.Close)
}

func TestReadOnlyChangesNothing(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	opt := options(t, fs)
	opt.ReadOnly = true
	if _, err := raftlog.Open(dir, opt); err == nil {
		t.Fatal("a log that is not there was opened for reading")
	}
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(1, 5), entries(1, 50, 1))
	l.Acked(50)
	closed(t, l.Close)
	before := fs.String()
	l = open(t, opt)
	if err := l.CheckStart(raftlog.StartFacts{DurableApplied: 7, DurableAppliedTerm: 1}); err != nil {
		t.Error(err)
	}
	wantEntries(t, l, 1, 50, 1)
	if err := l.Verify(func(err error) bool { t.Error(err); return true }); err != nil {
		t.Error(err)
	}
	if err := l.Append(nil, entries(51, 51, 1), true); err == nil {
		t.Error("a log opened for reading takes an entry")
	}
	closed(t, l.Close)
	if after := fs.String(); after != before {
		t.Errorf("the folder changed from\n%s to\n%s", before, after)
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(1, 5), entries(1, 50, 1))
	if err := l.Install(1000, 7, &raftpb.ConfState{Voters: []uint64{1, 2, 3}}, &pb.Members{Index: 1000}); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, nil, entries(1001, 1010, 7))
	closed(t, l.Close)
	l = open(t, options(t, fs))
	defer closed(t, l.Close)
	if err := l.CheckStart(raftlog.StartFacts{DurableApplied: 1000, DurableAppliedTerm: 7}); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, l, 1001, 1010, 7)
	if term, err := l.Term(1000); err != nil || term != 7 {
		t.Errorf("term of the snapshot's index is %d (%v)", term, err)
	}
	hs, cs, _ := l.InitialState()
	if hs.GetTerm() != 7 || hs.GetCommit() != 1000 || hs.GetVote() != 0 || len(cs.GetVoters()) != 3 {
		t.Errorf("initial state is %v, %v", hs, cs)
	}
}

func TestSnapshotIsTheOptions(t *testing.T) {
	t.Parallel()
	opt := options(t, vfs.NewMem())
	want := new(raftpb.Snapshot)
	opt.Snapshot = func() (*raftpb.Snapshot, error) { return want, nil }
	l := open(t, opt)
	defer closed(t, l.Close)
	if got, err := l.Snapshot(); got != want || err != nil {
		t.Errorf("snapshot is %v (%v)", got, err)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	l := open(t, options(t, vfs.NewMem()))
	defer closed(t, l.Close)
	mustAppend(t, l, hard(1, 5), entries(1, 50, 1))
	l.Acked(49)
	m := l.Metrics()
	if m.FirstIndex != 1 || m.LastIndex != 50 || m.AckedIndex != 49 || m.Appends != 1 || m.AppendedBytes == 0 || m.RecentBytes == 0 || m.RecentBytes > 4<<10 {
		t.Errorf("metrics are %+v", m)
	}
}

// On the machine's own disk.
func TestLogOnDisk(t *testing.T) {
	t.Parallel()
	opt := options(t, nil)
	folder := t.TempDir()
	l, err := raftlog.Open(folder, opt)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, hard(1, 5), entries(1, 2000, 1))
	l.Acked(2000)
	closed(t, l.Close)
	if l, err = raftlog.Open(folder, opt); err != nil {
		t.Fatal(err)
	}
	if err := l.CheckStart(raftlog.StartFacts{DurableApplied: 100, DurableAppliedTerm: 1}); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, l, 1, 2000, 1)
	if _, err := raftlog.Open(folder, opt); err == nil {
		t.Error("the folder was opened twice")
	}
	closed(t, l.Close)
	if _, err := os.Stat(folder + "/acked"); err != nil {
		t.Error(err)
	}
}
