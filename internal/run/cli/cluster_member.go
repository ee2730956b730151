package cli

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// settleWithin is how long an election may take before one says that nobody leads.
const settleWithin = 5 * time.Second

// memberRun does something to a member and prints how the cluster is then.
func memberRun(m method[pb.ClusterMemberRequest, pb.ClusterStatus], force *bool) RunFunc {
	return func(ctx context.Context, env *Env, args []string) error {
		a, err := callMember(ctx, env, m, args, force != nil && *force)
		if err != nil {
			return err
		}
		return printCluster(env, settled(ctx, env, a, settleWithin)) // whoever led may be gone by it
	}
}

func callMember(ctx context.Context, env *Env, m method[pb.ClusterMemberRequest, pb.ClusterStatus], args []string, force bool) (*pb.ClusterStatus, error) {
	q := &pb.ClusterMemberRequest{Force: force}
	if len(args) > 0 {
		q.Member = args[0]
	}
	return call(ctx, env, m, q)
}
