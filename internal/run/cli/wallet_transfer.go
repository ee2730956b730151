package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var walletTransfer = Command{
	Name: "wallet transfer", Args: "PHONE|CODE AMOUNT", Short: "send money to somebody by phone number, or by the code they show", JSON: true,
	Long: `Looks up who has the number or whose code it is, shows the last character of their name, and sends the
money: at once, or with --accept into escrow until they accept it, at most 24 hours.
Twenty numbers of strangers can be looked up in a day; a code may ask for an amount of
its own. --id is the identity of the
transfer: the same one again sends nothing more, and tells how it came out.`,
	Examples: []Example{
		{"holdfast wallet transfer 13900000000 12.50", "at once"},
		{"holdfast wallet transfer 13900000000 12.50 --accept", "waits until it is accepted, or comes back"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var q pb.TransferRequest
		w.flags(fs)
		fs.StringVar(&q.ClientId, "id", "", "`IDENTITY` of the transfer, at most 64 bytes; a fresh one is drawn and printed")
		fs.StringVar(&q.Memo, "memo", "", "`TEXT` for both of you to read, at most 60 characters")
		fs.BoolVar(&q.Accept, "accept", false, "the payee has to accept it within 24 hours")
		pin := pinFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			var amount amountFlag
			if err := amount.Set(args[1]); err != nil {
				return usage("12.50", "the amount %q: %w", args[1], err)
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q.Amount, q.ClientId = int64(amount), clientID(q.ClientId)
			fmt.Fprintf(env.Err, "transfer %s\n", q.ClientId)
			find := &pb.FindPayeeRequest{Phone: args[0]}
			if strings.Contains(args[0], "holdfast:") {
				find = &pb.FindPayeeRequest{Code: args[0]}
			}
			found, err := walletCall(ctx, env, c.FindPayee, find)
			if err != nil {
				return err
			}
			if found.Payee == "" {
				return failure(ExitRefused, "check the number or the code", "nobody can be paid by %s", args[0])
			}
			fmt.Fprintf(env.Err, "%s to %s\n", yuan(q.Amount), found.Name)
			q.Payee = found.Payee
			var t *pb.TransferView
			err = withPIN(ctx, env, c, *pin, func(grant uint64) (err error) {
				q.Grant = grant
				t, err = walletCall(ctx, env, c.Transfer, &q)
				return err
			})
			if err != nil {
				return err
			}
			return showTransfer(env, t)
		}
	},
}

func showTransfer(env *Env, t *pb.TransferView) error {
	if env.JSON {
		return env.Message(t)
	}
	var b strings.Builder
	fields(&b, "transfer", strconv.FormatUint(t.Transfer, 10), choose(t.Mine, "to", "from"), t.Who, "amount", money.Format(t.Amount), "memo", t.Memo, "state", t.State,
		"made", when(t.CreatedAt), "ended", choose(t.EndedAt != 0, when(t.EndedAt), ""), "waits until", choose(t.Until != 0, when(t.Until), ""))
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

var walletAnswer = Command{
	Name: "wallet answer", Args: "TRANSFER accept|decline", Short: "take a transfer that waits for you, or send it back", JSON: true,
	Long:     "Accepting gives you the money, declining gives it back to who sent it. Doing it again changes nothing.",
	Examples: []Example{{"holdfast wallet answer 17 accept", "takes the money of transfer 17"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			id, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || args[1] != "accept" && args[1] != "decline" {
				return usage("17 accept", "say which transfer by its number, and accept or decline")
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			t, err := walletCall(ctx, env, c.AnswerTransfer, &pb.AnswerTransferRequest{Transfer: id, Accept: args[1] == "accept"})
			if err != nil {
				return err
			}
			return showTransfer(env, t)
		}
	},
}
