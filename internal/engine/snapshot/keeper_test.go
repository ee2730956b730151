package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestCopiesAreShared(t *testing.T) {
	t.Parallel()
	s := newSender(t, 100, nil)
	if got := s.keeper.Needs(); got != math.MaxUint64 {
		t.Errorf("without a copy the log must keep %d", got)
	}
	first := s.manifest(t, 100)
	frames(t, s.store, 101, 150)
	if again := s.manifest(t, 0); again != first {
		t.Errorf("another copy, at %d, was made for who is content with the first", again.Index)
	}
	// A newer one is not made at once.
	for range 3 {
		if _, err := s.keeper.Manifest(120); !errors.Is(err, snapshot.ErrNotYet) {
			t.Fatalf("a second copy within the same second: %v", err)
		}
	}
	s.now = s.now.Add(snapshot.DefaultEvery)
	second := s.manifest(t, 120)
	if second.Index != 150 || s.keeper.Newest() != 150 || s.keeper.Needs() != 100 {
		t.Errorf("the second copy is at %d; newest %d, the log must keep %d", second.Index, s.keeper.Newest(), s.keeper.Needs())
	}
	// Several fetch both at once.
	var all sync.WaitGroup
	for _, m := range []*pb.SnapshotManifest{first, second, first, second} {
		all.Go(func() {
			fs := vfs.NewMem()
			if err := snapshot.Fetch(context.Background(), &remote{keeper: s.keeper}, m, "b", fetchOptions(t, fs)); err != nil {
				t.Error(err)
				return
			}
			if got, err := snapshot.Install("b", installOptions(t, fs)); err != nil || got.Index != m.Index {
				t.Errorf("installed %v: %v", got, err)
			}
		})
	}
	all.Wait()
}

func TestNothingNewMakesNoCopy(t *testing.T) {
	t.Parallel()
	s := newSender(t, 10, nil)
	first := s.manifest(t, 0)
	if _, err := s.keeper.Manifest(11); !errors.Is(err, snapshot.ErrNotYet) {
		t.Fatal(err)
	}
	s.now = s.now.Add(snapshot.DefaultEvery)
	if _, err := s.keeper.Manifest(11); !errors.Is(err, snapshot.ErrNotYet) {
		t.Fatal(err)
	}
	if again := s.manifest(t, 10); again != first {
		t.Errorf("the same state was copied twice")
	}
}

func TestUnusedCopiesGo(t *testing.T) {
	t.Parallel()
	s := newSender(t, 10, nil)
	m := s.manifest(t, 0)
	there := func() bool {
		_, err := s.fs.Stat("a/snapshots/10")
		return err == nil
	}
	sweep := func(after time.Duration) {
		s.now = s.now.Add(after)
		must(t, s.keeper.RunOnce())
	}
	sweep(snapshot.DefaultIdle - 1)
	s.manifest(t, 0) // asked for again: used
	sweep(snapshot.DefaultIdle - 1)
	if !there() {
		t.Fatal("the copy went while it was in use")
	}
	// Done with, but another one is still reading.
	s.keeper.Done(10)
	req := &pb.ReadSnapshotRequest{Index: 10, File: m.Files[0].Name, Length: m.Files[0].Size}
	err := s.keeper.Read(context.Background(), req, func([]byte) error {
		sweep(snapshot.DefaultIdle)
		if !there() {
			t.Error("the copy went while it was read")
		}
		return nil
	})
	must(t, err)
	sweep(snapshot.DoneIdle - 1)
	if !there() {
		t.Fatal("the copy went while it was in use")
	}
	sweep(1)
	if there() {
		t.Fatal("the copy stays")
	}
	if err := s.keeper.Read(context.Background(), req, nil); !errors.Is(err, snapshot.ErrGone) {
		t.Errorf("reading it: %v", err)
	}
	if s.keeper.Newest() != 0 || s.keeper.Needs() != math.MaxUint64 {
		t.Error("the copy is still counted")
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	s := newSender(t, 300, nil)
	m := s.manifest(t, 0)
	var file *pb.SnapshotFile
	for _, f := range m.Files {
		if file == nil || f.Size > file.Size {
			file = f
		}
	}
	read := func(name string, offset, length uint64) (data []byte, err error) {
		err = s.keeper.Read(context.Background(), &pb.ReadSnapshotRequest{Index: 300, File: name, Offset: offset, Length: length},
			func(p []byte) error { data = append(data, p...); return nil })
		return data, err
	}
	whole, err := read(file.Name, 0, file.Size)
	must(t, err)
	if part, err := read(file.Name, 5, 17); err != nil || !bytes.Equal(part, whole[5:22]) {
		t.Errorf("a part: %x, %v", part, err)
	}
	if none, err := read(file.Name, file.Size, 0); err != nil || len(none) != 0 {
		t.Errorf("nothing from the end: %x, %v", none, err)
	}
	for _, c := range []struct {
		name           string
		offset, length uint64
	}{
		{file.Name, 0, file.Size + 1}, {file.Name, file.Size + 1, 0}, {file.Name, 1, math.MaxUint64}, {file.Name, math.MaxUint64, 2},
		{"../state/" + file.Name, 0, 1}, {"LOCK", 0, 0}, {"", 0, 0},
	} {
		if _, err := read(c.name, c.offset, c.length); !errors.Is(err, snapshot.ErrRange) {
			t.Errorf("%q, %d from %d: %v", c.name, c.length, c.offset, err)
		}
	}
	enough := errors.New("enough")
	req := &pb.ReadSnapshotRequest{Index: 300, File: file.Name, Length: file.Size}
	if err := s.keeper.Read(context.Background(), req, func([]byte) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a reader that has enough: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.keeper.Read(ended, req, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader that is gone: %v", err)
	}
}

// Damage is not handed on: no copy is better than a damaged one.
func TestDamagedStateIsNotCopied(t *testing.T) {
	t.Parallel()
	s := newSender(t, 300, nil)
	must(t, s.store.Flush())
	names, err := s.fs.List("a/state")
	must(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") {
			flip(t, s.fs, "a/state/"+name)
			break
		}
	}
	var got error
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		_, got = s.keeper.Manifest(0)
		if !errors.Is(got, snapshot.ErrNotYet) || time.Now().After(deadline) {
			t.Fatalf("a damaged state: %v", got)
		}
		if strings.Contains(got.Error(), ".sst is damaged") {
			return
		}
	}
}

func TestEmptyStateIsNotCopied(t *testing.T) {
	t.Parallel()
	s := newSender(t, 0, nil)
	if _, err := snapshot.Make(s.store, "a/copy", snapshot.MakeOptions{FS: s.fs, Logger: discard(), Conf: conf}); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty state: %v", err)
	}
	must(t, s.fs.RemoveAll("a/copy"))
}

// The members in a manifest are as of its index: when the log knows of a change
// that the state has not applied yet, the copy is made anew.
func TestMembersFitTheCopy(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	s := newSender(t, 10, func(o *snapshot.KeeperOptions) {
		o.Conf = func() (*raftpb.ConfState, *pb.Members) {
			asked <- struct{}{}
			return confState(), members(11)
		}
	})
	if _, err := s.keeper.Manifest(0); !errors.Is(err, snapshot.ErrNotYet) {
		t.Fatal(err)
	}
	<-asked
	frames(t, s.store, 11, 12)
	if m := s.manifest(t, 0); m.Index != 12 || m.Members.Index != 11 {
		t.Errorf("the copy is at %d with members as of %d", m.Index, m.Members.Index)
	}
}

// Frames are committed while copies are made and fetched.
func TestCopiesUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSender(t, 10, func(o *snapshot.KeeperOptions) { o.Every, o.Now = 1, nil })
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		pause := time.NewTicker(time.Millisecond)
		defer pause.Stop()
		for i := uint64(11); ; i++ {
			frames(t, s.store, i, i)
			select {
			case <-stop:
				return
			case <-pause.C:
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	for range 5 {
		at := s.keeper.Newest()
		s.manifestBeyond(t, at)
		fs := vfs.NewMem()
		m := s.manifest(t, at+1)
		fetch(t, s, m, fs)
		if _, err := snapshot.Install("b", installOptions(t, fs)); err != nil {
			t.Fatal(err)
		}
		wantFrames(t, fs, "b/state", m.Index, idB)
	}
}

// manifestBeyond waits for a copy that is newer than at.
func (s *sender) manifestBeyond(t *testing.T, at uint64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); s.keeper.Newest() <= at; time.Sleep(time.Millisecond) {
		_, _ = s.keeper.Manifest(at + 1)
		if time.Now().After(deadline) {
			t.Fatal("no newer copy")
		}
	}
}
