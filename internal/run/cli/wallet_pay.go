package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

var walletPay = Command{
	Name: "wallet pay", Args: "CODE", Short: "pay what a code asks for", JSON: true,
	Long: `Shows who asks for how much, and pays it from the balance. CODE is the link that an
order's QR code holds, or its prepay_id, or the link of a till's printed code: for that
one --amount says how much. Above the amount that you set to go without,
it asks for the PIN. --id is the identity of the payment: the same one again pays
nothing more, and tells how it came out.`,
	Examples: []Example{{"holdfast wallet pay http://127.0.0.1:8443/pay/wx2900...", "the link of a code that a merchant shows"},
		{"holdfast wallet pay https://pay.example.com/c/mZx... --amount 12.00", "a printed code"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		var amount amountFlag
		fs.Var(&amount, "amount", "`YUAN` to pay by a printed code")
		id := fs.String("id", "", "`IDENTITY` of the payment, at most 64 bytes; a fresh one is drawn and printed")
		pin := pinFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q := &pb.PayRequest{Code: args[0], ClientId: clientID(*id), Amount: int64(amount)}
			fmt.Fprintf(env.Err, "payment %s\n", q.ClientId)
			v, err := walletCall(ctx, env, c.ShowPayable, &pb.ShowPayableRequest{Code: args[0]})
			if err != nil {
				return err
			}
			if v.TypeAmount && amount == 0 {
				return usage("--amount 12.00", "how much? a printed code needs an --amount")
			}
			fmt.Fprintf(env.Err, "%s to %s for %s\n", yuan(v.Total+q.Amount), v.Merchant, v.Description)
			if v.TypeAmount {
				return withPIN(ctx, env, c, *pin, func(grant uint64) error {
					q.Grant = grant
					return payNow(ctx, env, c, q)
				})
			}
			if v.NeedsPin && v.State == "ok" {
				if q.Grant, err = grant(ctx, env, c, *pin); err != nil {
					return err
				}
			}
			return payNow(ctx, env, c, q)
		}
	},
}

func payNow(ctx context.Context, env *Env, c *walletclient.Client, q *pb.PayRequest) error {
	p, err := walletCall(ctx, env, c.Pay, q)
	if err != nil {
		return err
	}
	if env.JSON {
		return env.Message(p)
	}
	_, err = fmt.Fprintf(env.Out, "paid  %s  transaction %s  at %s\n", yuan(p.Total), p.TransactionId, when(p.PaidAt))
	return err
}

// pinFlag names a file with the PIN, for scripts: never the PIN itself, which every
// process could read off the command line.
func pinFlag(fs *flag.FlagSet) *string {
	file := new(string)
	fileVar(fs, file, "pin-file", "`FILE` with the PIN; without it the PIN is asked for")
	return file
}

// withPIN acts, with the PIN where it is in a file, and else with the PIN once the
// platform says that this act needs it.
func withPIN(ctx context.Context, env *Env, c *walletclient.Client, file string, act func(grant uint64) error) error {
	if file == "" {
		err := act(0)
		if needed, ok := rpc.CodeOf(err); !ok || needed != code.PinNeeded {
			return err
		}
	}
	g, err := grant(ctx, env, c, file)
	if err != nil {
		return err
	}
	return act(g)
}

// grant has the PIN checked.
func grant(ctx context.Context, env *Env, c *walletclient.Client, file string) (uint64, error) {
	pin, err := readPIN(env, file, "PIN")
	if err != nil {
		return 0, err
	}
	g, err := walletCall(ctx, env, c.CheckPin, &pb.CheckPinRequest{Pin: pin})
	if err != nil {
		return 0, err
	}
	return g.Grant, nil
}

var walletBills = Command{
	Name: "wallet bills", Short: "list what moved your balance, newest first", JSON: true,
	Long:     "Lists payments, refunds and top-ups. --before goes on where a list ended.",
	Examples: []Example{{"holdfast wallet bills --limit 5", "the last five"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		limit := fs.Uint("limit", 20, "at most this `NUMBER`, 100 at most")
		before := fs.Uint64("before", 0, "the `CURSOR` that a list ended with")
		return func(ctx context.Context, env *Env, _ []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			l, err := walletCall(ctx, env, c.ListBills, &pb.ListBillsRequest{Before: *before, Limit: uint32(*limit)})
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(l)
			}
			for _, b := range l.Bills {
				fmt.Fprintf(env.Out, "%s  %10s  %-8s  %s  %s\n", when(b.At), money.Format(b.Amount), b.What, b.Who, b.Subject)
			}
			if l.Next != 0 {
				fmt.Fprintf(env.Err, "more: --before %d\n", l.Next)
			}
			return nil
		}
	},
}
