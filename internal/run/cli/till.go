package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var tillAdd = Command{
	Name: "till add", Args: "MCHID", Short: "add a till of a merchant, with a printed code", JSON: true, Admin: true,
	Long: `A till is a place where a merchant takes money: a counter, a taxi, a code on a wall.
--name is the merchant's own name for it and the identity: adding it again changes
nothing and prints the same link. The link is what the printed code says, and what an
NFC tag beside it carries; whoever opens it in a wallet types the amount and pays.`,
	Examples: []Example{
		{"holdfast till add 1900000001 --name 'Counter 2'", "prints the till's number and link"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		name := fs.String("name", "", "the merchant's `NAME` for it, at most 40 characters")
		return func(ctx context.Context, env *Env, args []string) error {
			if *name == "" {
				return usage("--name 'Counter 2'", "the till needs a --name")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.TillAdd, &pb.AdminTillAddRequest{Mchid: args[0], Name: *name})
			if err != nil {
				return err
			}
			return showTill(env, a)
		}
	},
}

var tillClose = Command{
	Name: "till close", Args: "TILL", Short: "close a till for good", JSON: true, Admin: true,
	Long: "From then on nobody can pay by its printed code. TILL is our number of it. A till that was closed stays closed: print a new code under a new name.",
	Examples: []Example{
		{"holdfast till close 7", "its code was copied, or hangs on no wall any more"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, args []string) error {
			return setTill(ctx, env, args[0], &pb.AdminTillSetRequest{Close: true})
		}
	},
}

var tillSet = Command{
	Name: "till set", Args: "TILL", Short: "say what a till may take at most", JSON: true, Admin: true,
	Long: `Replaces all three caps of a till; one that is not named is as usual again (50,000.00
a payment, 5,000.00 in cash at once, 50,000.00 in cash a shift). They bound what a
mistyped amount can do.`,
	Examples: []Example{
		{"holdfast till set 7 --pay 500.00", "a taxi takes no more for one ride"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var pay, cash, shift amountFlag
		fs.Var(&pay, "pay", "most `YUAN` that one payment by the printed code may be")
		fs.Var(&cash, "cash", "most `YUAN` that is taken or paid out in cash at once")
		fs.Var(&shift, "shift", "most `YUAN` that is taken, and that is paid out, in cash in a shift")
		return func(ctx context.Context, env *Env, args []string) error {
			return setTill(ctx, env, args[0], &pb.AdminTillSetRequest{Caps: &pb.TillCaps{Pay: int64(pay), Cash: int64(cash), Shift: int64(shift)}})
		}
	},
}

func setTill(ctx context.Context, env *Env, number string, q *pb.AdminTillSetRequest) (err error) {
	if q.Till, err = strconv.ParseUint(number, 10, 64); err != nil {
		return usage("holdfast till list MCHID", "a till is named by its number, not %q", number)
	}
	a, err := call(ctx, env, pbconnect.AdminServiceClient.TillSet, q)
	if err != nil {
		return err
	}
	return showTill(env, a)
}

// showTill prints a till with the link of its printed code.
func showTill(env *Env, a *pb.AdminTill) error {
	if env.JSON {
		return env.Message(a)
	}
	var b strings.Builder
	fields(&b, "till", fmt.Sprintf("%d  %s", a.Till, a.Name), "merchant", a.Mchid, "since", when(a.CreatedAt), "closed", when(a.ClosedAt), "link", a.Link,
		"takes", fmt.Sprintf("%s a payment; in cash %s at once, %s a shift", money.Format(a.Caps.GetPay()), money.Format(a.Caps.GetCash()), money.Format(a.Caps.GetShift())))
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

var tillList = Command{
	Name: "till list", Args: "MCHID", Short: "list a merchant's tills by name", JSON: true, Admin: true,
	Long: "Lists tills in the order of their names, closed ones too, a page at a time. When there are more, the answer names the till to go on from.",
	Examples: []Example{
		{"holdfast till list 1900000001", "the first 100"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		after := fs.String("after", "", "start after the till of this `NAME`")
		limit := fs.Uint("limit", 100, "at most `N` tills, up to 1,000")
		return func(ctx context.Context, env *Env, args []string) error {
			a, err := call(ctx, env, pbconnect.AdminServiceClient.TillList, &pb.AdminTillListRequest{Mchid: args[0], After: *after, Limit: uint32(min(*limit, 1000))})
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printTills(env, a)
		}
	},
}

func printTills(env *Env, a *pb.AdminTillListResponse) error {
	if len(a.Tills) == 0 {
		fmt.Fprintln(env.Err, "no tills; add one: holdfast till add MCHID --name NAME")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TILL\tNAME\tCLOSED\tLINK")
	for _, t := range a.Tills {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", t.Till, t.Name, when(t.ClosedAt), t.Link)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.Next != "" {
		fmt.Fprintf(env.Err, "more: holdfast till list %s --after '%s'\n", a.Tills[0].Mchid, a.Next)
	}
	return nil
}
