package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/picture"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var walletShopApply = Command{
	Name: "wallet shop apply", Args: "NAME", Short: "apply for a shop of your own", JSON: true,
	Long: `Sends name, kind, category and a picture of the shop; an operator or a field agent decides.
A large photo is made smaller first. --id is the identity of the application: the same one
again is the same application.`,
	Examples: []Example{{"holdfast wallet shop apply '张记面馆' --kind restaurant --category 面食 --picture face.jpg", "a noodle shop"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var q pb.ApplyShopRequest
		var file string
		w.flags(fs)
		kind := choice{of: []string{"stall", "shop", "restaurant", "driver", "service", "other"}, value: "shop"}
		fs.Var(&kind, "kind", "`KIND`: "+strings.Join(kind.of, ", "))
		fs.StringVar(&q.Category, "category", "", "`WHAT` it sells, at most 20 characters")
		fileVar(fs, &file, "picture", "`FILE` with a picture of it, PNG or JPEG")
		fs.StringVar(&q.ClientId, "id", "", "`IDENTITY` of the application, at most 64 bytes; a fresh one is drawn and printed")
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			if q.Picture, err = shopPicture(file); err != nil {
				return err
			}
			q.Name, q.Kind, q.ClientId = args[0], kind.value, clientID(q.ClientId)
			fmt.Fprintf(env.Err, "application %s\n", q.ClientId)
			v, err := walletCall(ctx, env, c.ApplyShop, &q)
			if err != nil {
				return err
			}
			return showOwnShop(env, v)
		}
	},
}

// maxPhoto bounds the file that is read, in bytes.
const maxPhoto = 30 << 20

// shopPicture is a file's picture, small enough to be sent.
func shopPicture(file string) ([]byte, error) {
	if file == "" {
		return nil, usage("--picture face.jpg", "show the shop: name a --picture")
	}
	if i, err := os.Stat(file); err != nil || i.Size() > maxPhoto {
		return nil, usage("--picture face.jpg", "%s can't be read, or has more than 30 MB", file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	small, err := picture.Fit(raw)
	if err != nil {
		return nil, usage("--picture face.jpg", "%s: %w", file, err)
	}
	return small, nil
}

var walletShopList = Command{
	Name: "wallet shop list", Short: "list your shops, and what was decided", JSON: true,
	Long:     "Lists your applications, newest first: what was decided and why, the printed code's link, and what a shop took that you have not taken out.",
	Examples: []Example{{"holdfast wallet shop list", "all of them"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		return func(ctx context.Context, env *Env, _ []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			list, err := walletCall(ctx, env, c.ListShops, &pb.ListShopsRequest{})
			if err != nil {
				return err
			}
			return listOwnShops(env, list)
		}
	},
}

var walletShopSheet = Command{
	Name: "wallet shop sheet", Args: "NUMBER", Short: "draw the sheet with your shop's printed code",
	Long: "Writes what is to be printed and hung up, once the shop is approved. pdf is a sheet; svg and png are the code alone.",
	Examples: []Example{
		{"holdfast wallet shop sheet 3 --out sheet.pdf", "a sheet of A6"},
		{"holdfast wallet shop sheet 3 --format svg --out code.svg", "the code alone"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var out string
		w.flags(fs)
		fileVar(fs, &out, "out", "`FILE` to write; one that is there is replaced")
		format, paper := choice{"pdf", []string{"pdf", "svg", "png"}}, choice{"a6", []string{"a4", "a6"}}
		fs.Var(&format, "format", "pdf, svg or png (`FORMAT`)")
		fs.Var(&paper, "paper", "a4 or a6 (`SIZE`)")
		return func(ctx context.Context, env *Env, args []string) error {
			if out == "" {
				return usage("--out sheet.pdf", "say where to write it with --out")
			}
			id, err := shopNumber(args[0])
			if err != nil {
				return err
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			a, err := walletCall(ctx, env, c.ShowShopSheet, &pb.ShowShopSheetRequest{Shop: id, Format: format.value, Paper: paper.value})
			if err != nil {
				return err
			}
			if err := os.WriteFile(out, a.Data, 0o644); err != nil {
				return fmt.Errorf("write the sheet: %w", err)
			}
			fmt.Fprintf(env.Err, "wrote %s, %s\n", out, a.MediaType)
			return nil
		}
	},
}

var walletShopTake = Command{
	Name: "wallet shop take", Args: "NUMBER AMOUNT", Short: "move what your shop took into your wallet", JSON: true,
	Long: `What is taken out is no longer there for refunds. --id is the identity: the same one again
takes nothing more.`,
	Examples: []Example{{"holdfast wallet shop take 3 120.00", "this evening's takings"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var q pb.TakeTakingsRequest
		w.flags(fs)
		fs.StringVar(&q.ClientId, "id", "", "`IDENTITY`, at most 64 bytes; a fresh one is drawn and printed")
		return func(ctx context.Context, env *Env, args []string) (err error) {
			if q.Shop, err = shopNumber(args[0]); err != nil {
				return err
			}
			if q.Amount, err = money.Parse(args[1]); err != nil {
				return usage("120.00", "%q is no amount: %w", args[1], err)
			}
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q.ClientId = clientID(q.ClientId)
			fmt.Fprintf(env.Err, "takings %s\n", q.ClientId)
			v, err := walletCall(ctx, env, c.TakeTakings, &q)
			if err != nil {
				return err
			}
			return showOwnShop(env, v)
		}
	},
}

func showOwnShop(env *Env, v *pb.ShopView) error {
	if env.JSON {
		return env.Message(v)
	}
	var b strings.Builder
	fields(&b,
		"shop", fmt.Sprintf("%d  %s  %s", v.Shop, v.Name, v.State), "kind", v.Kind, "category", v.Category, "because", v.Sentence, "words", v.Words,
		"merchant", v.Mchid, "code", v.Link, "takings", choose(v.Mchid != "", money.Format(v.Takings), ""))
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

func listOwnShops(env *Env, list *pb.ListShopsResponse) error {
	if env.JSON {
		return env.Message(list)
	}
	if len(list.Shops) == 0 {
		fmt.Fprintln(env.Err, "no shops")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tSTATE\tNAME\tTAKINGS\tCODE\tBECAUSE")
	for _, v := range list.Shops {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", v.Shop, v.State, v.Name, choose(v.Mchid != "", money.Format(v.Takings), "-"), choose(v.Link != "", v.Link, "-"), v.Sentence)
	}
	return w.Flush()
}
