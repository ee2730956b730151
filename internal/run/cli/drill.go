package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/dev"
	"github.com/holdfast-pay/holdfast/internal/run/drill"
)

var drillCommand = Command{
	Name: "drill", Args: "NAME", Short: "show on a cluster what is promised while nodes are killed", JSON: true,
	Exits: []int{ExitVerification},
	Long: `Starts three nodes of its own in a folder that is removed afterwards, or takes the
sandbox of ` + "`holdfast dev --nodes 3`" + ` that --data names, and has people pay and send money
while nodes are killed with SIGKILL. Each requirement that was looked at is one line:
its id, whether it was kept, what was measured and what is promised. One that was not
kept ends with exit code 3. With --json a line is one object.

Drills: ` + drillNames() + `; list says what each is.`,
	Examples: []Example{
		{"holdfast drill list", "what there is"},
		{"holdfast drill strike", "a taxi ride paid three ways, a transfer to a friend, a report, a node killed under each"},
		{"holdfast drill festival --seconds 10 --html festival.html", "ten seconds of red packets, and a page of what came of it"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var o drill.Options
		fileVar(fs, &o.Data, "data", "folder `DIR` of a sandbox with three or five nodes that runs; without it the drill runs its own")
		fs.IntVar(&o.Seconds, "seconds", 60, "how many `SECONDS` a drill takes that has a length")
		html := new(string)
		fileVar(fs, html, "html", "write a page of the results to this `FILE`")
		return func(ctx context.Context, env *Env, args []string) error {
			if args[0] == "list" {
				return listDrills(env)
			}
			d := drill.Find(args[0])
			if d == nil {
				return usage("holdfast drill list", "there is no drill %q", args[0])
			}
			if o.Seconds < 1 {
				return usage("--seconds 60", "a drill takes a second or more, not %d", o.Seconds)
			}
			return runDrill(ctx, env, d, o, *html)
		}
	},
}

func drillNames() string {
	var names []string
	for _, d := range drill.All() {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

func listDrills(env *Env) error {
	for _, d := range drill.All() {
		if env.JSON {
			if err := env.Object(map[string]string{"drill": d.Name, "short": d.Short, "account": d.Account}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(env.Out, "%-10s  %s (%s)\n", d.Name, d.Short, d.Account)
	}
	return nil
}

func runDrill(ctx context.Context, env *Env, d *drill.Drill, o drill.Options, html string) (err error) {
	if o.Executable, err = os.Executable(); err != nil {
		return refused("", "find this binary: %w", err)
	}
	missed := 0
	o.Progress = func(format string, args ...any) { fmt.Fprintf(env.Err, format+"\n", args...) }
	o.Told = func(r drill.Result) {
		if !r.OK {
			missed++
		}
		if env.JSON {
			err = errors.Join(err, env.Object(r))
			return
		}
		fmt.Fprintf(env.Out, "%-5s %-4s %s: %s, promised %s\n", r.Requirement, choose(r.OK, "kept", "NOT"), r.Detail, r.Measured, r.Promised)
	}
	results, derr := d.Run(ctx, o)
	if html != "" && len(results) > 0 {
		err = errors.Join(err, writeDrill(html, d, results))
	}
	var f *dev.Failure
	switch {
	case errors.As(derr, &f):
		return devFailure(derr)
	case derr != nil:
		return failure(ExitVerification, "run it again; with --data it works on a sandbox whose logs stay", "the drill did not come to its end: %w", derr)
	case err == nil && missed > 0:
		return failure(ExitVerification, "", "%d of %d requirements were not kept", missed, len(results))
	}
	return err
}

func writeDrill(path string, d *drill.Drill, results []drill.Result) error {
	var b bytes.Buffer
	if err := drill.WritePage(&b, d, results, time.Now()); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
