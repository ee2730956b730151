package cli

import (
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterPromote = Command{
	Name: "cluster promote", Args: "NODE", Short: "give a node that has caught up a vote", JSON: true, Admin: true,
	Long: `A node that joins gets the log without a vote, so that a slow one delays nobody, and gets
its vote by itself when it has caught up. This does it at once; it is refused while the
node is behind, and while it lacks a data key: a voter is one of those who keep people's
names readable. --force accepts missing keys, for those that no node has any more. NODE
is its name or its raft id in hex.`,
	Examples: []Example{
		{"holdfast cluster promote n3", "without waiting for it to happen by itself"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		force := fs.Bool("force", false, "even if it lacks data keys")
		return memberRun(pbconnect.AdminServiceClient.ClusterPromote, force)
	},
}
