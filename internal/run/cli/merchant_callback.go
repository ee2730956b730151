package cli

import (
	"context"
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var merchantCallback = Command{
	Name: "merchant callback", Args: "MCHID", Short: "change a merchant's callback rules and other settings", JSON: true, Admin: true,
	Long: `Changes only what is named; everything else stays as it is. Callback rules are
checked when an order names its notify_url and again before each delivery.

--pause takes no new orders of the merchant while queries, refunds and notices go
on; --resume ends it.`,
	Examples: []Example{
		{"holdfast merchant callback 1900000001 --callback-host pay.shop.example", "notices may go to this host only"},
		{"holdfast merchant callback 1900000001 --till-notify-url https://pay.shop.example/tills", "hear of what printed codes and tills are paid"},
		{"holdfast merchant callback 1900000001 --pause", "take no new orders for now"},
		{"holdfast merchant callback 1900000001 --refund-interval 60s --strict", "as the original service does"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var set settingFlags
		set.flags(fs)
		name := fs.String("name", "", "change the merchant's `NAME`")
		pause := fs.Bool("pause", false, "take no new orders")
		resume := fs.Bool("resume", false, "take orders again")
		return func(ctx context.Context, env *Env, args []string) error {
			q := &pb.AdminMerchantCallbackRequest{Mchid: args[0], Name: *name}
			switch {
			case *pause && *resume:
				return usage("choose one of them", "--pause and --resume exclude each other")
			case *pause:
				q.Status = pb.MerchantStatus_MERCHANT_STATUS_PAUSED
			case *resume:
				q.Status = pb.MerchantStatus_MERCHANT_STATUS_ACTIVE
			case !set.given() && *name == "":
				return usage("see: holdfast help merchant callback", "nothing to change")
			}
			now, err := call(ctx, env, pbconnect.AdminServiceClient.MerchantShow, &pb.AdminMerchantShowRequest{Mchid: q.Mchid})
			if err != nil {
				return err
			}
			q.Settings = now.GetMerchant().GetSettings()
			if q.Settings == nil {
				q.Settings = &pb.MerchantSettings{}
			}
			set.apply(q.Settings)
			a, err := call(ctx, env, pbconnect.AdminServiceClient.MerchantCallback, q)
			if err != nil {
				return err
			}
			return showMerchant(env, a, "")
		}
	},
}
