package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var reportList = Command{
	Name: "report list", Short: "list what people report to be wrong with payments", JSON: true, Admin: true,
	Long: "Lists the reports that wait for an answer, the one whose promised time comes first at the top. --all lists the others too, in their order.",
	Examples: []Example{
		{"holdfast report list", "what waits"},
		{"holdfast report list --all --after 200", "everything from the 201st on"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminReportListRequest
		fs.BoolVar(&q.All, "all", false, "those that are answered or closed too")
		fs.Uint64Var(&q.After, "after", 0, "with --all: start after this `NUMBER`")
		limit := fs.Uint("limit", 100, "at most `N` reports, up to 500")
		return func(ctx context.Context, env *Env, _ []string) error {
			q.Limit = uint32(min(*limit, 500))
			a, err := call(ctx, env, pbconnect.AdminServiceClient.ReportList, &q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printReports(env, a)
		}
	},
}

func printReports(env *Env, a *pb.AdminReportListResponse) error {
	if len(a.Reports) == 0 {
		fmt.Fprintln(env.Err, "no reports")
		return nil
	}
	w := tabwriter.NewWriter(env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tSTATE\tPROMISED\tTROUBLE\tABOUT\tMERCHANT\tPERSON")
	for _, r := range a.Reports {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%d\n", r.Id, word(r.State), when(r.PromisedAt), word(r.Trouble), aboutText(r.Subject), cmp.Or(r.Mchid, "-"), r.Uid)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.Next != 0 {
		fmt.Fprintf(env.Err, "more: holdfast report list --all --after %d\n", a.Next)
	}
	return nil
}

// aboutText is what a report is about, as inspect takes it.
func aboutText(s *pb.Subject) string { return fmt.Sprintf("%s/%d", word(s.GetKind()), s.GetId()) }

// reportNumber reads 17 or report/17.
func reportNumber(arg string) (uint64, error) {
	return numberOf("report", arg, "17, as `holdfast report list` shows it")
}

// numberOf reads the number of something that is named as 17 or kind/17; hint says where
// it is found.
func numberOf(kind, arg, hint string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(arg, kind+"/"), 10, 64)
	if err != nil {
		return 0, usage(hint, "%q is no %s's number", arg, kind)
	}
	return n, nil
}

var reportShow = Command{
	Name: "report show", Args: "NUMBER", Short: "show a report with everything that belongs to it", JSON: true, Admin: true,
	Long: `Shows what the person says, the time of the promised answer, and, as they are now, the
order with its refunds, notices and their attempts, and every step in the journal.
The entries named as evidence are those that were there when it was reported.`,
	Examples: []Example{{"holdfast report show 17", "all there is about it"}},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, args []string) error {
			id, err := reportNumber(args[0])
			if err != nil {
				return err
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.ReportShow, &pb.AdminReportRequest{Id: id})
			if err != nil {
				return err
			}
			return showReport(env, a)
		}
	},
}

var reportAnswer = Command{
	Name: "report answer", Args: "NUMBER", Short: "answer a report; the person sees it in their wallet", JSON: true, Admin: true,
	Long:     "The answer is sealed for the person, and journalled as yours. A report has one answer; the same again changes nothing.",
	Examples: []Example{{"holdfast report answer 17 --words '已退款，请查看账单。'", "done"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		words := fs.String("words", "", "`TEXT` for the person, at most 500 characters")
		return func(ctx context.Context, env *Env, args []string) error {
			id, err := reportNumber(args[0])
			if err != nil {
				return err
			}
			if *words == "" {
				return usage("--words TEXT", "what do you answer?")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.ReportAnswer, &pb.AdminReportAnswerRequest{Id: id, Words: *words})
			if err != nil {
				return err
			}
			return showReport(env, a)
		}
	},
}

func showReport(env *Env, a *pb.AdminReport) error {
	if env.JSON {
		return env.Message(a)
	}
	var b strings.Builder
	r := a.Report
	reportFields(&b, r)
	if o := a.Order.GetOrder(); o != nil {
		fields(&b, "order", fmt.Sprintf("order/%d  %s  %s  %s", o.Id, o.OutTradeNo, yuan(o.Total), word(o.State)), "receipt", choose(a.Order.Receipt != nil, "there: holdfast receipt get", "not yet"))
	}
	printAttempts(&b, append(a.Order.GetNotices(), a.Refund.GetNotices()...))
	steps := append(append(a.Steps, a.Order.GetSteps()...), a.Refund.GetSteps()...)
	for _, s := range steps {
		fmt.Fprintf(&b, "step  %s  %s  by %s  entry %d\n", when(s.At), s.What, s.Actor, s.Seq)
	}
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

// reportFields prints what a report itself says.
func reportFields(b *strings.Builder, r *pb.ReportShown) {
	var evidence []string
	for _, seq := range r.Evidence {
		evidence = append(evidence, fmt.Sprint(seq))
	}
	fields(b,
		"report", fmt.Sprintf("%d  %s  %s", r.Id, word(r.Trouble), word(r.State)), "about", aboutText(r.Subject), "merchant", r.Mchid, "person", fmt.Sprint(r.Uid),
		"since", when(r.CreatedAt), "promised", when(r.PromisedAt), "words", r.Words, "answer", r.Answer,
		"answered", choose(r.AnsweredAt != 0, when(r.AnsweredAt)+"  by "+r.AnsweredBy, ""), "closed", choose(r.ClosedAt != 0, when(r.ClosedAt), ""),
		"not shown", r.Missing, "evidence", strings.Join(evidence, " "))
}

// printAttempts prints how notices were delivered.
func printAttempts(b *strings.Builder, notices []*pb.NoticeShown) {
	for _, n := range notices {
		fmt.Fprintf(b, "notice  %d  %s  %s  %d attempts\n", n.Id, word(n.Event), word(n.State), n.Attempts)
		for _, t := range n.Recent {
			fmt.Fprintf(b, "attempt  %s  %s  HTTP %d\n", when(t.At), word(t.Outcome), t.HttpStatus)
		}
	}
}
