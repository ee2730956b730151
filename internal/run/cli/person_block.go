package cli

import (
	"context"
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var personBlock = Command{
	Name: "person block", Args: "[REF]", Short: "keep a person from paying, or let them go on", JSON: true, Admin: true,
	Long: `A blocked person pays nothing; money that others owe them still arrives. --reason is
kept with the person and shown to operators; --why is what the person is told: asked,
taken_over, suspected, documents, ordered or terms. The person can appeal. --off lets
them go on, and grants an appeal that waits.`,
	Examples: []Example{
		{"holdfast person block alice --why asked --reason 'phone reported stolen'", "from now on"},
		{"holdfast person block alice --off", "let go on"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminPersonBlockRequest
		fs.Uint64Var(&q.Uid, "uid", 0, "our `NUMBER` of the person instead of a reference")
		fs.StringVar(&q.Reason, "reason", "", "`WHY`, at most 200 characters")
		fs.StringVar(&q.Why, "why", "", "what the person is told: `REASON`, one of the words above")
		off := fs.Bool("off", false, "let the person go on")
		return func(ctx context.Context, env *Env, args []string) (err error) {
			if q.PersonRef, err = whichPerson(args, q.Uid); err != nil {
				return err
			}
			if q.Blocked = !*off; q.Blocked && q.Reason == "" {
				return usage("--reason 'phone reported stolen'", "why? blocking needs a --reason")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PersonBlock, &q)
			if err != nil {
				return err
			}
			return showPerson(env, a)
		}
	},
}
