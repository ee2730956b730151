package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// ownCall makes one call that a merchant's people make about their merchant.
func ownCall[Q, A any](ctx context.Context, env *Env, t *tillFlags, m func(pbconnect.StaffServiceClient, context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) (*A, error) {
	at, err := t.address(env)
	if err != nil {
		return nil, err
	}
	c, err := admin.DialStaff(at)
	if err != nil {
		return nil, notDialled(err)
	}
	a, err := m(c, ctx, connect.NewRequest(q))
	if err != nil {
		return nil, env.callError(err)
	}
	return a.Msg, nil
}

var tillReportList = Command{
	Name: "till report list", Short: "list what customers report to be wrong with payments to you", JSON: true,
	Long: `For the merchant's owners and developers. Lists the reports that wait for an answer, the one whose
promised time comes first at the top. --all lists the others too, in their order.`,
	Examples: []Example{{"holdfast till report list --to https://pay.example.com --token-file li.token", "what waits"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		q := &pb.ListMerchantReportsRequest{}
		t.flags(fs)
		fs.BoolVar(&q.All, "all", false, "those that are answered or closed too")
		fs.Uint64Var(&q.After, "after", 0, "with --all: start after this `NUMBER`")
		limit := fs.Uint("limit", 100, "at most `N` reports, up to 500")
		return func(ctx context.Context, env *Env, _ []string) error {
			q.Limit = uint32(min(*limit, 500))
			a, err := ownCall(ctx, env, &t, pbconnect.StaffServiceClient.ListReports, q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printOwnReports(env, a)
		}
	},
}

func printOwnReports(env *Env, a *pb.ListMerchantReportsResponse) error {
	if len(a.Reports) == 0 {
		fmt.Fprintln(env.Err, "no reports")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tSTATE\tPROMISED\tTROUBLE\tABOUT\tWORDS")
	for _, r := range a.Reports {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", r.Id, word(r.State), when(r.PromisedAt), word(r.Trouble), aboutText(r.Subject), r.Words)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.Next != 0 {
		fmt.Fprintf(env.Err, "more: holdfast till report list --all --after %d\n", a.Next)
	}
	return nil
}

var tillReportShow = Command{
	Name: "till report show", Args: "NUMBER", Short: "show what a customer reports", JSON: true,
	Long:     "For the merchant's owners and developers: what the customer says, by when an answer is promised, and what was answered.",
	Examples: []Example{{"holdfast till report show 17 --to https://pay.example.com --token-file li.token", "all that you may see of it"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		t.flags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			id, err := numberOf("report", args[0], "holdfast till report list")
			if err != nil {
				return err
			}
			r, err := ownCall(ctx, env, &t, pbconnect.StaffServiceClient.ShowReport, &pb.ShowMerchantReportRequest{Id: id})
			if err != nil {
				return err
			}
			return printOwnReport(env, r)
		}
	},
}

func printOwnReport(env *Env, r *pb.ReportShown) error {
	if env.JSON {
		return env.Message(r)
	}
	var b strings.Builder
	reportFields(&b, r)
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

var tillReportAnswer = Command{
	Name: "till report answer", Args: "NUMBER", Short: "answer a customer's report; they see it in their wallet", JSON: true,
	Long:     "For the merchant's owners and developers. The answer is sealed for the customer, and journalled as yours. A report has one answer; the same again changes nothing.",
	Examples: []Example{{"holdfast till report answer 17 --words '已退款，请查看账单。' --to https://pay.example.com --token-file li.token", "done"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var t tillFlags
		t.flags(fs)
		words := fs.String("words", "", "`TEXT` for the customer, at most 500 characters")
		return func(ctx context.Context, env *Env, args []string) error {
			id, err := numberOf("report", args[0], "holdfast till report list")
			if err != nil {
				return err
			}
			if *words == "" {
				return usage("--words TEXT", "what do you answer?")
			}
			r, err := ownCall(ctx, env, &t, pbconnect.StaffServiceClient.AnswerReport, &pb.AnswerMerchantReportRequest{Id: id, Words: *words})
			if err != nil {
				return err
			}
			return printOwnReport(env, r)
		}
	},
}
