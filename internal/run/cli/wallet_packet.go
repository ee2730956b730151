package cli

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var walletThrow = Command{
	Name: "wallet throw", Args: "AMOUNT", Short: "put money into a red packet for whoever opens its link", JSON: true,
	Long: `Makes a red packet of so many shares and prints its link. Each person takes one share:
equal ones, or with --lucky by chance. What nobody took in 24 hours comes back. --id is
the identity of the packet: the same one again puts in nothing more.`,
	Examples: []Example{{"holdfast wallet throw 20.00 --count 5 --lucky", "five shares by chance"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var q pb.ThrowPacketRequest
		w.flags(fs)
		fs.StringVar(&q.ClientId, "id", "", "`IDENTITY` of the packet, at most 64 bytes; a fresh one is drawn and printed")
		count := fs.Uint("count", 1, "`NUMBER` of shares, 500 at most")
		fs.BoolVar(&q.Lucky, "lucky", false, "shares by chance; `holdfast packet verify` checks them afterwards")
		pin := pinFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			var amount amountFlag
			if err := amount.Set(args[0]); err != nil {
				return usage("20.00", "the amount %q: %w", args[0], err)
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q.Total, q.Count, q.ClientId = int64(amount), uint32(*count), clientID(q.ClientId)
			fmt.Fprintf(env.Err, "packet %s\n", q.ClientId)
			var v *pb.PacketView
			err = withPIN(ctx, env, c, *pin, func(grant uint64) (err error) {
				q.Grant = grant
				v, err = walletCall(ctx, env, c.ThrowPacket, &q)
				return err
			})
			if err != nil {
				return err
			}
			return showPacket(env, v)
		}
	},
}

func showPacket(env *Env, v *pb.PacketView) error {
	if env.JSON {
		return env.Message(v)
	}
	var b strings.Builder
	fields(&b, "packet", strconv.FormatUint(v.Packet, 10), "link", v.Link, "state", v.State,
		"shares", fmt.Sprintf("%d of %d taken, %s in all, %s", len(v.Taken), v.Count, money.Format(v.Total), choose(v.Lucky, "by chance", "equal")),
		"yours", choose(v.Mine != 0, money.Format(v.Mine), ""), "open until", when(v.Until))
	for _, t := range v.Taken {
		fmt.Fprintf(&b, "%s  %10s  %s%s\n", when(t.At), money.Format(t.Amount), t.Name, choose(t.Luckiest, "  luckiest", ""))
	}
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

var walletOpen = Command{
	Name: "wallet open", Args: "LINK", Short: "take your share of a red packet", JSON: true,
	Long:     "Takes one share, whose amount is told. Opening it again tells the same share.",
	Examples: []Example{{"holdfast wallet open 12.5f0c9a...", "the link that `wallet throw` printed"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q := &pb.OpenPacketRequest{Link: args[0], Nonce: make([]byte, 16)}
			rand.Read(q.Nonce)
			v, err := walletCall(ctx, env, c.OpenPacket, q)
			if err != nil {
				return err
			}
			return showPacket(env, v)
		}
	},
}

var walletPacket = Command{
	Name: "wallet packet", Args: "LINK", Short: "show who took what of a red packet", JSON: true,
	Long: `Shows a packet to who threw it and to those who hold its link. --proof writes the file
that ` + "`holdfast packet verify`" + ` checks, once the packet has ended.`,
	Examples: []Example{{"holdfast wallet packet 12.5f0c9a... --proof packet.json", "and then: holdfast packet verify packet.json"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		proof := new(string)
		fileVar(fs, proof, "proof", "write what can be checked to this `FILE`")
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			v, err := walletCall(ctx, env, c.ShowPacket, &pb.ShowPacketRequest{Link: args[0]})
			if err != nil {
				return err
			}
			if *proof != "" && len(v.Proof) == 0 {
				return failure(ExitRefused, "ask again when all shares are taken, or its day is over", "the packet is open: its shares can be checked when it has ended")
			}
			if *proof != "" {
				if err := os.WriteFile(*proof, v.Proof, 0o644); err != nil {
					return err
				}
			}
			return showPacket(env, v)
		}
	},
}
