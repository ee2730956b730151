package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var quarantine = Command{
	Name: "quarantine", Args: "INDEX", Short: "let a node go on past the command that stops it", JSON: true,
	Long: `A broken invariant stops the node before anything is written, and a node that was
stopped twice by the same command starts read-only: it names the index, the command
and the sentence that was found false. Look into it first: keep a copy of the data
folder, and report the assertion.

This writes the command's place into DIR/quarantine. At its next start the node
turns that command into a journalled refusal that changes nothing, and takes writes
again. It can't be taken back once the node has started with it: the refusal is part
of the history then.`,
	Examples: []Example{
		{"holdfast quarantine 48213 --data /var/lib/holdfast", "then start the node again"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		data := fs.String("data", "", dataHelp)
		return func(_ context.Context, env *Env, args []string) error {
			index, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || index == 0 {
				return usage("the index is in the node's log and in `holdfast status`", "%q is not a log index", args[0])
			}
			dir, err := dataDir(env, *data)
			if err != nil {
				return err
			}
			stop, err := node.AddQuarantine(dir, index)
			if errors.Is(err, node.ErrNoStop) {
				return refused(stopsHint(dir), "the node on %s never stopped at index %d", dir, index)
			}
			if err != nil {
				return refused("", "%w", err)
			}
			if env.JSON {
				return env.Object(stop)
			}
			_, err = fmt.Fprintf(env.Out, "in quarantine from the next start on: command %d (%s) of frame %d, stopped by: %s\n",
				stop.Position, stop.Command, stop.Index, stop.Assertion)
			return err
		}
	},
}

// stopsHint lists the indices that a node did stop at.
func stopsHint(dir string) string {
	stops, err := node.Stops(dir)
	if err != nil || len(stops) == 0 {
		return "it has no record of any stop; is it the right data folder? --data DIR"
	}
	last := stops[len(stops)-1]
	return fmt.Sprintf("its last stop was at index %d", last.Index)
}
