package cli

import (
	"context"
	"flag"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clockAdvance = Command{
	Name: "clock advance", Args: "DURATION", Short: "move a sandbox's business time forward", JSON: true, Admin: true,
	Long: `Only a sandbox (` + "`holdfast dev`" + `) has a clock that can be moved, and only forward, at
most 400 days at once. Orders expire and close as if the time had passed.`,
	Examples: []Example{
		{"holdfast clock advance 2h", "let an order expire"},
		{"holdfast clock advance 192h", "let unpaid orders close by themselves"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, args []string) error {
			d, err := time.ParseDuration(args[0])
			if err != nil || d < time.Millisecond {
				return usage("2h, 90m or 192h", "%q is not a duration forward", args[0])
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.AdvanceClock, &pb.AdvanceClockRequest{AdvanceMs: d.Milliseconds()})
			if err != nil {
				return err
			}
			return printStatus(env, a)
		}
	},
}
