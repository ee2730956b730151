package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

var walletReport = Command{
	Name: "wallet report", Args: "SUBJECT", Short: "say what went wrong with a payment of yours", JSON: true,
	Long: `SUBJECT is what a bill names: order/17, refund/3, transfer/5 or packet/2. The answer is
promised by a time that is shown, and stands in ` + "`holdfast wallet reports`" + `. --id is the
identity of the report: the same one again is the same report.`,
	Examples: []Example{{"holdfast wallet report order/17 --trouble not_received --words '没有出餐'", "paid, and nothing came"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var q pb.ReportProblemRequest
		w.flags(fs)
		fs.StringVar(&q.ClientId, "id", "", "`IDENTITY` of the report, at most 64 bytes; a fresh one is drawn and printed")
		fs.StringVar(&q.Trouble, "trouble", "other", "`WHAT`: not_received, charged_twice, wrong_amount, not_me, refund_missing or other")
		fs.StringVar(&q.Words, "words", "", "`TEXT` that says more, at most 500 characters")
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			q.Subject, q.ClientId = args[0], clientID(q.ClientId)
			fmt.Fprintf(env.Err, "report %s\n", q.ClientId)
			v, err := walletCall(ctx, env, c.ReportProblem, &q)
			if err != nil {
				return err
			}
			return showOwnReport(env, v)
		}
	},
}

var walletReports = Command{
	Name: "wallet reports", Args: "[NUMBER]", Short: "list your reports, show one, or close it", JSON: true,
	Long: "Without a number: your reports, newest first, with their answers. --close ends one: you are content, or need no answer any more.",
	Examples: []Example{
		{"holdfast wallet reports", "all of them"},
		{"holdfast wallet reports 17 --close", "thank you"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		done := fs.Bool("close", false, "close the report")
		return func(ctx context.Context, env *Env, args []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				list, err := walletCall(ctx, env, c.ListReports, &pb.ListReportsRequest{Limit: 100})
				if err != nil {
					return err
				}
				return listOwnReports(env, list)
			}
			id, err := reportNumber(args[0])
			if err != nil {
				return err
			}
			var v *pb.ReportView
			if *done {
				v, err = walletCall(ctx, env, c.CloseReport, &pb.CloseReportRequest{Report: id})
			} else {
				v, err = walletCall(ctx, env, c.ShowReport, &pb.ShowReportRequest{Report: id})
			}
			if err != nil {
				return err
			}
			return showOwnReport(env, v)
		}
	},
}

func showOwnReport(env *Env, v *pb.ReportView) error {
	if env.JSON {
		return env.Message(v)
	}
	var b strings.Builder
	fields(&b,
		"report", fmt.Sprintf("%d  %s  %s", v.Report, v.Trouble, v.State), "about", v.Subject, "merchant", v.Merchant, "words", v.Words,
		"promised", when(v.PromisedAt), "answer", v.Answer)
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

func listOwnReports(env *Env, list *pb.ListReportsResponse) error {
	if env.JSON {
		return env.Message(list)
	}
	if len(list.Reports) == 0 {
		fmt.Fprintln(env.Err, "no reports")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tSTATE\tPROMISED\tTROUBLE\tABOUT\tANSWER")
	for _, v := range list.Reports {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", v.Report, v.State, when(v.PromisedAt), v.Trouble, v.Subject, v.Answer)
	}
	return w.Flush()
}
