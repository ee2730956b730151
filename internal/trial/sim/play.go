package sim

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Report is what came of a run.
type Report struct {
	Seed uint64
	// Fingerprint is over everything that happened: equal runs, equal numbers.
	Fingerprint uint64
	// Millis is how much simulated time passed.
	Millis int64
	// Failure is what must hold and did not, nil when all does.
	Failure *Violation
	// Steps are the steps as they were played: a show step has what it showed.
	Steps []script.Step
	// Step is the step at which it failed.
	Step script.Step
	// Err is a step that could not be played, or an expectation of the script.
	Err error
	// Requests, Frames and Terms say how much happened.
	Requests, Frames int
	Terms            uint64
	shocks           uint64
	reached          map[string]int
	came             map[outcome]int
}

// Play plays a script: its own seed, nodes and broken driver if it names any,
// then its steps, then everything is brought to rest and checked.
func Play(opt Options, steps []script.Step) (rep Report) {
	voters, level := 3, uint64(machine.MaxLevel)
	keyed := false
	var flaw broken
	for _, s := range steps {
		switch s.Verb() {
		case "nodes":
			voters = int(script.Number(s.Arg("NUMBER")))
		case "level":
			level = script.Number(s.Arg("NUMBER"))
		case "keyring":
			keyed = true
		case "seed":
			opt.Seed = script.Number(s.Arg("NUMBER"))
		case "broken":
			v, ok := Variants[s.Arg("VARIANT")]
			if !ok {
				return Report{Err: fmt.Errorf("there is no broken driver %q", s.Arg("VARIANT")), Step: s}
			}
			flaw = v.make()
		}
	}
	if voters < 1 || voters > 5 {
		return Report{Err: errors.New("a cluster has 1 to 5 nodes")}
	}
	if level < membership.Level || level > machine.MaxLevel {
		return Report{Err: fmt.Errorf("members change at levels %d to %d", membership.Level, machine.MaxLevel)}
	}
	withRandom(opt.Seed, func() {
		rep = play(newWorld(opt, voters, uint32(level), keyed && level >= person.LevelSealed), voters, flaw, slices.Clone(steps))
	})
	return rep
}

func play(w *World, voters int, flaw broken, steps []script.Step) (rep Report) {
	w.broken = flaw
	rep.Seed, rep.Steps = w.opt.Seed, steps
	defer func() {
		if p := recover(); p != nil {
			w.fail("panic", "%v\n%s", p, debug.Stack())
		}
		rep.Failure, rep.Fingerprint, rep.Millis = w.failure, w.trace, w.now-start
		rep.Requests, rep.Frames, rep.Terms = len(w.clients.history), len(w.seen.marks), w.seen.term
		rep.shocks, rep.reached, rep.came = w.seen.shocks, w.seen.reached, w.seen.came
	}()
	for _, n := range w.nodes[:voters] {
		w.start(n)
	}
	w.operator.run()
	w.couriers[0].start()
	pl := &player{w: w, lenient: w.opt.Lenient}
	for i := range steps {
		rep.Step = steps[i]
		err := pl.play(&steps[i])
		var shown *Shown
		switch {
		case w.failure != nil:
			return rep
		case errors.As(err, &shown):
			rep.Err = errors.Join(rep.Err, err) // and on, so that all can be rewritten
		case err != nil:
			rep.Err = err
			return rep
		}
	}
	rep.Step = script.Step{}
	w.settle()
	if w.failure == nil {
		w.check()
	}
	return rep
}
