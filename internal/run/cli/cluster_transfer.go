package cli

import (
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterTransfer = Command{
	Name: "cluster transfer", Args: "[NODE]", Short: "hand the leadership to another node", JSON: true, Admin: true,
	Long: `Moves the leadership to NODE, or to the voter that is furthest when none is named, while
payments go on. A node that is stopped with SIGTERM does so by itself. NODE is its name
or its raft id in hex.`,
	Examples: []Example{
		{"holdfast cluster transfer", "before work on the machine that leads"},
		{"holdfast cluster transfer n2", "to a certain node"},
	},
	Flags: func(*flag.FlagSet) RunFunc { return memberRun(pbconnect.AdminServiceClient.ClusterTransfer, nil) },
}
