package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

func TestSnapshotTravels(t *testing.T) {
	t.Parallel()
	s := newSender(t, 500, nil)
	m := s.manifest(t, 500)
	if m.Index != 500 || m.Term != term || m.From != 1 || m.Members.Index != 4 || len(m.Files) < 5 {
		t.Fatalf("the manifest says %v", m)
	}
	for _, c := range []struct {
		name        string
		prepare     func(t *testing.T, fs vfs.FS)
		first, last uint64
		members     uint64
	}{
		{"a node that fell behind", func(t *testing.T, fs vfs.FS) { receiver(t, fs, 50, 60) }, 501, 500, 4},
		{"a new node", func(*testing.T, vfs.FS) {}, 501, 500, 4},
		// What follows the copy was acknowledged: forgetting it could undo a commit.
		{"a node whose log is ahead of the copy", func(t *testing.T, fs vfs.FS) { receiver(t, fs, 70, 600) }, 1, 600, 4},
		{"a node without a state", func(t *testing.T, fs vfs.FS) {
			receiver(t, fs, 50, 700)
			must(t, fs.RemoveAll("b/state"))
		}, 1, 700, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			c.prepare(t, fs)
			fetch(t, s, m, fs)
			got, err := snapshot.Install("b", installOptions(t, fs))
			if err != nil || got.GetIndex() != 500 {
				t.Fatalf("installed %v: %v", got.GetIndex(), err)
			}
			wantFrames(t, fs, "b/state", 500, idB)
			wantStart(t, fs, 500, c.first, c.last, c.members)
			wantTidy(t, fs)
			if got, err := snapshot.Install("b", installOptions(t, fs)); got != nil || err != nil {
				t.Errorf("a second time: %v, %v", got, err)
			}
			wantFrames(t, fs, "b/state", 500, idB)
		})
	}
}

func TestViewsGoWhenTheStateWasWrong(t *testing.T) {
	t.Parallel()
	s := newSender(t, 20, nil)
	m := s.manifest(t, 0)
	for _, drop := range []bool{false, true} {
		fs := vfs.NewMem()
		receiver(t, fs, 10, 10)
		must(t, fs.MkdirAll("b/views", 0o700))
		opt := fetchOptions(t, fs)
		opt.DropViews = drop
		must(t, snapshot.Fetch(context.Background(), &remote{keeper: s.keeper}, m, "b", opt))
		if _, err := snapshot.Install("b", installOptions(t, fs)); err != nil {
			t.Fatal(err)
		}
		if _, err := fs.Stat("b/views"); errors.Is(err, os.ErrNotExist) != drop {
			t.Errorf("views to be dropped: %v; looking for them: %v", drop, err)
		}
	}
}

// Half a snapshot is refused with one sentence, nothing of it is in use, and
// only what is wrong is fetched again.
func TestHalfSnapshotIsRefused(t *testing.T) {
	t.Parallel()
	s := newSender(t, 500, nil)
	m := s.manifest(t, 500)
	largest := m.Files[0]
	for _, f := range m.Files {
		if f.Size > largest.Size {
			largest = f
		}
	}
	file := "b/snapshot/files/" + largest.Name
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, fs vfs.FS)
		says  string
		again uint64 // bytes fetched again
	}{
		{"a flipped byte", func(t *testing.T, fs vfs.FS) { flip(t, fs, file) }, file + " has another content", largest.Size},
		{"a missing file", func(t *testing.T, fs vfs.FS) { must(t, fs.Remove(file)) }, file + " is missing", largest.Size},
		{"a short file", func(t *testing.T, fs vfs.FS) {
			f, err := fs.Create(file, vfs.WriteCategoryUnspecified)
			must(t, errors.Join(err, f.Close()))
		}, fmt.Sprintf("%s has 0 bytes instead of %d", file, largest.Size), largest.Size},
		{"a file too many", func(t *testing.T, fs vfs.FS) {
			f, err := fs.Create("b/snapshot/files/999999.sst", vfs.WriteCategoryUnspecified)
			must(t, errors.Join(err, f.Close()))
		}, "files instead of", 0},
		{"a damaged marker", func(t *testing.T, fs vfs.FS) { flip(t, fs, "b/snapshot/ready") }, "b/snapshot/ready is damaged", 0},
		{"all files gone", func(t *testing.T, fs vfs.FS) { must(t, fs.RemoveAll("b/snapshot/files")) },
			"b/state is as of index 50, term 3; its manifest says 500", snapshot.Size(m)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			receiver(t, fs, 50, 60)
			fetch(t, s, m, fs)
			c.spoil(t, fs)
			got, err := snapshot.Install("b", installOptions(t, fs))
			var half *snapshot.HalfError
			if got != nil || !errors.As(err, &half) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("installed %v: %v", got.GetIndex(), err)
			}
			wantFrames(t, fs, "b/state", 50, idB)
			wantStart(t, fs, 50, 1, 60, 2)
			if got, err := snapshot.Install("b", installOptions(t, fs)); got != nil || err != nil {
				t.Fatalf("at the next start: %v, %v", got, err)
			}
			r := &remote{keeper: s.keeper}
			must(t, snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, fs)))
			if r.bytes != c.again {
				t.Errorf("%d bytes were fetched again, want %d", r.bytes, c.again)
			}
			if _, err := snapshot.Install("b", installOptions(t, fs)); err != nil {
				t.Fatal(err)
			}
			wantFrames(t, fs, "b/state", 500, idB)
			wantTidy(t, fs)
		})
	}
}

// Without the marker nothing is installed, however much is there.
func TestNothingIsInstalledWithoutAMarker(t *testing.T) {
	t.Parallel()
	s := newSender(t, 100, nil)
	fs := vfs.NewMem()
	receiver(t, fs, 50, 60)
	fetch(t, s, s.manifest(t, 0), fs)
	must(t, fs.Remove("b/snapshot/ready"))
	if got, err := snapshot.Install("b", installOptions(t, fs)); got != nil || err != nil {
		t.Fatalf("installed %v: %v", got, err)
	}
	wantFrames(t, fs, "b/state", 50, idB)
	if _, err := fs.Stat("b/snapshot/files"); err != nil {
		t.Errorf("what was fetched is gone: %v", err)
	}
}

func TestUnfitSnapshots(t *testing.T) {
	t.Parallel()
	s := newSender(t, 100, nil)
	m := s.manifest(t, 0)
	t.Run("before the log begins", func(t *testing.T) {
		t.Parallel()
		fs := vfs.NewMem()
		receiver(t, fs, 150, 200)
		l, err := raftlog.Open("b/log", logOptions(t, fs, idB))
		must(t, err)
		must(t, errors.Join(l.Compact(120), l.Close()))
		fetch(t, s, m, fs)
		var half *snapshot.HalfError
		if _, err := snapshot.Install("b", installOptions(t, fs)); !errors.As(err, &half) || !strings.Contains(err.Error(), "before the log begins") {
			t.Fatal(err)
		}
		wantFrames(t, fs, "b/state", 150, idB)
		wantStart(t, fs, 150, 121, 200, 2)
	})
	t.Run("of another cluster", func(t *testing.T) {
		t.Parallel()
		fs := vfs.NewMem()
		fetch(t, s, m, fs)
		opt := installOptions(t, fs)
		other := identity.Identity{ClusterID: 8, RaftID: 2, Incarnation: 22}
		opt.OpenLog = func() (snapshot.Log, error) { return raftlog.Open("b/log", logOptions(t, fs, other)) }
		if _, err := snapshot.Install("b", opt); err == nil || !strings.Contains(err.Error(), "comes from another cluster") {
			t.Fatal(err)
		}
	})
}

// A copy that was put into place by hand keeps its sender's identity, so the
// node's own check of state and log refuses it.
func TestCopyBelongsToItsSender(t *testing.T) {
	t.Parallel()
	s := newSender(t, 100, nil)
	fs := vfs.NewMem()
	fetch(t, s, s.manifest(t, 0), fs)
	st, err := store.Open("b/snapshot/files", storeOptions(t, fs))
	must(t, err)
	defer func() { must(t, st.Close()) }()
	if id, err := st.Identity(); err != nil || id != idA {
		t.Errorf("it belongs to %v: %v", id, err)
	}
	if err := st.SetIdentity(idB); err == nil {
		t.Error("it was given to another node")
	}
}

// On the local disk, as it will run.
func TestOnTheLocalDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "a", "state"), storeOptions(t, nil))
	must(t, err)
	must(t, st.SetIdentity(idA))
	frames(t, st, 1, 300)
	k, err := snapshot.NewKeeper(filepath.Join(dir, "a"), st, snapshot.KeeperOptions{
		MakeOptions: snapshot.MakeOptions{Logger: discard(), From: 1, Conf: conf}})
	must(t, err)
	s := &sender{store: st, keeper: k}
	m := s.manifest(t, 300)
	b := filepath.Join(dir, "b")
	must(t, snapshot.Fetch(context.Background(), &remote{keeper: k}, m, b, fetchOptions(t, nil)))
	must(t, errors.Join(k.Close(), st.Close()))
	got, err := snapshot.Install(b, localInstall(t, b))
	if err != nil || got.Index != 300 {
		t.Fatalf("installed %v: %v", got, err)
	}
	wantFrames(t, vfs.Default, filepath.Join(b, "state"), 300, idB)
}

func localInstall(t testing.TB, dir string) snapshot.InstallOptions {
	return snapshot.InstallOptions{Store: storeOptions(t, nil),
		OpenLog: func() (snapshot.Log, error) {
			return raftlog.Open(filepath.Join(dir, "log"), logOptions(t, nil, idB))
		}}
}
