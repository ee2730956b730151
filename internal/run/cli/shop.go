package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var shopList = Command{
	Name: "shop list", Short: "list people's applications for shops", JSON: true, Admin: true,
	Long:     "Lists the applications that wait for a decision; --all lists those that are decided too.",
	Examples: []Example{{"holdfast shop list", "what waits"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminShopListRequest
		fs.BoolVar(&q.All, "all", false, "those that are decided too")
		fs.Uint64Var(&q.After, "after", 0, "start after this `NUMBER`")
		limit := fs.Uint("limit", 100, "at most `N` applications, up to 1000")
		return func(ctx context.Context, env *Env, _ []string) error {
			q.Limit = uint32(min(*limit, 1000))
			a, err := call(ctx, env, pbconnect.AdminServiceClient.ShopList, &q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printShops(env, a)
		}
	},
}

func printShops(env *Env, a *pb.AdminShopListResponse) error {
	if len(a.Shops) == 0 {
		fmt.Fprintln(env.Err, "no applications")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tSTATE\tSINCE\tKIND\tPERSON\tNAME\tCATEGORY")
	for _, s := range a.Shops {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n", s.Id, rpc.Word(s.State), when(s.CreatedAt), rpc.Word(s.Kind), s.Uid, s.Name, s.Category)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.Next != 0 {
		fmt.Fprintf(env.Err, "more: --after %d\n", a.Next)
	}
	return nil
}

var shopShow = Command{
	Name: "shop show", Args: "NUMBER", Short: "show an application for a shop, and its picture", JSON: true, Admin: true,
	Long:     "Shows what the person applied with. --picture FILE writes the picture, a JPEG.",
	Examples: []Example{{"holdfast shop show 3 --picture face.jpg", "before deciding"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var file string
		fileVar(fs, &file, "picture", "write the picture to this `FILE`; one that is there is replaced")
		return func(ctx context.Context, env *Env, args []string) error {
			id, err := shopNumber(args[0])
			if err != nil {
				return err
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.ShopShow, &pb.AdminShopRequest{Id: id})
			if err != nil {
				return err
			}
			if file != "" {
				if err := os.WriteFile(file, a.Picture, 0o600); err != nil {
					return fmt.Errorf("write the picture: %w", err)
				}
			}
			return showShop(env, a)
		}
	},
}

// shopNumber reads 17 or shop/17.
func shopNumber(arg string) (uint64, error) { return numberOf("shop", arg, "17, as the list shows it") }

func showShop(env *Env, a *pb.AdminShop) error {
	if env.JSON {
		return env.Message(a)
	}
	var b strings.Builder
	fields(&b,
		"shop", fmt.Sprintf("%d  %s  %s", a.Id, a.Name, rpc.Word(a.State)), "kind", rpc.Word(a.Kind), "category", a.Category, "person", fmt.Sprint(a.Uid),
		"since", when(a.CreatedAt), "picture", "SHA-256 "+a.PictureHash, "decided", choose(a.DecidedAt != 0, when(a.DecidedAt)+"  by "+a.DecidedBy, ""),
		"because", a.Refusal, "words", a.Words, "merchant", a.Mchid, "till", choose(a.Till != 0, fmt.Sprint(a.Till), ""), "code", a.Link)
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

var shopApprove = Command{
	Name: "shop approve", Args: "NUMBER", Short: "approve an application: merchant, owner and till are there at once", JSON: true, Admin: true,
	Long: `Makes the merchant, the person its owner, and a till with its printed code, all in one
step. --sheet FILE writes the sheet to hang up, a PDF of A6; ` + "`holdfast till sheet`" + `
draws others. What the shop takes, its owner moves into their wallet.`,
	Examples: []Example{{"holdfast shop approve 3 --sheet sheet.pdf", "after a look at the picture"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var sheet string
		fileVar(fs, &sheet, "sheet", "write the printed sheet to this `FILE`; one that is there is replaced")
		words := fs.String("words", "", "`TEXT` for the person, at most 500 characters")
		return func(ctx context.Context, env *Env, args []string) error {
			a, err := decideShop(ctx, env, args[0], &pb.AdminShopDecideRequest{Approve: true, Words: *words})
			if err != nil {
				return err
			}
			if sheet != "" {
				if err := writeShopSheet(sheet, a); err != nil {
					return err
				}
			}
			return showShop(env, a)
		}
	},
}

func writeShopSheet(file string, a *pb.AdminShop) error {
	sheet := &drawing.Sheet{Merchant: a.Name, Till: a.Category, Number: fmt.Sprint("shop ", a.Id), Link: a.Link}
	drawn, _, err := sheet.Draw("pdf", "a6")
	if err != nil {
		return failure(ExitRefused, fmt.Sprintf("it is approved; holdfast till sheet %s %d --format svg", a.Mchid, a.Till), "%v", err)
	}
	if err := os.WriteFile(file, drawn, 0o644); err != nil {
		return fmt.Errorf("it is approved; write the sheet: %w", err)
	}
	return nil
}

var shopRefuse = Command{
	Name: "shop refuse", Args: "NUMBER", Short: "refuse an application, with a reason", JSON: true, Admin: true,
	Long:     "The person reads the reason in their language, and may apply again. The picture is deleted from the record.",
	Examples: []Example{{"holdfast shop refuse 3 --because picture_unclear --words '请白天拍摄'", "try again"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		because := choice{of: refusalNames()}
		fs.Var(&because, "because", "`WHY`: "+strings.Join(because.of, ", "))
		words := fs.String("words", "", "`TEXT` that says more to the person, at most 500 characters")
		return func(ctx context.Context, env *Env, args []string) error {
			if because.value == "" {
				return usage("--because picture_unclear", "why? a refusal needs --because")
			}
			a, err := decideShop(ctx, env, args[0], &pb.AdminShopDecideRequest{Refusal: because.value, Words: *words})
			if err != nil {
				return err
			}
			return showShop(env, a)
		}
	},
}

func refusalNames() (names []string) {
	for _, r := range code.Refusals {
		names = append(names, r.Name)
	}
	return names
}

func decideShop(ctx context.Context, env *Env, number string, q *pb.AdminShopDecideRequest) (a *pb.AdminShop, err error) {
	if q.Id, err = shopNumber(number); err != nil {
		return nil, err
	}
	return call(ctx, env, pbconnect.AdminServiceClient.ShopDecide, q)
}
