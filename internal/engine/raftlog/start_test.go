package raftlog_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// built is a log of 20 entries of term 3, of which 10 are acknowledged.
func built(t *testing.T) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(3, 12), entries(1, 20, 3))
	l.Acked(10)
	closed(t, l.Close)
	return fs
}

func TestCheckStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		facts raftlog.StartFacts
		acked uint64
		cut   uint64
		want  string // part of the sentence; "" is a start
		index uint64
	}{
		{name: "an empty state", want: ""},
		{name: "a state in the middle", facts: raftlog.StartFacts{DurableApplied: 12, DurableAppliedTerm: 3, CheckpointIndex: 11}},
		{name: "a state at the end", facts: raftlog.StartFacts{DurableApplied: 20, DurableAppliedTerm: 3, CheckpointIndex: 20}, acked: 20},
		{name: "more was acknowledged", acked: 21, index: 21,
			want: "raft log log ends at 20 but log/acked says that 21 was acknowledged; the end of the log is lost: put the folder back"},
		{name: "more is in the state", facts: raftlog.StartFacts{DurableApplied: 21, DurableAppliedTerm: 3}, index: 21,
			want: "raft log log ends at 20 but the state holds 21; the end of the log is lost"},
		{name: "more was published", facts: raftlog.StartFacts{DurableApplied: 5, DurableAppliedTerm: 3, CheckpointIndex: 30}, index: 30,
			want: "raft log log ends at 20 but a checkpoint was published at 30; the end of the log is lost"},
		{name: "the state is of another history", facts: raftlog.StartFacts{DurableApplied: 5, DurableAppliedTerm: 2}, index: 5,
			want: "raft log log has term 3 at 5 but the state has term 2: they are not of one history"},
		{name: "the state is older than the log", facts: raftlog.StartFacts{DurableApplied: 5, DurableAppliedTerm: 3}, cut: 8, index: 5,
			want: "raft log log begins at 9 but the state ends at 5: the state's folder is older than the log"},
		{name: "the state is gone", cut: 8,
			want: "raft log log begins at 9 but the state ends at 0"},
		{name: "the state ends where the log begins", facts: raftlog.StartFacts{DurableApplied: 8, DurableAppliedTerm: 3}, cut: 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := open(t, options(t, built(t)))
			defer closed(t, l.Close)
			if c.cut > 0 {
				if err := l.Compact(c.cut); err != nil {
					t.Fatal(err)
				}
			}
			l.Acked(c.acked)
			err := l.CheckStart(c.facts)
			if c.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var stop *raftlog.StartError
			if !errors.As(err, &stop) || !strings.HasPrefix(err.Error(), c.want) || stop.Index != c.index || stop.Path == "" {
				t.Fatalf("answers %q (%+v), want %q at %d", err, stop, c.want, c.index)
			}
		})
	}
}

// A log whose own record of the commit lies beyond its end is refused, and so is
// one whose entries are of a later term than its hard state.
func TestCheckStartBelievesTheHardState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hs   *raftpb.HardState
		want string
	}{
		"a commit beyond the end":  {hard(3, 21), "ends at 20 but has 21 committed"},
		"a term below the entries": {hard(2, 12), "ends with term 3 but its hard state is of term 2"},
		"none":                     {nil, "has entries but no hard state"},
	} {
		l := open(t, options(t, vfs.NewMem()))
		mustAppend(t, l, c.hs, entries(1, 20, 3))
		if err := l.CheckStart(raftlog.StartFacts{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		closed(t, l.Close)
	}
}

func newNode(l raft.Storage, id, applied uint64) (node *raft.RawNode, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("raft panics: %v", p)
		}
	}()
	return raft.NewRawNode(&raft.Config{
		ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: l, Applied: applied,
		MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 64,
		Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)},
	})
}

// The state may be flushed before the log's record of the commit is written, so
// that after a kill the state is ahead of HardState.Commit. Raft panics when it
// is started so; after CheckStart it does not.
func TestM_CommitIsRaisedToDurableApplied(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	id := l.Identity().RaftID
	if err := l.SetConf(&raftpb.ConfState{Voters: []uint64{id}}, new(pb.Members)); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, hard(1, 4), entries(1, 20, 1))
	closed(t, l.Close)

	l = open(t, options(t, fs))
	defer closed(t, l.Close)
	const applied = 15
	if _, err := newNode(l, id, applied); err == nil || !strings.Contains(err.Error(), "raft panics") {
		t.Fatalf("raft starts with a commit below the applied index (%v): CheckStart need not raise it any more", err)
	}
	if err := l.CheckStart(raftlog.StartFacts{DurableApplied: applied, DurableAppliedTerm: 1}); err != nil {
		t.Fatal(err)
	}
	if hs, _, _ := l.InitialState(); hs.GetCommit() != applied || hs.GetTerm() != 1 {
		t.Fatalf("hard state is %v, want commit %d of term 1", hs, applied)
	}
	mustAppend(t, l, hard(1, 4), nil) // nothing takes the commit back
	if hs, _, _ := l.InitialState(); hs.GetCommit() != applied {
		t.Fatalf("the commit went back to %d", hs.GetCommit())
	}
	node, err := newNode(l, id, applied)
	if err != nil {
		t.Fatal(err)
	}
	got := campaign(t, node, l)
	if len(got) == 0 || got[0] != applied+1 || got[len(got)-1] != 21 { // 21 is the new leader's own
		t.Fatalf("raft hands out %v to apply, want %d to 21", got, applied+1)
	}
}

// campaign makes the node leader of its group of one and returns the indexes
// that it gave out as committed.
func campaign(t *testing.T, node *raft.RawNode, l *raftlog.Log) (applied []uint64) {
	t.Helper()
	if err := node.Campaign(); err != nil {
		t.Fatal(err)
	}
	for node.HasReady() {
		rd := node.Ready()
		if err := l.Append(rd.HardState, rd.Entries, rd.MustSync); err != nil {
			t.Fatal(err)
		}
		for _, e := range rd.CommittedEntries {
			applied = append(applied, e.GetIndex())
		}
		node.Advance(rd)
	}
	return applied
}

// One voter lives its whole life on the log: elected, fed, stopped, started
// again where its state stood.
func TestRaftRunsOnTheLog(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, options(t, fs))
	id := l.Identity().RaftID
	if err := l.SetConf(&raftpb.ConfState{Voters: []uint64{id}}, new(pb.Members)); err != nil {
		t.Fatal(err)
	}
	var said []string
	var durable, term uint64
	for life := range 4 {
		if err := l.CheckStart(raftlog.StartFacts{DurableApplied: durable, DurableAppliedTerm: term}); err != nil {
			t.Fatal(err)
		}
		node, err := newNode(l, id, durable)
		if err != nil {
			t.Fatal(err)
		}
		campaign(t, node, l)
		for i := range 30 {
			if err := node.Propose(fmt.Appendf(nil, "life %d, frame %d", life, i)); err != nil {
				t.Fatal(err)
			}
			rd := node.Ready()
			if err := l.Append(rd.HardState, rd.Entries, rd.MustSync); err != nil {
				t.Fatal(err)
			}
			for _, e := range rd.CommittedEntries {
				if durable < e.GetIndex() && len(e.GetData()) > 0 {
					said = append(said, string(e.GetData()))
				}
				durable, term = e.GetIndex(), e.GetTerm()
				l.Acked(durable)
			}
			node.Advance(rd)
		}
		for node.HasReady() { // the last frame
			rd := node.Ready()
			if err := l.Append(rd.HardState, rd.Entries, rd.MustSync); err != nil {
				t.Fatal(err)
			}
			for _, e := range rd.CommittedEntries {
				said = append(said, string(e.GetData()))
				durable, term = e.GetIndex(), e.GetTerm()
			}
			node.Advance(rd)
		}
		if life == 1 {
			if err := l.Compact(durable - 5); err != nil {
				t.Fatal(err)
			}
		}
		closed(t, l.Close)
		l = open(t, options(t, fs))
	}
	closed(t, l.Close)
	if len(said) != 4*30 || said[0] != "life 0, frame 0" || said[119] != "life 3, frame 29" {
		t.Fatalf("%d frames were applied: %q", len(said), said)
	}
}

// An entry that was read from another's place, one that is missing and a
// record that is not what was written are noticed at start, by name.
func TestCheckStartReadsTheTail(t *testing.T) {
	t.Parallel()
	key := func(i byte) []byte { return []byte{'e', 0, 0, 0, 0, 0, 0, 0, i} }
	for name, c := range map[string]struct {
		harm  func(db *pebble.DB) error
		index uint64 // 0: refused at open
	}{
		"a misdirected read": {func(db *pebble.DB) error {
			value, closer, err := db.Get(key(15))
			if err != nil {
				return err
			}
			return errors.Join(db.Set(key(14), value, pebble.Sync), closer.Close())
		}, 14},
		"a hole":              {func(db *pebble.DB) error { return db.Delete(key(16), pebble.Sync) }, 16},
		"a hole at the front": {func(db *pebble.DB) error { return db.Delete(key(1), pebble.Sync) }, 1},
		"a short entry":       {func(db *pebble.DB) error { return db.Set(key(13), []byte("short"), pebble.Sync) }, 13},
		"a damaged hard state": {func(db *pebble.DB) error {
			return db.Set([]byte("mhard"), []byte("not what was written"), pebble.Sync)
		}, 0},
		"a damaged identity": {func(db *pebble.DB) error { return db.Set([]byte("mid"), []byte("other"), pebble.Sync) }, 0},
		"no identity":        {func(db *pebble.DB) error { return db.Delete([]byte("mid"), pebble.Sync) }, 0},
		"a newer format": {func(db *pebble.DB) error {
			return db.Set([]byte("mformat"), []byte{0x37, 0x1b, 0x85, 0xb8, 9}, pebble.Sync)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := built(t)
			db, err := pebble.Open(dir, &pebble.Options{FS: fs, FormatMajorVersion: pebble.FormatNewest, Logger: quiet{}})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.harm(db), db.Close()); err != nil {
				t.Fatal(err)
			}
			l, err := raftlog.Open(dir, options(t, fs))
			if c.index == 0 {
				if err == nil || !strings.Contains(err.Error(), dir) {
					t.Fatalf("open answers %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, l.Close)
			err = l.CheckStart(raftlog.StartFacts{DurableApplied: 12, DurableAppliedTerm: 3})
			var bad *raftlog.EntryError
			if !errors.As(err, &bad) || bad.Index != c.index || !strings.Contains(err.Error(), "raft log log: entry") {
				t.Fatalf("start answers %v, want entry %d named", err, c.index)
			}
			var named []uint64
			if err := l.Verify(func(err error) bool {
				if errors.As(err, &bad) {
					named = append(named, bad.Index)
				}
				return true
			}); err != nil || len(named) != 1 || named[0] != c.index {
				t.Errorf("verify names %v (%v), want %d", named, err, c.index)
			}
		})
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)      {}
func (quiet) Errorf(string, ...any)     {}
func (quiet) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
