package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

var walletAppeal = Command{
	Name: "wallet appeal", Short: "say why your wallet should not be blocked", JSON: true,
	Long:     "An operator reads your words and decides; `wallet show` says why you are blocked and what came of it. --id is the identity of the appeal: the same one again is the same appeal.",
	Examples: []Example{{"holdfast wallet appeal --words '手机已找回，请解除限制。'", "the phone is found"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		q := &pb.AppealRequest{}
		w.flags(fs)
		fs.StringVar(&q.Words, "words", "", "`TEXT` for the operator, at most 500 characters")
		fs.StringVar(&q.ClientId, "id", "", "`IDENTITY` of the appeal, at most 64 bytes; a fresh one is drawn and printed")
		return func(ctx context.Context, env *Env, _ []string) error {
			if q.Words == "" {
				return usage("--words TEXT", "what do you say?")
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q.ClientId = clientID(q.ClientId)
			fmt.Fprintf(env.Err, "appeal %s\n", q.ClientId)
			v, err := walletCall(ctx, env, c.Appeal, q)
			if err != nil {
				return err
			}
			return showWallet(env, v)
		}
	},
}

var walletEndDevice = Command{
	Name: "wallet end", Args: "DEVICE", Short: "end a device of yours from any other", JSON: true,
	Long: `DEVICE is what ` + "`wallet show`" + ` lists, or the beginning of it. It takes no PIN, since who lost a phone must
be able to end it at once; only a device in its first day needs it, to end those that were there before.`,
	Examples: []Example{{"holdfast wallet end 787f89", "a phone that was lost"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		ask := fs.Bool("with-pin", false, "ask for the PIN")
		pin := pinFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			v, err := walletCall(ctx, env, c.ShowWallet, &pb.ShowWalletRequest{})
			if err != nil {
				return err
			}
			q := &pb.EndDeviceRequest{}
			if q.Device, err = beginning(v.Devices, (*pb.DeviceView).GetDevice, args[0], "your devices", "holdfast wallet show"); err != nil {
				return err
			}
			if *ask || *pin != "" {
				if q.Grant, err = grant(ctx, env, c, *pin); err != nil {
					return err
				}
			}
			if v, err = walletCall(ctx, env, c.EndDevice, q); err != nil {
				return err
			}
			return showWallet(env, v)
		}
	},
}

// printBlock prints why somebody is blocked, and what came of their appeal.
func printBlock(b *strings.Builder, x *pb.BlockView) {
	if x == nil {
		return
	}
	appeal := "none: holdfast wallet appeal"
	if x.Appeal != "" {
		appeal = x.Appeal + ", since " + when(x.AppealedAt)
	}
	fields(b, "blocked", x.Why+", since "+when(x.Since), "because", x.Sentence, "appeal", appeal, "answer", x.Answer)
}
