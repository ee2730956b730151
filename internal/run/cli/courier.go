package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	edge "github.com/holdfast-pay/holdfast/internal/edge/courier"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/courier"
	"github.com/holdfast-pay/holdfast/internal/run/logsink"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var courierCommand = Command{
	Name: "courier", Short: "deliver notices to merchants, as a process of its own", Exits: []int{ExitDamaged},
	Long: `Reads the notices that merchants are owed from a node, signs and seals them, sends them
on the documented schedule, and reports every attempt. It keeps nothing on disk: a
courier that is killed and started again goes on with what is still owed.

It reaches the node's inner address over mutual TLS with a certificate from the
keystore, so it needs to read the data folder's keys/ (or a copy of it) but nothing
else there. Outside of the networks named with --allow it sends only to addresses on
the public internet, and it follows no redirects.

Any number of couriers share the merchants out among themselves by leases. One that
stops in order hands its share over at once; the share of one that is
killed stays idle until its lease expires.`,
	Examples: []Example{
		{"holdfast courier --data /var/lib/holdfast", "beside the node on one machine"},
		{"holdfast courier --data /var/lib/holdfast --allow 10.20.0.0/16", "when merchants' servers are inside"},
		{"holdfast courier --name courier-2 --node n1:7444,n2:7444,n3:7444", "one of several, beside a cluster"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		p := courier.Process{}
		fs.StringVar(&p.Data, "data", "", dataHelp+"; only its keys/ are read")
		fileVar(fs, &p.MasterKey, "master-key", "`FILE` with the key that seals the keystore, when it is not DIR/keys/master.key")
		fs.Func("node", "the node's inner address, `HOST:PORT`; several, with commas or by repeating it, for a cluster (default "+node.Default().Inner.Address+")", func(s string) error {
			for addr := range strings.SplitSeq(s, ",") {
				if _, _, err := net.SplitHostPort(addr); err != nil {
					return errors.New("it is not an address like node-1:7444")
				}
				p.Nodes = append(p.Nodes, addr)
			}
			return nil
		})
		fs.DurationVar(&p.Lease, "lease", edge.DefaultLease, "how long this courier's share of the merchants waits for it when it is gone, a `DURATION` from 5s to 60s")
		fs.StringVar(&p.Name, "name", "", "what the journal calls this courier, a name of its own for each (the host's name)")
		fs.StringVar(&p.Metrics, "metrics", "", "serve /metrics and /healthz on `HOST:PORT`")
		fs.Func("allow", "network that notices may go to although it is not public, `CIDR`; may be repeated", func(s string) error {
			prefix, err := netip.ParsePrefix(s)
			if err != nil {
				return errors.New("it is not a network like 10.0.0.0/8")
			}
			p.Allow = append(p.Allow, prefix.Masked())
			return nil
		})
		level := logLevelFlag(fs, "`LEVEL` of the log on standard error: debug, info, warn or error")
		return func(ctx context.Context, env *Env, _ []string) error {
			var err error
			if p.Data, err = dataDir(env, p.Data); err != nil {
				return err
			}
			if len(p.Nodes) == 0 {
				p.Nodes = []string{node.Default().Inner.Address}
			}
			if p.Name == "" {
				p.Name = hostName()
			}
			log, sink := processLog(env, logsink.Config{Level: level.value, Format: "text"})
			p.Log, p.LogDropped = log, sink.Dropped
			return courierError(p.Run(ctx))
		}
	},
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "courier"
	}
	return name
}

// courierError says in the CLI's words why a courier did not start or go on.
func courierError(err error) error {
	var damage *keystore.Damage
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &damage):
		return &Failure{Exit: ExitDamaged, Msg: err.Error(), Hint: damage.Hint, Cause: err}
	case errors.Is(err, os.ErrNotExist):
		return &Failure{Exit: ExitUsage, Msg: err.Error(), Hint: "name the node's data folder: --data DIR", Cause: err}
	}
	return refused("", "%w", fmt.Errorf("courier: %w", err))
}
