package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var status = Command{
	Name: "status", Short: "how the node is: position, journal, notices, and why it is read-only", JSON: true, Admin: true,
	Long: `Prints the applied index, the journal's size and root, the verifier key that checks
receipts, how many notices are owed and how old the oldest is, and the lag of the
views. A read-only node says why.`,
	Examples: []Example{
		{"holdfast status", "is it well?"},
		{"holdfast status --json", "for a script"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, _ []string) error {
			a, err := call(ctx, env, pbconnect.AdminServiceClient.Status, &pb.AdminStatusRequest{})
			if err != nil {
				return err
			}
			return printStatus(env, a)
		}
	},
}

func printStatus(env *Env, a *pb.AdminStatus) error {
	if env.JSON {
		return env.Message(a)
	}
	mode := "takes payments"
	if a.ReadOnly {
		mode = "READ-ONLY: " + a.ReadOnlyWhy
	}
	var b strings.Builder
	fields(&b,
		"node", mode, "version", a.Version, "business time", when(a.Now), "sandbox", choose(a.Sandbox, "yes", ""),
		"applied index", fmt.Sprint(a.AppliedIndex), "feature level", fmt.Sprint(a.Level),
		"journal", fmt.Sprintf("%d entries, root %s", a.JournalSize, a.JournalRoot), "verifier", a.Verifier,
		"checkpoint", strings.Join(strings.Fields(firstLines(a.Checkpoint, 3)), " "),
		"notices owed", fmt.Sprintf("%d, oldest %v", a.NoticesOwed, time.Duration(a.OldestNoticeAgeMs)*time.Millisecond),
		"signed with", a.SigningLibrary,
		"view lag", fmt.Sprintf("%d entries", a.ViewLag))
	return write(env, &b)
}

func firstLines(s string, n int) string {
	lines := strings.SplitN(s, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
