package simdisk

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Options says what is run.
type Options struct {
	Seed uint64
	// Nodes is 1 or 3; 0 lets the seed choose.
	Nodes int
	// Acts is how many faults follow each other; 0 is DefaultActs.
	Acts    int
	Variant Variant
}

// DefaultActs is how many faults a run has.
const DefaultActs = 6

// keepTrace is how many lines of a run are kept for its report.
const keepTrace = 60

// Failure is what did not hold, and how to see it again.
type Failure struct {
	Options
	What  string
	Trace []string
}

func (f *Failure) Error() string {
	variant := ""
	if f.Variant != "" {
		variant = " HOLDFAST_SIMDISK_VARIANT=" + string(f.Variant)
	}
	return fmt.Sprintf("seed %d: %s\n  replay: HOLDFAST_SIMDISK_SEED=%d%s go test -count=1 -run 'TestOneSeed$' -v ./internal/trial/simdisk\n%s",
		f.Seed, f.What, f.Seed, variant, strings.Join(f.Trace, "\n"))
}

// Run plays a seed. The answer is nil when everything held.
func Run(opt Options) (failure *Failure) {
	w := &World{opt: opt, chance: rand.New(rand.NewPCG(opt.Seed, 0x64697363)), now: 1_780_000_000_000, facts: make(map[string]*fact)}
	if w.opt.Acts == 0 {
		w.opt.Acts = DefaultActs
	}
	if w.opt.Nodes == 0 {
		w.opt.Nodes = 1 + 2*w.chance.IntN(2)
	}
	defer func() {
		if p := recover(); p != nil {
			f, ok := p.(*Failure)
			if !ok {
				panic(fmt.Sprintf("seed %d: %v", opt.Seed, p))
			}
			failure = f
		}
		for _, n := range w.nodes {
			n.end(100)
		}
	}()
	w.play()
	return nil
}

// fail ends the run.
func (w *World) fail(format string, args ...any) {
	panic(&Failure{w.opt, fmt.Sprintf(format, args...), w.trace})
}

// tellOnce is tell for what comes again and again.
func (w *World) tellOnce(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); text != w.told {
		w.told = text
		w.tell("%s", text)
	}
}

// tell adds a line to the trace.
func (w *World) tell(format string, args ...any) {
	line := fmt.Sprintf("  %7.2fs ", float64(w.now-1_780_000_000_000)/1000) + fmt.Sprintf(format, args...)
	if len(w.trace) == keepTrace {
		w.trace = append(w.trace[:0], w.trace[1:]...)
	}
	w.trace = append(w.trace, line)
}

// play is a whole run: a cluster comes up, meets one fault after the other under
// load, and must be whole in the end.
func (w *World) play() {
	w.found()
	for range w.opt.Acts {
		w.load(5 + w.chance.IntN(25))
		w.act()
		w.settle()
		w.present()
	}
	w.load(20)
	w.settle()
	w.whole()
}
