package cli

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// memberRun calls something that is done to a member and prints how the cluster
// is then.
func memberRun(m method[pb.ClusterMemberRequest, pb.ClusterStatus], force *bool) RunFunc {
	return func(ctx context.Context, env *Env, args []string) error {
		q := &pb.ClusterMemberRequest{}
		if len(args) > 0 {
			q.Member = args[0]
		}
		if force != nil {
			q.Force = *force
		}
		a, err := call(ctx, env, m, q)
		if err != nil {
			return err
		}
		return printCluster(env, a)
	}
}
