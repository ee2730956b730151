package cli

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/holdfast-pay/holdfast/internal/run/node"
	"github.com/holdfast-pay/holdfast/internal/run/verify"
)

var verifyFolder = Command{
	Name: "verify", Args: "DIR", Short: "prove a data folder without changing it", JSON: true,
	Exits: []int{ExitVerification},
	Long: `Reads everything in the data folder of a stopped node and recomputes what can be
recomputed: the keystore and its public copies, every file and entry of the log, every
file and row of the state, each table's digest and row count, the journal's leaves,
tiles and root, the balances from the journal's postings alone, and whether orders,
refunds, notices and accounts agree. Then it replays the rest of the log in memory,
checks the outcome the same way, and checks that the journal extends the published
checkpoint. It writes nothing. What is wrong is named with its place.`,
	Examples: []Example{
		{"holdfast verify /var/lib/holdfast", "after a crash, before a copy is trusted, on a backup"},
		{"holdfast verify --json DIR", "for a script: \"ok\" and the problems"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		master := fs.String("master-key", "", "the keystore's master key `FILE` (default DIR/keys/master.key)")
		return func(ctx context.Context, env *Env, args []string) error {
			return runVerify(ctx, env, args[0], *master)
		}
	},
}

func runVerify(ctx context.Context, env *Env, dir, master string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("name the folder that `data` in the configuration names", "%s is not a folder", dir)
	}
	quarantined, err := node.ReadQuarantine(dir)
	if err != nil {
		return err
	}
	report, err := verify.Folder(ctx, dir, verify.Options{
		MasterKey: master, Quarantined: quarantined.Has,
		Progress: func(step string) { fmt.Fprintf(env.Err, "verify: %s\n", step) },
	})
	if err != nil {
		return refused("verify works on a stopped node, or on a copy of its folder", "%w", err)
	}
	if err := printReport(env, report); err != nil {
		return err
	}
	if !report.OK {
		return failure(ExitVerification, "keep the folder as it is, put back the named files from a copy, and verify again",
			"%d things in %s are not as they were written", len(report.Problems), dir)
	}
	return nil
}

func printReport(env *Env, r *verify.Report) error {
	if env.JSON {
		return env.Object(r)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(env.Out, "WRONG %s\n", p)
	}
	if !r.OK {
		return nil
	}
	_, err := fmt.Fprintf(env.Out, "ok: %d rows, %d orders, %d refunds, %d notices; journal of %d entries, root %s; state at %d, log to %d (%d frames replayed); checkpoint at %d\n",
		r.Rows, r.Orders, r.Refunds, r.Notices, r.JournalSize, r.Root, r.Applied, r.Last, r.Replayed, r.CheckpointSize)
	return err
}
