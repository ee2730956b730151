package raftlog_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// The power is cut at random moments, with any part of what was not synced
// lost, between appends and truncations: what was acknowledged and is not
// durable in the state is there, in order and whole, every time.
func TestAcknowledgedSurvivesPowerCuts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		rng := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewCrashableMem()
		var acked, durable uint64
		for life := range 4 {
			l := open(t, options(t, fs))
			if err := l.CheckStart(raftlog.StartFacts{DurableApplied: durable, DurableAppliedTerm: min(1, durable)}); err != nil {
				rt.Fatalf("life %d, %d acknowledged: %v", life, acked, err)
			}
			last, _ := l.LastIndex()
			if last < acked {
				rt.Fatalf("life %d: the log ends at %d, but %d was acknowledged", life, last, acked)
			}
			first, _ := l.FirstIndex()
			if first > durable+1 {
				rt.Fatalf("life %d: the log begins at %d, but only %d is durable in the state", life, first, durable)
			}
			if err := haveEntries(l, first, last, 1); err != nil {
				rt.Fatalf("life %d: %v", life, err)
			}
			acked = last // it is on disk: raft gives it out again
			for range rng.IntN(20) {
				n := uint64(1 + rng.IntN(8))
				sync := rng.IntN(4) > 0
				if err := l.Append(hard(1, last), entries(last+1, last+n, 1), sync); err != nil {
					rt.Fatal(err)
				}
				if last += n; sync {
					acked = last
					l.Acked(acked)
				}
				if rng.IntN(5) == 0 && acked > durable {
					durable += 1 + rng.Uint64N(acked-durable)
					if err := l.Compact(durable); err != nil {
						rt.Fatal(err)
					}
				}
			}
			fs = cut(fs, l, rng)
		}
	})
}

// cut cuts the power at this moment; some part of what was not synced survives.
func cut(fs *vfs.MemFS, l *raftlog.Log, rng *rand.Rand) *vfs.MemFS {
	after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
	_ = l.Close() // the old life's goroutines end; its disk is not looked at again
	return after
}

// An append whose sync fails reports it to the guard before anyone is answered.
func TestAppendWithFailingSync(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData:
			if broken.Load() {
				return syscall.EIO
			}
		}
		return nil
	}))
	opt := options(t, fs)
	fatal := make(chan error, 64)
	opt.Fatal = func(err error) {
		if !broken.Load() {
			t.Errorf("fatal: %v", err)
		}
		select {
		case fatal <- err:
		default:
		}
	}
	l := open(t, opt)
	mustAppend(t, l, hard(1, 0), entries(1, 5, 1))
	broken.Store(true)
	if err := l.Append(nil, entries(6, 6, 1), true); err == nil {
		t.Error("an append whose sync failed was answered with success")
	}
	select {
	case err := <-fatal:
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("the process ends with %v", err)
		}
	default:
		t.Error("the process goes on")
	}
	broken.Store(false)
	_ = l.Close() // Pebble reports the lost write once more
}

// Everything but appending may be done from any goroutine meanwhile.
func TestUseFromManyGoroutines(t *testing.T) {
	t.Parallel()
	opt := options(t, vfs.NewMem())
	opt.KeepBytes, opt.KeepFor = 8<<10, time.Millisecond
	l := open(t, opt)
	var applied atomic.Uint64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := readSomething(l); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := l.Retain(time.Now(), applied.Load()); err != nil {
				t.Error(err)
				return
			}
			l.Metrics()
		}
	})
	for i := uint64(1); i <= 400; i += 2 {
		mustAppend(t, l, hard(1, i-1), entries(i, i+1, 1))
		l.Acked(i + 1)
		applied.Store(i)
	}
	close(done)
	wg.Wait()
	first, err := l.Retain(time.Now().Add(time.Hour), 400)
	if err != nil || first != 401 {
		t.Errorf("first index is %d (%v), want 401", first, err)
	}
	closed(t, l.Close)
}

// readSomething reads whatever the log has; it may be compacted meanwhile.
func readSomething(l *raftlog.Log) error {
	first, _ := l.FirstIndex()
	last, _ := l.LastIndex()
	if last < first {
		return nil
	}
	es, err := l.Entries(first, last+1, 4000)
	if isCompacted(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, e := range es {
		if want := entry(first+uint64(i), 1); string(want.GetData()) != string(e.GetData()) {
			return errors.New("an entry reads as another")
		}
	}
	if _, err := l.Term((first + last) / 2); err != nil && !isCompacted(err) {
		return err
	}
	return nil
}
