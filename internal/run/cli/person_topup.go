package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var personTopup = Command{
	Name: "person topup", Args: "[REF]", Short: "credit a person's balance", JSON: true, Admin: true,
	Long: `Credits the person's balance against the bank's clearing account. --ref is the
identity of this top-up: the same one again credits nothing more. Without --ref a
fresh one is drawn and printed, also when the node does not answer, so that the
very same top-up can be repeated.`,
	Examples: []Example{
		{"holdfast person topup alice --amount 50.00 --ref BANK-20260301-77", "with the bank's number as its identity"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminPersonTopupRequest
		var amount amountFlag
		fs.Uint64Var(&q.Uid, "uid", 0, "our `NUMBER` of the person instead of a reference")
		fs.Var(&amount, "amount", "amount in `YUAN`, like 50.00")
		fs.StringVar(&q.Ref, "ref", "", "`IDENTITY` of this top-up, at most 64 characters")
		return func(ctx context.Context, env *Env, args []string) error {
			var err error
			if q.PersonRef, err = whichPerson(args, q.Uid); err != nil {
				return err
			}
			if amount == 0 {
				return usage("--amount 50.00", "how much? the top-up needs an --amount")
			}
			if q.Amount = int64(amount); q.Ref == "" {
				q.Ref = "cli-" + rand.Text()
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PersonTopup, &q)
			var f *Failure
			if errors.As(err, &f) && f.Exit == ExitUnreachable {
				f.Hint = fmt.Sprintf("repeat it with --ref %s: it credits once, however often it is asked for", q.Ref)
			}
			if err != nil {
				return err
			}
			if !env.JSON {
				fmt.Fprintf(env.Err, "credited %s under ref %s\n", yuan(q.Amount), q.Ref)
			}
			return showPerson(env, a)
		}
	},
}
