package cli

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterToken = Command{
	Name: "cluster token", Short: "make a token that lets one node join", JSON: true, Admin: true,
	Long: `Prints a join token on standard output. It lets one node in, once, and within its time.
It also names the cluster's CA, by which the new node knows whom it talks to. It is a
secret until it is used: hand it over as you would a password. It is kept nowhere.

holdfast cluster add prints a token with all else that the new machine needs.`,
	Examples: []Example{
		{"holdfast cluster token > join.token", "for holdfast cluster join --token-file join.token"},
		{"holdfast cluster token --valid 10m", "for a machine that is ready"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		valid := validFlag(fs)
		return func(ctx context.Context, env *Env, _ []string) error {
			a, err := makeToken(ctx, env, *valid)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			fmt.Fprintf(env.Err, "lets one node in, until %s\n", utc(a.ExpiresAt))
			_, err = fmt.Fprintln(env.Out, a.Token)
			return err
		}
	},
}

func validFlag(fs *flag.FlagSet) *time.Duration {
	return fs.Duration("valid", pki.TokenValid, "the token is good for this `TIME`, 1s to 168h")
}

func makeToken(ctx context.Context, env *Env, valid time.Duration) (*pb.ClusterTokenResponse, error) {
	if valid < pki.TokenLeast || valid > pki.TokenMost {
		return nil, usage("--valid 1h", "a join token is valid for 1s to 168h (7 days)")
	}
	return call(ctx, env, pbconnect.AdminServiceClient.ClusterToken, &pb.ClusterTokenRequest{ValidS: int64(valid / time.Second)})
}

// utc shows a machine's time, Unix milliseconds.
func utc(at int64) string { return time.UnixMilli(at).UTC().Format(time.RFC3339) }
