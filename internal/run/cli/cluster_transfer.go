package cli

import (
	"context"
	"flag"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterTransfer = Command{
	Name: "cluster transfer", Args: "[NODE]", Short: "hand the leadership to another node", JSON: true, Admin: true,
	Long: `Moves the leadership to NODE, or to the most up-to-date voter by default, while
payments go on. A node that is stopped with SIGTERM does so by itself. NODE is its name
or its raft id in hex.`,
	Examples: []Example{
		{"holdfast cluster transfer", "before work on the machine that leads"},
		{"holdfast cluster transfer n2", "to a certain node"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, args []string) error {
			a, err := callMember(ctx, env, pbconnect.AdminServiceClient.ClusterTransfer, args, false)
			if err == nil {
				a, err = settled(ctx, env, a, 5*time.Second)
			}
			if err != nil {
				return err
			}
			return printCluster(env, a)
		}
	},
}

// settled asks again until a leader is known, or for so long: in the moment of the
// hand-over there is none.
func settled(ctx context.Context, env *Env, a *pb.ClusterStatus, most time.Duration) (*pb.ClusterStatus, error) {
	tick, late := time.NewTicker(100*time.Millisecond), time.NewTimer(most)
	defer tick.Stop()
	defer late.Stop()
	for a.Leader == 0 {
		select {
		case <-ctx.Done():
			return a, nil
		case <-late.C:
			return a, nil
		case <-tick.C:
		}
		var err error
		if a, err = call(ctx, env, pbconnect.AdminServiceClient.ShowCluster, &pb.ShowClusterRequest{}); err != nil {
			return nil, err
		}
	}
	return a, nil
}
