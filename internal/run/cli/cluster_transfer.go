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
		return memberRun(pbconnect.AdminServiceClient.ClusterTransfer, nil)
	},
}

// settled asks again until a leader is known, or for so long: in the moment of the
// hand-over there is none. What was to be done is done, so a node that does not
// answer meanwhile is asked again too.
func settled(ctx context.Context, env *Env, a *pb.ClusterStatus, most time.Duration) *pb.ClusterStatus {
	tick, late := time.NewTicker(100*time.Millisecond), time.NewTimer(most)
	defer tick.Stop()
	defer late.Stop()
	for a.Leader == 0 {
		select {
		case <-ctx.Done():
			return a
		case <-late.C:
			return a
		case <-tick.C:
		}
		if now, err := call(ctx, env, pbconnect.AdminServiceClient.ShowCluster, &pb.ShowClusterRequest{}); err == nil {
			a = now
		}
	}
	return a
}
