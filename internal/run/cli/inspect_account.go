package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var inspectAccount = Command{
	Name: "inspect account", Args: "NAME", Short: "an account's balance, limits and history", JSON: true, Admin: true,
	Long: `NAME is an account such as user/17/balance, mch/1900000001/pending or
bank/topup/clearing. The balance comes from the state; the history comes from a
view that follows it, and says by how many entries it lags.`,
	Examples: []Example{
		{"holdfast inspect account mch/1900000001/pending --limit 20", "the last 20 movements of a merchant's money"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		q := inspectFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			q.Id = args[0]
			a, err := call(ctx, env, pbconnect.AdminServiceClient.InspectAccount, q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printAccount(env, a)
		}
	},
}

func printAccount(env *Env, r *pb.InspectAccountResponse) error {
	var b strings.Builder
	a := r.Account
	limits := []string{}
	for _, l := range []struct {
		on   bool
		text string
	}{{a.NoOverdraft, "no overdraft"}, {a.Frozen, "frozen"}, {a.Cap > 0, "cap " + yuan(a.Cap)}} {
		if l.on {
			limits = append(limits, l.text)
		}
	}
	fields(&b,
		"account", a.Name, "balance", yuan(a.Balance), "available", yuan(a.Available),
		"posted", fmt.Sprintf("debits %s, credits %s", yuan(a.DebitsPosted), yuan(a.CreditsPosted)),
		"limits", strings.Join(limits, ", "), "view lag", fmt.Sprintf("%d entries", r.ViewLag))
	for _, h := range r.History {
		fmt.Fprintf(&b, "  %s  entry %d  %s  %s%s  with %s  %s\n", when(h.At), h.Seq, word(h.Code), choose(h.Amount > 0, "+", ""), money.Format(h.Amount), h.Counter, h.Entity)
	}
	return write(env, &b)
}
