package cli

import (
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterPromote = Command{
	Name: "cluster promote", Args: "NODE", Short: "give a node that has caught up a vote", JSON: true, Admin: true,
	Long: `A node that joins gets the log without a vote, so that a slow one delays nobody, and gets
its vote by itself when it has caught up. This does it at once; it is refused while the
node is behind. NODE is its name or its raft id in hex.`,
	Examples: []Example{
		{"holdfast cluster promote n3", "without waiting for it to happen by itself"},
	},
	Flags: func(*flag.FlagSet) RunFunc { return memberRun(pbconnect.AdminServiceClient.ClusterPromote, nil) },
}
