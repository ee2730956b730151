package cli

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var clusterJoin = Command{
	Name: "cluster join", Short: "let this machine into a cluster", JSON: true,
	Exits: []int{ExitUnreachable},
	Long: `Asks the nodes in cluster.peers to let this one in and keeps what they answer: a
certificate of its own in cluster.credentials, and the platform's keys, sealed in the data
folder. The first holdfast serve then fetches the state, and the node gets a vote when it
has caught up.

The token (holdfast cluster token, or cluster add, on a node of the cluster) is good once
and for its time. A node whose data folder was lost needs none while its certificate is
valid: it comes back under its name and takes the place of its former life.

The peers' clocks must agree with this machine's. When an answer is lost, run the same
command again: it asks the same question.`,
	Examples: []Example{
		{"holdfast cluster join --config /etc/holdfast/node.toml --token-file join.token", "a new machine"},
		{"holdfast cluster join --config /etc/holdfast/node.toml --token-file -", "the token from standard input"},
		{"holdfast cluster join --config /etc/holdfast/node.toml", "a node that lost its data folder, by its certificate"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		file, sets := configFlags(fs)
		tokenFile := new(string)
		fileVar(fs, tokenFile, "token-file", "`FILE` with the join token, - for standard input (cluster.token_file)")
		wait := fs.Duration("wait", 30*time.Second, "go on asking for this `TIME` while no peer can answer")
		return func(ctx context.Context, env *Env, _ []string) error {
			cfg, err := clusterConfig(*file, *sets)
			if err != nil {
				return err
			}
			if err := empty(cfg.Data); err != nil {
				return err
			}
			if *tokenFile == "" {
				*tokenFile = cfg.Cluster.TokenFile
			}
			token, err := readText(env, *tokenFile)
			if err != nil {
				return usage("holdfast cluster token on a node of the cluster makes one", "no join token: %w", err)
			}
			own, joined, err := credentials.Join(ctx, joinOptions(cfg, strings.TrimSpace(token), *wait, newLog(env.Err, cfg.Log)))
			if err != nil {
				return clusterFailure(err)
			}
			return printJoin(env, own, joined)
		}
	},
}

// empty refuses a data folder that has a log: it is a node already.
func empty(data string) error {
	for _, part := range []string{"log", "state"} {
		if _, err := os.Stat(filepath.Join(data, part)); err == nil {
			return refused("holdfast serve runs it as it is; to let it in as another, name an empty folder in data", "the data folder %s is in use: it has %s/", data, part)
		}
	}
	return nil
}

func joinOptions(cfg *node.Config, token string, wait time.Duration, log *slog.Logger) credentials.JoinOptions {
	return credentials.JoinOptions{
		Dir: cfg.CredentialsDir(), Data: cfg.Data, MasterKey: cfg.Keys.MasterFile, Name: cfg.Cluster.Name, Address: cfg.Cluster.AdvertiseAddress(),
		Peers: cfg.Cluster.Peers, Token: token, MaxLevel: machine.MaxLevel, Reason: "holdfast cluster join", Wait: wait, Logger: log,
	}
}

func printJoin(env *Env, own *credentials.Credentials, joined *credentials.Joined) error {
	id, n := joined.Identity, own.Node()
	if env.JSON {
		return env.Object(map[string]any{"cluster_id": fmt.Sprintf("%016x", id.ClusterID), "raft_id": fmt.Sprintf("%016x", id.RaftID), "name": n.Name,
			"address": n.Address, "credentials": own.Dir(), "members": len(joined.Members.GetMembers())})
	}
	_, err := fmt.Fprintf(env.Out, "let in   cluster %016x, as node %s\nkept     %s\nnext     holdfast serve --config FILE: it fetches the state and gets a vote when it has caught up\n",
		id.ClusterID, n.Name, own.Dir())
	return err
}
