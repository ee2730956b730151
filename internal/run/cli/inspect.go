package cli

import (
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// inspectFlags are shared by the inspect commands and receipt get.
func inspectFlags(fs *flag.FlagSet) *pb.InspectRequest {
	q := new(pb.InspectRequest)
	fs.StringVar(&q.Mchid, "mchid", "", "read ID as this merchant's own number: `MCHID`")
	fs.Func("limit", "show at most `N` steps, lines or attempts (default 100)", func(s string) error {
		var n uint32
		if _, err := fmt.Sscanf(s, "%d", &n); err != nil || n == 0 || n > 10000 {
			return fmt.Errorf("it is not a number from 1 to 10000")
		}
		q.Limit = n
		return nil
	})
	return q
}

// printSteps shows what happened and when, with who asked and what moved.
func printSteps(b *strings.Builder, steps []*pb.Step) {
	if len(steps) == 0 {
		return
	}
	b.WriteString("steps\n")
	first := steps[0].At
	for _, s := range steps {
		entry := ""
		if s.Seq != 0 || s.Actor != "" {
			entry = fmt.Sprintf("  entry %d by %s", s.Seq, s.Actor)
		}
		fmt.Fprintf(b, "  %s  %s  %s%s\n", when(s.At), since(s.At-first), s.What, entry)
		for _, p := range s.Postings {
			fmt.Fprintf(b, "      %s  %s  from %s to %s\n", word(p.Code), yuan(p.Amount), p.Debit, p.Credit)
		}
	}
}

// since shows milliseconds after the first step.
func since(ms int64) string {
	switch {
	case ms < 1000:
		return fmt.Sprintf("+%dms", ms)
	case ms < 120_000:
		return fmt.Sprintf("+%.1fs", float64(ms)/1000)
	case ms < 48*3_600_000:
		return fmt.Sprintf("+%dm", ms/60_000)
	}
	return fmt.Sprintf("+%dd", ms/86_400_000)
}

// printNotices shows notices with their attempts.
func printNotices(b *strings.Builder, notices []*pb.NoticeShown) {
	for _, n := range notices {
		fmt.Fprintf(b, "notice %d  %s  %s after %d attempts", n.Id, word(n.Event), word(n.State), n.Attempts)
		switch n.State {
		case pb.NoticeState_NOTICE_STATE_OWED:
			fmt.Fprintf(b, ", next %s", when(n.NextAt))
		case pb.NoticeState_NOTICE_STATE_DELIVERED, pb.NoticeState_NOTICE_STATE_PARKED:
			fmt.Fprintf(b, ", %s", when(n.SettledAt))
		}
		fmt.Fprintf(b, "\n  to %s\n", n.Url)
		for _, a := range n.Recent {
			printAttempt(b, a)
		}
		if d := n.LastDuplicate; d != nil {
			fmt.Fprintf(b, "  delivered %d times more than recorded, last by courier %s at %s\n", n.Duplicates, d.Courier, when(d.At))
		}
	}
}

func printAttempt(b *strings.Builder, a *pb.Attempt) {
	fmt.Fprintf(b, "  attempt %d  %s  %s  %.1f ms", a.Number, when(a.At), word(a.Outcome), float64(a.TookUs)/1000)
	if a.HttpStatus != 0 {
		fmt.Fprintf(b, "  status %d", a.HttpStatus)
	}
	if a.Courier != "" {
		fmt.Fprintf(b, "  by %s", a.Courier)
	}
	if a.Answer != "" {
		fmt.Fprintf(b, "  %q", a.Answer)
	}
	b.WriteString("\n")
}

// printReceipt says whether a receipt came and how to keep it.
func printReceipt(b *strings.Builder, r *pb.Receipt, id string) {
	if r == nil || r.Checkpoint == "" {
		b.WriteString("receipt  not yet: the next checkpoint covers it\n")
		return
	}
	fmt.Fprintf(b, "receipt  leaf %d, %d hashes to the checkpoint; keep it: holdfast receipt get %s --out FILE\n", r.LeafIndex, len(r.Proof), id)
}

func write(env *Env, b *strings.Builder) error {
	_, err := env.Out.Write([]byte(b.String()))
	return err
}
