package cli

import (
	"context"
	"flag"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var platformRotate = Command{
	Name: "platform rotate", Short: "make a new platform certificate beside the present one", JSON: true, Admin: true,
	Long: `The new certificate is offered by GET /v3/certificates at once and signs only after
--overlap, so that every merchant has fetched it by then (the official libraries
look every hour; give at least two days when merchants install it by hand).`,
	Examples: []Example{
		{"holdfast platform rotate --overlap 48h", "before the present one expires"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		overlap := fs.Duration("overlap", 48*time.Hour, "both are offered for this `TIME` before the new one signs")
		return func(ctx context.Context, env *Env, _ []string) error {
			if *overlap < 0 {
				return usage("--overlap 48h", "--overlap is not negative")
			}
			q := &pb.PlatformRotateRequest{OverlapS: int64(*overlap / time.Second)}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PlatformRotate, q)
			if err != nil {
				return err
			}
			return printPlatform(env, a)
		}
	},
}
