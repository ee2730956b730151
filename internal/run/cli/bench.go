package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/bench"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var benchmark = Command{
	Name: "bench", Args: "[SUITE...]", Short: "measure this machine: engine, ledger, merchant API, transfers over HTTP, overload, notices, growth", JSON: true,
	Exits: []int{ExitVerification},
	Long: `Runs the named suites, all when none is named, and prints medians over several
rounds. Each opens nodes of its own in a folder that is removed afterwards; nothing of
yours is touched. Figures that have a budget are marked; a missed one ends with exit
code 3 if the machine was quiet: other work took at most 10 % of the cores while the
suite ran (/proc/stat, steal included), and a fixed piece of work before and after it
varied by less than 1.3. A suite that misses a budget on a noisy machine is run up to
three times and the quietest run counts; what it misses is marked, and ends with exit
code 0. With --json each line is one object: first the machine, then a figure a line.

Suites: ` + suiteNames(),
	Examples: []Example{
		{"holdfast bench --quick", "rough answers of all suites within 3 minutes"},
		{"holdfast bench engine --json", "one suite, for a script"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		quick := fs.Bool("quick", false, "rough answers: fewer and shorter rounds")
		profile := fs.String("cpuprofile", "", "write a CPU profile of the run to `FILE`, for go tool pprof")
		fire := fs.String("fire", "", "used by the suite api itself: send the signed requests in `FILE`")
		storm := fs.String("storm", "", "used by the suite overload itself: send what `FILE` says")
		stream := fs.String("stream", "", "used by the suite http itself: send the transfers that `FILE` says")
		salvo := fs.String("salvo", "", "used by the suite wallet itself: send the signed calls in `FILE`")
		load := fs.String("load", "", "used by the suite growth itself: load a node in `DIR` until killed")
		dir := fs.String("dir", "", "make the nodes' folders in `DIR`: choose the disk to measure (default the temporary folder)")
		return func(ctx context.Context, env *Env, args []string) error {
			switch {
			case *fire != "":
				hits, err := bench.Fire(ctx, *fire)
				return errors.Join(err, env.Object(hits))
			case *storm != "":
				weather, err := bench.RunStorm(ctx, *storm)
				return errors.Join(err, env.Object(weather))
			case *stream != "":
				streamed, err := bench.RunStream(ctx, *stream)
				return errors.Join(err, env.Object(streamed))
			case *salvo != "":
				streamed, err := bench.RunSalvo(ctx, *salvo)
				return errors.Join(err, env.Object(streamed))
			case *load != "":
				return bench.Load(ctx, *load, env.Out)
			}
			stop, err := startProfile(*profile)
			if err != nil {
				return err
			}
			return errors.Join(runBench(ctx, env, args, *dir, *quick), stop())
		}
	},
}

// startProfile begins a CPU profile, unless file is empty.
func startProfile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("write the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

func suiteNames() string {
	var b strings.Builder
	for _, s := range bench.Suites() {
		fmt.Fprintf(&b, "\n  %-8s %s", s.Name, s.Short)
	}
	return b.String()
}

func runBench(ctx context.Context, env *Env, suites []string, dir string, quick bool) error {
	node.PaceCollector() // as a node does
	if dir == "" {
		dir = os.TempDir()
	}
	m, err := bench.Inspect(dir)
	if err != nil {
		return err
	}
	if err := printMachine(env, m); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this binary: %w", err)
	}
	missed, unsure := 0, 0
	var printed error
	err = bench.Run(ctx, suites, bench.Options{
		Dir: dir, Quick: quick, Self: self,
		Progress: func(format string, args ...any) { fmt.Fprintf(env.Err, format+"\n", args...) },
		Report: func(row bench.Row) {
			switch {
			case !row.OK && row.Noisy:
				unsure++
			case !row.OK:
				missed++
			}
			printed = errors.Join(printed, printRow(env, row))
		},
	})
	switch {
	case err != nil:
		return err
	case printed != nil:
		return printed
	case missed > 0:
		return failure(ExitVerification, "see the lines marked MISSED", "%s", missedBudgets(missed))
	case unsure > 0:
		fmt.Fprintf(env.Err, "warning: %s, but the machine was too busy to tell; run it again when nothing else runs\n", missedBudgets(unsure))
	}
	return nil
}

func printMachine(env *Env, m bench.Machine) error {
	if env.JSON {
		return env.Object(m)
	}
	for _, w := range m.Warnings {
		fmt.Fprintf(env.Err, "warning: %s\n", w)
	}
	_, err := fmt.Fprintf(env.Out, "machine: %s\n", m)
	return err
}

func printRow(env *Env, row bench.Row) error {
	if env.JSON {
		return env.Object(row)
	}
	line := fmt.Sprintf("%-8s %-36s ", row.Suite, row.Metric)
	if row.Yardstick != "" { // the ratio first: it is what means the same elsewhere
		line += fmt.Sprintf("%12.2f x %s: %.1f %s", row.Ratio, row.Yardstick, row.Value, row.Unit)
	} else {
		line += fmt.Sprintf("%12.1f %s", row.Value, row.Unit)
	}
	if row.Budget != 0 {
		line += fmt.Sprintf("  [budget %g %s]", row.Budget, verdict(row))
	}
	_, err := fmt.Fprintln(env.Out, line)
	return err
}

// missedBudgets says how many figures missed their budget.
func missedBudgets(n int) string {
	if n == 1 {
		return "1 figure misses its budget"
	}
	return fmt.Sprintf("%d figures miss their budget", n)
}

func verdict(row bench.Row) string {
	switch {
	case row.OK:
		return "kept"
	case row.Noisy:
		return "missed, on a noisy machine"
	}
	return "MISSED"
}
