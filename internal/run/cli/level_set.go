package cli

import (
	"context"
	"errors"
	"flag"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var levelSet = Command{
	Name: "level set", Args: "N", Short: "raise the feature level after an upgrade", JSON: true, Admin: true,
	Long: `A new version works as the old one did until the feature level is raised: what changes in
the books is enabled by it, on all nodes at the same place of the log. Upgrade every
node's binary first; a level that one of them does not know is refused. It is never
lowered: from then on older binaries refuse the data folder.`,
	Examples: []Example{
		{"holdfast level set 5", "holdfast status shows the present level"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, args []string) error {
			n, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil || n == 0 {
				return usage("holdfast status shows the present level; the next is one more", "%.40q is not a feature level", args[0])
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.SetLevel, &pb.SetLevelRequest{Level: uint32(n)})
			var f *Failure
			if errors.As(err, &f) && f.Hint == "" {
				f.Hint = "holdfast status shows the present level"
			}
			if err != nil {
				return err
			}
			return printStatus(env, a)
		}
	},
}
