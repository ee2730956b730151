package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Shrink makes a script that fails short: it leaves out steps, and then words of
// steps, as long as the same rule is broken. It plays at most budget scripts and
// returns the shortest with its report.
func Shrink(opt Options, steps []script.Step, budget int) ([]script.Step, Report) {
	opt.Trace = nil
	s := &shrinker{opt: opt, budget: budget}
	s.report = Play(opt, steps)
	if s.report.Failure == nil {
		return steps, s.report
	}
	s.steps, s.checker = slices.Clone(steps), s.report.Failure.Checker
	s.cutTail()
	for before := 0; before != len(s.steps) && s.budget > 0; {
		before = len(s.steps)
		s.leaveOut()
		s.simplify()
		s.joinRuns()
	}
	return s.steps, s.report
}

type shrinker struct {
	opt     Options
	budget  int
	checker string
	steps   []script.Step
	report  Report
}

// fails takes over a script that still breaks the rule.
func (s *shrinker) fails(steps []script.Step) bool {
	if s.budget == 0 {
		return false
	}
	s.budget--
	rep := Play(s.opt, steps)
	if rep.Failure == nil || rep.Failure.Checker != s.checker {
		return false
	}
	s.steps, s.report = steps, rep
	return true
}

// cutTail leaves out what comes after the failure.
func (s *shrinker) cutTail() {
	text := s.report.Step.String
	if len(s.report.Step.Words) == 0 {
		return
	}
	for i := len(s.steps) - 1; i > 0; i-- {
		if s.steps[i].String() == text() && s.fails(slices.Clone(s.steps[:i+1])) {
			return
		}
	}
}

// leaveOut tries to do without ever smaller runs of steps.
func (s *shrinker) leaveOut() {
	for size := len(s.steps) / 2; size > 0; size /= 2 {
		for from := 0; from < len(s.steps); {
			to := min(from+size, len(s.steps))
			shorter := without(s.steps, from, to)
			if len(shorter) == len(s.steps) || !s.fails(shorter) {
				from = to
			}
		}
	}
}

// without leaves out the steps from..to, but not those that say what world it is.
func without(steps []script.Step, from, to int) []script.Step {
	var kept []script.Step
	for i, step := range steps {
		if v := step.Verb(); i < from || i >= to || v == "nodes" || v == "seed" || v == "broken" || v == "keyring" {
			kept = append(kept, step)
		}
	}
	return kept
}

// simplify tries plainer words: no node named, calmer weather, rounder times.
func (s *shrinker) simplify() {
	for i := 0; i < len(s.steps); i++ {
		for _, plainer := range plainer(s.steps[i]) {
			steps := slices.Clone(s.steps)
			steps[i] = plainer
			if s.fails(steps) {
				break
			}
		}
	}
}

// joinRuns makes one of two run steps in a row, which is the same run.
func (s *shrinker) joinRuns() {
	for i := 0; i+1 < len(s.steps); {
		a, b := s.steps[i], s.steps[i+1]
		if a.Verb() != "run" || b.Verb() != "run" {
			i++
			continue
		}
		both := script.Millis(a.Arg("TIME")) + script.Millis(b.Arg("TIME"))
		steps := slices.Delete(slices.Clone(s.steps), i, i+1)
		steps[i] = script.MustStep(fmt.Sprintf("run %dms", both))
		if !s.fails(steps) {
			i++
		}
	}
}

func plainer(step script.Step) (list []script.Step) {
	try := func(text string) {
		if made, err := script.NewStep(strings.Fields(text)...); err == nil && text != step.String() {
			list = append(list, made)
		}
	}
	text := step.String()
	if at := strings.Index(text, " via "); at >= 0 {
		rest := strings.Fields(text[at:])[2:]
		try(text[:at] + " " + strings.Join(rest, " "))
	}
	switch step.Verb() {
	case "weather":
		try("weather calm")
		try("weather fair")
	case "run":
		for _, t := range []string{"1s", "100ms", "10ms"} {
			try("run " + t)
		}
	case "nodes":
		try("nodes 3")
	}
	return list
}
