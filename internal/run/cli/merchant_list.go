package cli

import (
	"context"
	"flag"
	"fmt"
	"text/tabwriter"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var merchantList = Command{
	Name: "merchant list", Short: "list merchants by number", JSON: true, Admin: true,
	Long: "Lists merchants in the order of their numbers, a page at a time. When there are more, the answer names the number to go on from.",
	Examples: []Example{
		{"holdfast merchant list", "the first 100"},
		{"holdfast merchant list --after 1900000001 --limit 20", "the next 20 after that one"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		after := fs.String("after", "", "start after this `MCHID`")
		limit := fs.Uint("limit", 100, "at most `N` merchants, up to 1,000")
		return func(ctx context.Context, env *Env, _ []string) error {
			q := &pb.AdminMerchantListRequest{After: *after, Limit: uint32(min(*limit, 1000))}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.MerchantList, q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printMerchants(env, a)
		}
	},
}

func printMerchants(env *Env, a *pb.AdminMerchantListResponse) error {
	if len(a.Merchants) == 0 {
		fmt.Fprintln(env.Err, "no merchants; add one: holdfast merchant add MCHID --name NAME")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "MCHID\tSTATUS\tAPPIDS\tCERTS\tKEYS\tNAME")
	for _, m := range a.Merchants {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\n", m.Mchid, word(m.Status), len(m.Appids), len(m.Serials), len(m.Keys), m.Name)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.Next != "" {
		fmt.Fprintf(env.Err, "more: holdfast merchant list --after %s\n", a.Next)
	}
	return nil
}
