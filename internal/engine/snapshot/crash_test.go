package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// crasher counts the writing operations on a file system and takes a picture of
// what a power cut just before chosen ones would leave.
type crasher struct {
	mem   *vfs.MemFS
	every int
	seed  uint64
	// torn: of what is not synced any part may survive. Else all of it does, or
	// nothing: Pebble makes a MANIFEST and then the marker that names it in one
	// folder without a sync between, and so counts on a file system that keeps
	// the order of a folder's changes, as local ones do.
	torn bool

	mu    sync.Mutex
	n     int
	after []*vfs.MemFS
}

func (c *crasher) fs() vfs.FS {
	return errorfs.Wrap(c.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.n++; c.n%c.every == 0 {
			rng := rand.New(rand.NewPCG(c.seed, uint64(c.n)))
			kept := 100 * rng.IntN(2)
			if c.torn {
				kept = rng.IntN(101)
			}
			c.after = append(c.after, c.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rng}))
		}
		return nil
	}))
}

// Power is cut anywhere in an installation, and again in the one after it.
//
//test:cases
func TestInstallationSurvivesPowerCuts(t *testing.T) {
	t.Parallel()
	s := newSender(t, 300, nil)
	m := s.manifest(t, 300)
	for _, c := range []struct {
		name        string
		prepare     func(t *testing.T, fs vfs.FS)
		first, last uint64
		old         uint64 // frames of the state before; 0 none
	}{
		{"a node that fell behind", func(t *testing.T, fs vfs.FS) { receiver(t, fs, 50, 60) }, 301, 300, 50},
		{"a new node", func(t *testing.T, fs vfs.FS) {}, 301, 300, 0},
		{"a node whose log is ahead", func(t *testing.T, fs vfs.FS) { receiver(t, fs, 50, 400) }, 1, 400, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ready := vfs.NewCrashableMem()
			c.prepare(t, ready)
			fetch(t, s, m, ready)
			first := &crasher{mem: ready, every: 5, seed: 1}
			if _, err := snapshot.Install("b", installOptions(t, first.fs())); err != nil {
				t.Fatal(err)
			}
			if len(first.after) < 12 {
				t.Fatalf("only %d power cuts", len(first.after))
			}
			refused := 0
			for i, disk := range first.after {
				again := &crasher{mem: disk, every: 11 + i%7, seed: uint64(i)}
				_, err := snapshot.Install("b", installOptions(t, again.fs()))
				var half *snapshot.HalfError
				if err != nil && !errors.As(err, &half) {
					t.Fatalf("after power cut %d: %v", i, err)
				}
				if len(again.after) > 0 {
					disk = again.after[len(again.after)/2]
				}
				if settle(t, s, m, disk, c.old) {
					refused++
				}
				wantFrames(t, disk, "b/state", 300, idB)
				wantStart(t, disk, 300, c.first, c.last, 4)
				wantTidy(t, disk)
			}
			t.Logf("%d power cuts, %d times fetched again", len(first.after), refused)
		})
	}
}

// settle brings a node to the end: it installs, and if that refuses, the node
// has its old state, and fetches and installs again.
func settle(t *testing.T, s *sender, m *pb.SnapshotManifest, disk vfs.FS, old uint64) (refused bool) {
	t.Helper()
	_, err := snapshot.Install("b", installOptions(t, disk))
	var half *snapshot.HalfError
	if err == nil {
		return false
	}
	if !errors.As(err, &half) {
		t.Fatal(err)
	}
	if old > 0 {
		wantFrames(t, disk, "b/state", old, idB)
	}
	fetch(t, s, m, disk)
	if _, err := snapshot.Install("b", installOptions(t, disk)); err != nil {
		t.Fatal(err)
	}
	return true
}

// Power is cut anywhere in a fetch: the next one goes on and the copy is whole.
//
//test:cases
func TestFetchSurvivesPowerCuts(t *testing.T) {
	t.Parallel()
	s := newSender(t, 300, nil)
	m := s.manifest(t, 300)
	mem := vfs.NewCrashableMem()
	receiver(t, mem, 50, 60)
	c := &crasher{mem: mem, every: 2, seed: 5, torn: true}
	fetch(t, s, m, c.fs())
	less := 0
	for i, disk := range c.after {
		if got, err := snapshot.Install("b", installOptions(t, disk)); err != nil {
			t.Fatalf("power cut %d: %v", i, err)
		} else if got != nil {
			continue // it was the last operation: all is there
		}
		wantFrames(t, disk, "b/state", 50, idB)
		r := &remote{keeper: s.keeper}
		must(t, snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, disk)))
		if r.bytes < snapshot.Size(m) {
			less++
		}
		if _, err := snapshot.Install("b", installOptions(t, disk)); err != nil {
			t.Fatalf("power cut %d: %v", i, err)
		}
		wantFrames(t, disk, "b/state", 300, idB)
	}
	if less == 0 || len(c.after) < 15 {
		t.Errorf("%d power cuts, %d times something was left to go on from", len(c.after), less)
	}
}

// childEnv holds the folder and the step before which the child kills itself.
const childEnv = "SNAPSHOT_TEST_CHILD"

// TestInstallChild is the process that is killed; it does nothing by itself.
func TestInstallChild(t *testing.T) {
	dir, step, ok := strings.Cut(os.Getenv(childEnv), "|")
	if !ok {
		t.Skip("run by TestInstallationSurvivesKill")
	}
	opt := localInstall(t, dir)
	opt.Step = func(name string) {
		if name == step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	_, err := snapshot.Install(dir, opt)
	t.Fatalf("the step was not reached: %v", err)
}

// A real process is killed before each step, on the real disk; the next one
// ends what it began.
func TestInstallationSurvivesKill(t *testing.T) {
	t.Parallel()
	s := newSender(t, 200, nil)
	m := s.manifest(t, 200)
	for i, step := range []string{"check", "put the old state aside", "put the copy into place", "adopt the copy",
		"remove the views", "let the log go on", "remove the marker", "clean up"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			old, err := store.Open(filepath.Join(dir, "state"), storeOptions(t, nil))
			must(t, err)
			must(t, old.SetIdentity(idB))
			frames(t, old, 1, 20)
			must(t, old.Close())
			l, err := raftlog.Open(filepath.Join(dir, "log"), logOptions(t, nil, idB))
			must(t, err)
			must(t, l.SetConf(confState(), members(2)))
			must(t, errors.Join(l.Append(hardState(20), entries(1, 25), true), l.Close()))
			must(t, snapshot.Fetch(context.Background(), &remote{keeper: s.keeper}, m, dir, fetchOptions(t, nil)))
			cmd := exec.Command(os.Args[0], "-test.run=^TestInstallChild$")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%s", childEnv, dir, step))
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the child ended with %v:\n%s", err, out)
			}
			got, err := snapshot.Install(dir, localInstall(t, dir))
			if err != nil || (got == nil) != (i == 7) {
				t.Fatalf("installed %v: %v", got.GetIndex(), err)
			}
			wantFrames(t, vfs.Default, filepath.Join(dir, "state"), 200, idB)
			l, err = raftlog.Open(filepath.Join(dir, "log"), logOptions(t, nil, idB))
			must(t, err)
			must(t, errors.Join(l.CheckStart(raftlog.StartFacts{DurableApplied: 200, DurableAppliedTerm: term}), l.Close()))
			if _, err := os.Stat(filepath.Join(dir, "state.old")); err == nil {
				t.Error("the old state is left")
			}
		})
	}
}
