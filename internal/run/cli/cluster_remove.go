package cli

import (
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterRemove = Command{
	Name: "cluster remove", Args: "NODE", Short: "take a node out of the cluster for good", JSON: true, Admin: true,
	Long: `The node loses its vote and its place; a machine under the same name can join again, as
another. The node need not run. Wipe its disk: it has held the platform's keys.

It is refused where the nodes that are left would have no majority, or none in reserve;
--force accepts the latter, as on the way from three nodes to one. To come back it needs
a token, like a new one. NODE is its name or its raft id in hex.`,
	Examples: []Example{
		{"holdfast cluster remove n4", "a machine that is taken out of service"},
		{"holdfast cluster remove n3 --force", "from three nodes to one: first n3, then n2"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		force := fs.Bool("force", false, "even if the others then have no node in reserve")
		return memberRun(pbconnect.AdminServiceClient.ClusterRemove, force)
	},
}
