package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

var walletCode = Command{
	Name: "wallet code", Short: "show a code that a till reads to be paid", JSON: true,
	Long: `Makes a code of 18 digits and shows it, as digits and as a QR code. It is good once, for
about a minute. Online, the wallet first gets what it makes codes with anew; without a
network it uses what it has, for at most 30 days. Above the amount that you set to go
without a PIN the payment waits until you answer it: holdfast wallet asked.`,
	Examples: []Example{{"holdfast wallet code", "a code for the till"}, {"holdfast wallet code --offline", "the same without asking the platform"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		offline := fs.Bool("offline", false, "don't ask the platform first")
		var image string
		fileVar(fs, &image, "image", "`FILE` to draw it into too, as SVG with bar code and QR code")
		return func(ctx context.Context, env *Env, _ []string) error {
			file, err := w.open(env)
			if err != nil {
				return err
			}
			if !*offline {
				err := file.RenewPayCodes(ctx, w.dial(env, file))
				if failed := new(walletclient.Error); errors.As(err, &failed) && failed.Code != "" {
					return env.walletError(err)
				}
				if err != nil {
					fmt.Fprintf(env.Err, "made offline: %v\n", err)
				}
			}
			shown, err := file.PayCode()
			if err != nil {
				return failure(ExitRefused, "holdfast wallet code, online", "%v", err)
			}
			if image != "" {
				svg, err := drawing.PayerSVG(shown)
				if err == nil {
					err = os.WriteFile(image, svg, 0o600)
				}
				if err != nil {
					return fmt.Errorf("draw the code: %w", err)
				}
			}
			return showCode(env, shown, shown[:6]+" "+shown[6:10]+" "+shown[10:14]+" "+shown[14:])
		}
	},
}

// showCode shows what is to be scanned, and what people read below it.
func showCode(env *Env, code, read string) error {
	if env.JSON {
		return env.Object(map[string]string{"code": code})
	}
	drawn, err := drawing.Terminal(code, "  ", false)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%s\n  %s\n", drawn, read)
	return err
}

var walletReceive = Command{
	Name: "wallet receive", Short: "show the code by which others pay you", JSON: true,
	Long: `Shows a code that is good for whoever scans it, as a QR code. It says neither your name
nor your number. It stays the same, so that it may be printed; --fresh makes another,
and the one before finds nobody any more.`,
	Examples: []Example{{"holdfast wallet receive --amount 12.50", "a code that asks for 12.50"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		var amount amountFlag
		fs.Var(&amount, "amount", "what the code asks for; without it the payer says `YUAN`")
		fresh := fs.Bool("fresh", false, "make another code; the one before finds nobody any more")
		return func(ctx context.Context, env *Env, _ []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			r, err := walletCall(ctx, env, c.MakeReceiveCode, &pb.MakeReceiveCodeRequest{Amount: int64(amount), Fresh: *fresh})
			if err != nil {
				return err
			}
			return showCode(env, r.Code, r.Code)
		}
	},
}

var walletAsked = Command{
	Name: "wallet asked", Args: "[ORDER|CASH] [pay|decline]", Short: "list payments that wait for your answer, or answer one", JSON: true,
	Long: `After a till has read your code for more than you pay without a PIN, the payment waits two
minutes for you: this lists what waits, and answers it. To pay takes the PIN. So it is with cash
that a till would hand out to you.`,
	Examples: []Example{
		{"holdfast wallet asked", "what waits"}, {"holdfast wallet asked 17 pay", "pays order 17"},
		{"holdfast wallet asked 7/3f9a... pay", "has the till 7 hand the cash out"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		pin := pinFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return listAsked(ctx, env, c)
			}
			q, ok := readAnswer(args)
			if !ok {
				return usage("17 pay", "say which order by its number, or which cash, and pay or decline")
			}
			var a *pb.Asked
			act := func(grant uint64) (err error) {
				q.Grant = grant
				a, err = walletCall(ctx, env, c.AnswerAsked, q)
				return err
			}
			if !q.Pay {
				err = act(0)
			} else {
				err = withPIN(ctx, env, c, *pin, act)
			}
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printAsked(env, a)
		}
	},
}

// readAnswer reads "17 pay", or "7/a1 decline" for cash at a till.
func readAnswer(args []string) (*pb.AnswerAskedRequest, bool) {
	if len(args) != 2 || args[1] != "pay" && args[1] != "decline" {
		return nil, false
	}
	number, cash, isCash := strings.Cut(args[0], "/")
	id, err := strconv.ParseUint(number, 10, 64)
	q := &pb.AnswerAskedRequest{Order: id, Pay: args[1] == "pay"}
	if isCash {
		q.Order, q.Cash = 0, &pb.AskedCash{Till: id, ClientId: cash}
	}
	return q, err == nil
}

func listAsked(ctx context.Context, env *Env, c *walletclient.Client) error {
	l, err := walletCall(ctx, env, c.ListAsked, &pb.ListAskedRequest{})
	if err != nil {
		return err
	}
	if env.JSON {
		return env.Message(l)
	}
	for _, a := range l.Asked {
		if err := printAsked(env, a); err != nil {
			return err
		}
	}
	return nil
}

func printAsked(env *Env, a *pb.Asked) error {
	var b strings.Builder
	what, which := "order", strconv.FormatUint(a.Order, 10)
	if a.Cash != nil {
		what, which = "cash", strconv.FormatUint(a.Cash.Till, 10)+"/"+a.Cash.ClientId
	}
	fields(&b, what, which, "to", a.Merchant, "for", a.Description, "amount", money.Format(a.Total), "state", a.State,
		"waits until", choose(a.Until != 0, when(a.Until), ""))
	_, err := env.Out.Write([]byte(b.String()))
	return err
}
