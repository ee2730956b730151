package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var clusterInit = Command{
	Name: "cluster init", Short: "make this node the first of a cluster", JSON: true,
	Long: `Makes the node's own certificate and key, issued by the CA in its keystore, in
cluster.credentials: a folder outside the data folder, by which the node can prove who
it is even when the data folder is lost. A fresh data folder gets its keys too; one that
is in use keeps all it has, so a node that ran alone becomes the first of a cluster and
goes on where it was. Run it while the node is stopped or running; the node takes part
from its next start on.

Run it on one machine only: on all others, holdfast cluster join.`,
	Examples: []Example{
		{"holdfast cluster init --config /etc/holdfast/node.toml", "with a section [cluster] that has name and address"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		file, sets := configFlags(fs)
		return func(_ context.Context, env *Env, _ []string) error {
			cfg, err := clusterConfig(*file, *sets)
			if err != nil {
				return err
			}
			own, err := initCluster(cfg)
			if errors.Is(err, credentials.ErrExists) {
				return refused("holdfast serve uses them as they are", "%s already has credentials", cfg.CredentialsDir())
			}
			if err != nil {
				return clusterFailure(err)
			}
			return printInit(env, own)
		}
	},
}

// initCluster makes a first node's credentials, and its keystore if need be.
func initCluster(cfg *node.Config) (*credentials.Credentials, error) {
	dir := cfg.CredentialsDir()
	if credentials.Exists(dir) {
		return nil, credentials.ErrExists
	}
	keys, err := firstKeys(cfg)
	if err != nil {
		return nil, err
	}
	return credentials.First(dir, keys, credentials.Holder{Name: cfg.Cluster.Name, Address: cfg.Cluster.AdvertiseAddress()})
}

// firstKeys opens the keystore or makes it. Where there is none and peers are
// named, this is probably the wrong machine, and two clusters would take payments.
func firstKeys(cfg *node.Config) (*keystore.Store, error) {
	if keystore.Exists(cfg.Data) {
		return keystore.Open(cfg.Data, keystore.Options{MasterKey: cfg.Keys.MasterFile})
	}
	for _, p := range cfg.Cluster.Peers {
		if p != cfg.Cluster.AdvertiseAddress() {
			return nil, &credentials.Fault{Text: "the data folder is empty and cluster.peers names others: this would begin a second cluster",
				Hint: "on the first node leave cluster.peers out until it runs; on any other run holdfast cluster join"}
		}
	}
	return node.Init(cfg)
}

func printInit(env *Env, own *credentials.Credentials) error {
	n, expires := own.Node(), own.Expires().UTC().Format(time.RFC3339)
	if env.JSON {
		return env.Object(map[string]any{"credentials": own.Dir(), "name": n.Name, "address": n.Address, "certificate_expires": expires})
	}
	_, err := fmt.Fprintf(env.Out, "made %s\nnode     %s, dialled at %s\nexpires  %s; it is renewed by itself\nnext     (re)start holdfast serve, then holdfast cluster add NAME for each other machine\n",
		own.Dir(), n.Name, n.Address, expires)
	return err
}
