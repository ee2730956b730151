package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var initFolder = Command{
	Name: "init", Short: "make a data folder with fresh keys", JSON: true,
	Long: `Makes the data folder and its keystore: the platform's certificate and public-key
mode key, the key that signs checkpoints, the inner CA and the admin token. The first
` + "`holdfast serve`" + ` then begins the log. Nothing that exists is ever replaced.

Copy the keystore and its master key to a safe place before the first real payment:
without the checkpoint key no receipt can be issued for the old journal, and without
the master key the keystore can't be read.`,
	Examples: []Example{
		{"holdfast init --config /etc/holdfast/node.toml", "as the configuration says"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		file, sets := configFlags(fs)
		return func(_ context.Context, env *Env, _ []string) error {
			cfg, err := loadConfig(*file, *sets)
			if err != nil {
				return err
			}
			keys, err := node.Init(cfg)
			if errors.Is(err, keystore.ErrExists) {
				return refused("holdfast serve uses it as it is", "%s already has a keystore", cfg.Data)
			}
			if err != nil {
				return refused("", "%w", err)
			}
			if env.JSON {
				return env.Object(map[string]any{"data": cfg.Data, "log_name": keys.LogName(), "verifier": keys.CheckpointVerifier()})
			}
			_, err = fmt.Fprintf(env.Out, "made %s\njournal   %s\nverifier  %s\nnext      holdfast serve --config FILE\n",
				cfg.Data, keys.LogName(), keys.CheckpointVerifier())
			return err
		}
	},
}

// configFlags are shared by the commands that read a configuration.
func configFlags(fs *flag.FlagSet) (file *string, sets *listFlag) {
	file, sets = new(string), new(listFlag)
	fileVar(fs, file, "config", "configuration `FILE`, .toml or .yaml")
	fs.Var(sets, "set", "override one setting, `KEY=VALUE`; may be repeated")
	fs.Func("data", "data folder `DIR`, short for --set data=DIR", func(s string) error { return sets.Set("data=" + s) })
	return file, sets
}

// loadConfig reads and checks the configuration; what is wrong is a usage error.
func loadConfig(file string, sets listFlag) (*node.Config, error) {
	cfg, err := node.LoadConfig(file, sets)
	var p config.Problems
	if errors.As(err, &p) {
		return nil, usage(p.Hint(), "%w", err)
	}
	return cfg, err
}
