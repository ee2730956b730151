package machine_test

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

// trace is everything a replica must agree on.
type trace struct {
	digests string
	root    [32]byte
	head    string   // the head's stored bytes
	rows    [32]byte // all stored bytes in key order
}

// place is where a log is applied: a backend that can be closed and opened.
type place struct {
	name   string
	open   func() (table.Backend, error)
	closed func() error
}

func inMemory() *place {
	mem := table.NewMem()
	return &place{"memory", func() (table.Backend, error) { return mem, nil }, func() error { return nil }}
}

func onPebble(t *testing.T) *place {
	dir := t.TempDir()
	var s *store.Store
	return &place{
		name: "pebble",
		open: func() (_ table.Backend, err error) {
			s, err = store.Open(dir, store.Options{Logger: slog.New(slog.DiscardHandler), MemTableBytes: 256 << 10, CacheBytes: 1 << 20})
			return s, err
		},
		closed: func() error { return s.Close() },
	}
}

// apply runs the frames, reopening before those that reopen picks, and returns
// where it ended.
func apply(t *testing.T, p *place, frames [][]byte, reopen func(i int) bool) trace {
	t.Helper()
	var m *machine.Machine
	var backend table.Backend
	open := func() {
		var err error
		if backend, err = p.open(); err != nil {
			t.Fatal(err)
		}
		if m, err = machine.Open(backend, machine.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	open()
	for i, frame := range frames {
		if reopen(i) {
			if err := p.closed(); err != nil {
				t.Fatal(err)
			}
			open()
		}
		if index, _ := m.Applied(); index != uint64(i) {
			t.Fatalf("%s: frame %d is applied after reopening before frame %d", p.name, index, i+1)
		}
		if _, err := m.Apply(uint64(i+1), 1, frame); err != nil {
			t.Fatal(err)
		}
	}
	out := traceOf(t, m, backend)
	if err := p.closed(); err != nil {
		t.Fatal(err)
	}
	return out
}

// applyBeside runs the frames as a node does: each is finished beside the next,
// while the order numbers are being learnt. What a frame resulted in must be the
// same to the end, whatever later frames do with the memory it was made in.
func applyBeside(t *testing.T, p *place, frames [][]byte) trace {
	t.Helper()
	backend, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	m, err := machine.Open(backend, machine.Options{NumberBytes: 512})
	if err != nil {
		t.Fatal(err)
	}
	pending, finished, learnt := make(chan *machine.Pending), make(chan error, 1), make(chan bool)
	snap := backend.Snapshot()
	go func() { learnt <- m.LearnNumbers(snap, func() bool { return true }) && snap.Close() == nil }()
	var results []keptResult
	go func() {
		defer close(finished)
		for p := range pending {
			res, err := p.Finish()
			if err != nil {
				finished <- err
				return
			}
			results = append(results, keep(res)...)
		}
	}()
	for i, frame := range frames {
		p, err := m.Begin(uint64(i+1), 1, frame)
		if err != nil {
			t.Fatal(err)
		}
		pending <- p
	}
	close(pending)
	if err := <-finished; err != nil || !<-learnt {
		t.Fatalf("finish: %v; or the numbers were not learnt", err)
	}
	for _, r := range results {
		if got := string(table.Encode(r.body)); got != r.then {
			t.Errorf("%s: a result became %q, it was %q", p.name, got, r.then)
		}
	}
	out := traceOf(t, m, backend)
	if err := p.closed(); err != nil {
		t.Fatal(err)
	}
	return out
}

// keptResult is a result's record, and its encoding when it came.
type keptResult struct {
	body table.Record
	then string
}

func keep(results []catalogue.Result) (kept []keptResult) {
	for _, r := range results {
		if r.Body != nil {
			kept = append(kept, keptResult{r.Body, string(table.Encode(r.Body))})
		}
	}
	return kept
}

func traceOf(t testing.TB, m *machine.Machine, backend table.Backend) trace {
	t.Helper()
	out := trace{digests: fmt.Sprint(m.Digests()), root: m.Position().JournalRoot}
	h := sha256.New()
	err := backend.Iterate([]byte{byte(table.Head)}, nil, func(key, stored []byte) bool {
		if table.ID(key[0]) == table.Head {
			out.head = string(stored)
		}
		fmt.Fprintf(h, "%x=%x\n", key, stored)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	out.rows = [32]byte(h.Sum(nil))
	return out
}

// TestOneLogGivesOneState (S4): one log applied under varied GOMAXPROCS and
// garbage collection, on memory and on Pebble, with and without restarts, gives
// the same digests, root, head and rows.
func TestOneLogGivesOneState(t *testing.T) {
	w := newWorkload(t, 4)
	w.begin(machine.MaxLevel)
	for i := range 1200 {
		w.step(i)
	}
	w.end()
	logs := map[string][][]byte{"workload": w.frames(40)}
	for _, s := range storytest.Stories() {
		logs[s.Name] = framesOf(t, s)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	for name, frames := range logs { // order does not matter: each is for itself
		never := func(int) bool { return false }
		want := apply(t, inMemory(), frames, never)
		for i, procs := range []int{1, 2, 7} {
			if name != "workload" && i != len(frames)%3 { // the short ones take turns
				continue
			}
			runtime.GOMAXPROCS(procs)
			debug.SetGCPercent([]int{1, -1, 20}[i])
			draw := rand.New(rand.NewPCG(uint64(i), 9))
			one := 1 + len(frames)/4
			sometimes := func(int) bool { return draw.IntN(one) == 0 }
			for what, got := range map[string]trace{
				"memory": apply(t, inMemory(), frames, never), "memory, reopened": apply(t, inMemory(), frames, sometimes),
				"memory, side by side": applyBeside(t, inMemory(), frames), "pebble, side by side": applyBeside(t, onPebble(t), frames),
				"pebble": apply(t, onPebble(t), frames, never), "pebble, reopened": apply(t, onPebble(t), frames, sometimes),
			} {
				if got != want {
					t.Errorf("%s on %s with GOMAXPROCS %d ends elsewhere:\n%s\n%s", name, what, procs, got.digests, want.digests)
				}
			}
		}
	}
}

// framesOf plays a story and returns its log, one command a frame.
func framesOf(t testing.TB, s storytest.Story) (frames [][]byte) {
	t.Helper()
	p, err := storytest.NewSingle(table.NewMem(), nil, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := storytest.Play(s.Name, s.Text, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range rec.Log {
		frames = append(frames, frame(cmd))
	}
	return frames
}
