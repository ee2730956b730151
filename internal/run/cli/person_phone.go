package cli

import (
	"context"
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var personPhone = Command{
	Name: "person phone", Args: "[REF]", Short: "give a person another phone number, or their first", JSON: true, Admin: true,
	Long: `Whoever proves to have the number is that person from then on: make sure who asks. Devices
that they have stay. The number is sealed with the person's other details; the journal says
who changed it, and neither the number before nor the one after.`,
	Examples: []Example{{"holdfast person phone alice --to 13800000001", "a payer from before wallets gets one"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminPersonPhoneRequest
		fs.Uint64Var(&q.Uid, "uid", 0, "our `NUMBER` of the person instead of a reference")
		fs.StringVar(&q.Phone, "to", "", "the phone `NUMBER`")
		return func(ctx context.Context, env *Env, args []string) (err error) {
			if q.PersonRef, err = whichPerson(args, q.Uid); err != nil {
				return err
			}
			if q.Phone == "" {
				return usage("--to 13800000001", "which number?")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PersonPhone, &q)
			if err != nil {
				return err
			}
			return showPerson(env, a)
		}
	},
}
