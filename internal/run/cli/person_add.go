package cli

import (
	"context"
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var personAdd = Command{
	Name: "person add", Args: "REF", Short: "add a person who can pay", JSON: true, Admin: true,
	Long: `REF is the operator's own name for the person (1 to 64 characters) and the
identity: adding the same person again changes nothing. For every --appid the
person gets an openid, which a merchant's JSAPI order names. Name and phone number
are sealed before they enter the log; REF is not, so take none that says who it is.`,
	Examples: []Example{
		{"holdfast person add alice --name Alice --appid wx8888888888888888 --topup 100.00", "with an opening balance of 100 yuan"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminPersonAddRequest
		var appids listFlag
		var topup amountFlag
		fs.StringVar(&q.Name, "name", "", "the person's `NAME`")
		fs.StringVar(&q.Phone, "phone", "", "the person's phone `NUMBER`, by which they are found when they enrol a device")
		fs.Var(&appids, "appid", "give an openid for this `APPID`; may be repeated")
		fs.Var(&topup, "topup", "opening balance in `YUAN`, like 100.00")
		return func(ctx context.Context, env *Env, args []string) error {
			q.Ref, q.Appids, q.Topup = args[0], appids, int64(topup)
			if q.Name == "" {
				return usage("--name Alice", "the person needs a --name")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PersonAdd, &q)
			if err != nil {
				return err
			}
			return showPerson(env, a)
		}
	},
}
