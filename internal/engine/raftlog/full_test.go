package raftlog_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// failFrom lets some operations of a kind pass and fails all after them.
type failFrom struct {
	kinds  map[errorfs.OpKind]bool
	err    error
	left   atomic.Int64
	failed atomic.Int64
	// after is called when so much has failed that the work only waits: Pebble
	// repeats a flush that found no room.
	after func()
}

const patience = 40

func (f *failFrom) String() string { return "fails from an operation on" }

func (f *failFrom) MaybeError(op errorfs.Op) error {
	if !f.kinds[op.Kind] || f.left.Add(-1) >= 0 {
		return nil
	}
	if f.failed.Add(1) == patience {
		f.after()
	}
	return f.err
}

var (
	writeKinds = map[errorfs.OpKind]bool{
		errorfs.OpFileWrite: true, errorfs.OpCreate: true, errorfs.OpReuseForWrite: true,
		errorfs.OpLink: true, errorfs.OpRename: true, errorfs.OpMkdirAll: true,
	}
	syncKinds = map[errorfs.OpKind]bool{
		errorfs.OpFileSync: true, errorfs.OpFileSyncData: true, errorfs.OpFileSyncTo: true,
	}
)

// The disk is full, or its syncs fail, from the nth operation on, for every n
// until the work gets through: whatever was answered with success is there when
// the process starts again on a disk with room, and the log is whole. The process
// ends where the guard says so, which Pebble takes for granted; therefore the
// work is done in a child process, where "ended" is a goroutine that never goes
// on.
//
//test:cases
func TestDiskFailsAtEverySite(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildDiskFails$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), childDone) {
		t.Fatalf("%v:\n%s", err, out)
	}
	t.Log(string(out))
}

const (
	childEnv  = "HOLDFAST_TEST_DISK_FAILS"
	childDone = "all sites were tried"
)

func TestChildDiskFails(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("runs only as a child of TestDiskFailsAtEverySite")
	}
	for name, c := range map[string]struct {
		kinds map[errorfs.OpKind]bool
		err   error
	}{
		"the disk is full": {writeKinds, syscall.ENOSPC},
		"writes fail":      {writeKinds, syscall.EIO},
		"syncs fail":       {syncKinds, syscall.EIO},
	} {
		sites := int64(0)
		for failAt(t, c.kinds, c.err, sites) {
			if sites++; sites > 5000 {
				t.Fatal("the work never gets through")
			}
		}
		if sites < 30 {
			t.Errorf("%s: only %d sites were tried", name, sites)
		}
		fmt.Printf("%s: %d sites\n", name, sites)
	}
	fmt.Println(childDone)
}

// failAt works on a log whose disk fails from the nth operation on, and checks
// what is left. It returns whether anything failed.
func failAt(t *testing.T, kinds map[errorfs.OpKind]bool, err error, n int64) bool {
	t.Helper()
	f := &failFrom{kinds: kinds, err: err}
	f.left.Store(n)
	mem := vfs.NewCrashableMem()
	var acked atomic.Uint64
	ended := make(chan life, 1)
	end := func() {
		l := life{acked: acked.Load()} // first: what is acknowledged later is no concern of this life
		l.disk = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(n*37) % 101, RNG: rand.New(rand.NewPCG(uint64(n), 1))})
		select {
		case ended <- l:
		default:
		}
	}
	f.after = end
	opt := options(t, errorfs.Wrap(mem, f))
	opt.MemTableBytes = 64 << 10
	opt.Fatal = func(error) { end(); select {} }
	go func() {
		work(opt, &acked)
		end()
	}()
	(<-ended).check(t, n)
	f.left.Store(1 << 60) // whoever waits for room may go on
	return f.failed.Load() > 0
}

// life is a process that has ended.
type life struct {
	disk  *vfs.MemFS
	acked uint64
}

func (d life) check(t *testing.T, n int64) {
	t.Helper()
	l, err := raftlog.Open(dir, options(t, d.disk))
	if err != nil {
		t.Fatalf("failing from operation %d: %v", n, err)
	}
	defer closed(t, l.Close)
	durable := d.acked / 3
	if err := l.CheckStart(raftlog.StartFacts{DurableApplied: durable, DurableAppliedTerm: min(1, durable)}); err != nil {
		t.Fatalf("failing from operation %d, with %d acknowledged: %v", n, d.acked, err)
	}
	first, _ := l.FirstIndex()
	last, _ := l.LastIndex()
	if last < d.acked || first > durable+1 {
		t.Fatalf("failing from operation %d: the log holds %d to %d; %d was acknowledged", n, first, last, d.acked)
	}
	if err := haveEntries(l, first, last, 1); err != nil {
		t.Fatal(err)
	}
}

// work appends and compacts until something fails.
func work(opt raftlog.Options, acked *atomic.Uint64) {
	l, err := raftlog.Open(dir, opt)
	if err != nil {
		return
	}
	for i := uint64(1); i <= 240; i += 4 {
		if err := l.Append(hard(1, i-1), entries(i, i+3, 1), true); err != nil {
			return
		}
		acked.Store(i + 3)
		l.Acked(i + 3)
		if i%60 == 21 {
			if err := l.Compact((i + 3) / 3); err != nil {
				return
			}
		}
	}
	_ = l.Close()
}
