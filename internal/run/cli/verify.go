package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/run/node"
	"github.com/holdfast-pay/holdfast/internal/run/verify"
)

var verifyFolder = Command{
	Name: "verify", Args: "[DIR]", Short: "check a data folder without changing it", JSON: true,
	Exits: []int{ExitVerification, ExitOutdated},
	Long: `Reads everything in the data folder of a stopped node and recomputes what can be
recomputed: the keystore and its public copies, every file and entry of the log, every
file and row of the state, each table's digest and row count, the journal's leaves,
tiles and root, the balances from the journal's postings alone, and whether orders,
refunds, notices and accounts agree. Then it replays the rest of the log in memory,
checks the outcome the same way, and checks that the journal extends the published
checkpoint. It writes nothing. What is wrong is named with its place.

With --clear it looks for personal values instead, in all that the folder holds: in clear,
and by the hashes that anybody could make of them. It finds what an operator wrote into
references and reasons, copies made by hand, and faults of this program.

A keystore whose master key lies outside the folder is read with --config, which
names both the folder and the key, or with --master-key.`,
	Examples: []Example{
		{"holdfast verify --config /etc/holdfast/node.toml", "after a crash: the folder and the master key that the configuration names"},
		{"holdfast verify /backup/holdfast --master-key /etc/holdfast/master.key", "a copy of the folder, before it is trusted"},
		{"holdfast verify /var/lib/holdfast --clear values.txt", "is anything of these people left? one value a line"},
		{"holdfast verify --json DIR", "for a script: \"ok\" and the problems"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		master := new(string)
		fileVar(fs, master, "master-key", "the keystore's master key `FILE` (default DIR/keys/master.key)")
		values := fs.String("clear", "", "look for personal values: each line of `FILE` is one")
		config, sets := configFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			dir, key, err := whatToVerify(args, *master, *config, *sets)
			if err != nil {
				return err
			}
			if *values != "" {
				return searchClear(env, dir, *values)
			}
			return runVerify(ctx, env, dir, key)
		}
	},
}

// whatToVerify is the data folder and its master key: those given, else those that
// the configuration names.
func whatToVerify(args []string, master, config string, sets listFlag) (dir, key string, err error) {
	if len(args) == 0 && config == "" && len(sets) == 0 {
		return "", "", usage("holdfast verify DIR, or holdfast verify --config FILE", "name the data folder")
	}
	key = master
	if config != "" || len(sets) > 0 {
		cfg, err := loadConfig(config, sets)
		if err != nil {
			return "", "", err
		}
		dir = cfg.Data
		if key == "" {
			key = cfg.Keys.MasterFile
		}
	}
	if len(args) > 0 {
		dir = args[0]
	}
	if err := folderExists(dir); err != nil {
		return "", "", err
	}
	return dir, key, masterKeyThere(dir, key)
}

// masterKeyThere refuses to call a folder damaged because its key lies elsewhere.
func masterKeyThere(dir, key string) error {
	if key == "" {
		key = keystore.DefaultMasterKey(dir)
	}
	if _, err := os.Stat(key); err != nil {
		return usage("name the key with --master-key FILE, or the configuration that names it with --config FILE",
			"the master key of %s can't be read, so nothing sealed can be checked: %w", dir, err)
	}
	return nil
}

func runVerify(ctx context.Context, env *Env, dir, master string) error {
	quarantined, err := node.ReadQuarantine(dir)
	if err != nil {
		return err
	}
	report, err := verify.Folder(ctx, dir, verify.Options{
		MasterKey: master, Quarantined: quarantined.Has,
		Progress: func(step string) { fmt.Fprintf(env.Err, "verify: %s\n", step) },
	})
	if old := (*machine.Outdated)(nil); errors.As(err, &old) {
		return tooOld(old, err)
	}
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
