package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var tillTake = Command{
	Name: "till take", Args: "TILL", Short: "take cash into somebody's wallet", JSON: true,
	Long: `The cash is in your drawer, and the wallet has it. Whose wallet it is they say by a code that
they show, or by their phone number. --id is the identity: the same one again takes nothing more.
The 18 digits that they pay with are used up by it. Cash goes out by ` + "`till hand`" + `.`,
	Examples: []Example{
		{"holdfast till take 7 --amount 50.00 --code 120123456789012345", "from whoever shows a code"},
		{"holdfast till take 7 --amount 0.50 --phone 13800000001 --change", "change that becomes a top-up"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		var amount amountFlag
		fs.Var(&amount, "amount", "`YUAN` that you were handed")
		q := &pb.TillCashRequest{}
		fs.StringVar(&q.Code, "code", "", "the `CODE` that they show: to pay, or to be paid")
		fs.StringVar(&q.Phone, "phone", "", "their phone `NUMBER`")
		fs.BoolVar(&q.Change, "change", false, "it is the change of something that they bought")
		id := fs.String("id", "", "`IDENTITY`, at most 64 bytes; a fresh one is drawn and printed")
		return t.at(fs, func(ctx context.Context, env *Env, till uint64, _ []string) error {
			q.Till = till
			if amount == 0 || (q.Code == "") == (q.Phone == "") {
				return usage("--amount 50.00 --code 120123456789012345", "how much, and into whose wallet? by --code or by --phone")
			}
			q.Amount, q.ClientId = int64(amount), clientID(*id)
			fmt.Fprintf(env.Err, "cash %s\n", q.ClientId)
			m, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.TakeCash, q)
			if err != nil {
				return err
			}
			return showCash(env, m)
		})
	},
}

var tillHand = Command{
	Name: "till hand", Args: "TILL", Short: "hand cash out of somebody's wallet", JSON: true,
	Long: `Whoever wants cash shows the code that they pay with. Hand it out when the state is done: the
wallet has paid it. Above what they pay without a PIN they are asked on their own device, for two
minutes, and the state is waiting: repeat the same --id to see what they said, or call it off
with ` + "`till undo`" + `. They may also read your printed code with ` + "`holdfast wallet cash`" + `, and you hand out what
` + "`till shift`" + ` shows.`,
	Examples: []Example{{"holdfast till hand 7 --amount 50.00 --code 120123456789012345", "to whoever shows a code"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		var amount amountFlag
		fs.Var(&amount, "amount", "`YUAN` that they want")
		q := &pb.TillCashRequest{}
		fs.StringVar(&q.Code, "code", "", "the `CODE` that they pay with")
		id := fs.String("id", "", "`IDENTITY`, at most 64 bytes; a fresh one is drawn and printed")
		return t.at(fs, func(ctx context.Context, env *Env, till uint64, _ []string) error {
			q.Till = till
			if amount == 0 || q.Code == "" {
				return usage("--amount 50.00 --code 120123456789012345", "how much, and out of whose wallet?")
			}
			q.Amount, q.ClientId = int64(amount), clientID(*id)
			fmt.Fprintf(env.Err, "cash %s\n", q.ClientId)
			m, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.HandCash, q)
			if err != nil {
				return err
			}
			return showCash(env, m)
		})
	},
}

var tillUndo = Command{
	Name: "till undo", Args: "TILL CASH", Short: "take back what was done in cash by mistake", JSON: true,
	Long: `CASH is the identity that it was done under, as ` + "`till shift`" + ` lists it. It works once, in the same
shift, within 15 minutes, and only while the money is still there. Cash that waits for its
person's yes is called off.`,
	Examples: []Example{{"holdfast till undo 7 3f9a...", "500.00 was typed for 50.00"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		return t.at(fs, func(ctx context.Context, env *Env, till uint64, args []string) error {
			m, err := tillCall(ctx, env, &t, pbconnect.TillServiceClient.UndoCash, &pb.UndoCashRequest{Till: till, ClientId: args[1]})
			if err != nil {
				return err
			}
			return showCash(env, m)
		})
	},
}

func showCash(env *Env, m *pb.CashView) error {
	if env.JSON {
		return env.Message(m)
	}
	_, err := fmt.Fprintln(env.Out, cashLine(m))
	return err
}
