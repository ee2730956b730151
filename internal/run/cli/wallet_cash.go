package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

var walletCash = Command{
	Name: "wallet cash", Args: "CODE", Short: "have a till pay cash out of your balance", JSON: true,
	Long: `Takes --amount off your balance at a till that has a shift open; whoever works there sees
it and hands out the cash. CODE is the link of the till's printed code. --id is the
identity: the same one again takes nothing more.`,
	Examples: []Example{{"holdfast wallet cash https://pay.example.com/c/mZx... --amount 50.00", "at the till whose code that is"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		var amount amountFlag
		fs.Var(&amount, "amount", "`YUAN` that you want in cash")
		id := fs.String("id", "", "`IDENTITY`, at most 64 bytes; a fresh one is drawn and printed")
		pin := pinFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			if amount == 0 {
				return usage("--amount 50.00", "how much? cash needs an --amount")
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q := &pb.WithdrawCashRequest{Code: args[0], Amount: int64(amount), ClientId: clientID(*id)}
			fmt.Fprintf(env.Err, "cash %s\n", q.ClientId)
			return withPIN(ctx, env, c, *pin, func(grant uint64) error {
				q.Grant = grant
				v, err := walletCall(ctx, env, c.WithdrawCash, q)
				if err != nil {
					return err
				}
				if env.JSON {
					return env.Message(v)
				}
				_, err = fmt.Fprintf(env.Out, "%s in cash at till %d  at %s\n", yuan(v.Amount), v.Till, when(v.At))
				return err
			})
		}
	},
}
