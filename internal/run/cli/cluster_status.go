package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterStatus = Command{
	Name: "cluster status", Short: "who leads, who lags and why, and what to do next", JSON: true, Admin: true,
	Long: `Prints a line a node, as the node that answers knows it: its part in the cluster, when
it was last heard, how far it has applied and how far behind the leader that is, its
clock against the answering node's ("same" to a tenth of a second), free disk, how long
ago the last scrub ended and how far the present one is, and its version. A silent node's
line is what it said last. Below: what is wrong and why, whether the states
were equal when last compared, the oldest notice that is owed, the couriers, and the next
step, the most pressing first.`,
	Examples: []Example{
		{"holdfast cluster status", "what an operator asks at night"},
		{"holdfast cluster status --json", "for a script"},
	},
	Flags: func(*flag.FlagSet) RunFunc {
		return func(ctx context.Context, env *Env, _ []string) error {
			a, err := call(ctx, env, pbconnect.AdminServiceClient.ShowCluster, &pb.ShowClusterRequest{})
			if err != nil {
				return err
			}
			return printCluster(env, a)
		}
	},
}

func printCluster(env *Env, a *pb.ClusterStatus) error {
	if env.JSON {
		return env.Message(a)
	}
	var b strings.Builder
	fields(&b, "cluster", fmt.Sprintf("%016x, term %d, committed %d", a.ClusterId, a.Term, a.Commit), "leader", leaderName(a))
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tROLE\tSTATE\tHEARD\tAPPLIED\tLAG\tCLOCK\tDISK FREE\tSCRUBBED\tVERSION")
	for _, n := range a.Nodes {
		h := n.GetHealth()
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\n", n.GetMember().GetName(), role(n), nodeState(n), heard(n),
			n.Applied, n.Lag, clock(n), diskFree(n), scrubbed(h), dash(n.Version))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	b.WriteString("\n")
	for _, n := range a.Nodes {
		for _, why := range troubles(n) {
			fmt.Fprintf(&b, "%s: %s\n", n.GetMember().GetName(), why)
		}
	}
	fields(&b, "digests", digests(a), "notices", fmt.Sprintf("%d owed, oldest %v", a.NoticesOwed, time.Duration(a.OldestNoticeAgeMs)*time.Millisecond))
	for _, c := range a.Couriers {
		fields(&b, "courier", fmt.Sprintf("%s, %d lanes, until %s", c.Name, c.Lanes, utc(c.LeaseUntil)))
	}
	for _, step := range a.Next {
		fields(&b, "next   ", step)
	}
	return write(env, &b)
}

func leaderName(a *pb.ClusterStatus) string {
	for _, n := range a.Nodes {
		if a.Leader != 0 && n.GetMember().GetRaftId() == a.Leader {
			return n.Member.Name
		}
	}
	return "nobody: no payment is taken until a majority is back"
}

func role(n *pb.ClusterNode) string {
	switch {
	case n.Leader:
		return "leader"
	case n.GetMember().GetRole() == pb.MemberRole_MEMBER_ROLE_VOTER:
		return "voter"
	case n.GetMember().GetRole() == pb.MemberRole_MEMBER_ROLE_LEARNER:
		return "learner"
	case n.GetMember().GetRole() == pb.MemberRole_MEMBER_ROLE_REMOVED:
		return "removed"
	}
	return "-"
}

// silentMs is after how long without a word a node counts as gone: what it said
// last of itself is not news any more.
const silentMs = 3000

// nodeState is what a node is doing, in two words.
func nodeState(n *pb.ClusterNode) string {
	switch {
	case n.GetMember().GetRole() == pb.MemberRole_MEMBER_ROLE_REMOVED:
		return "-"
	case !n.Self && n.HeardMs < 0:
		return "unheard"
	case n.HeardMs > silentMs:
		return "silent"
	case n.Fetching > 0:
		return "fetching"
	case n.GetHealth().GetServing():
		return "serving"
	case !n.Proven:
		return "proving itself"
	}
	return "not serving"
}

func heard(n *pb.ClusterNode) string {
	switch {
	case n.Self:
		return "here"
	case n.HeardMs < 0:
		return "never"
	}
	return ago(time.Duration(n.HeardMs) * time.Millisecond)
}

// ago is an age in its largest unit.
func ago(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Second:
		return fmt.Sprintf("%dms ago", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds ago", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(d.Hours()))
	}
	return fmt.Sprintf("%dd ago", int(d.Hours())/24)
}

// diskFree is the free space as the node told it last, with its age when it is old.
func diskFree(n *pb.ClusterNode) string {
	free := size(n.GetHealth().GetDiskFree())
	if free != "-" && !n.Self && n.HeardMs > silentMs {
		free += " (" + heard(n) + ")"
	}
	return free
}

// clockGrain is how finely clocks are compared, milliseconds: nodes look at theirs
// once a tick, and a message takes its time.
const clockGrain = 100

func clock(n *pb.ClusterNode) string {
	if n.Self || n.HeardMs < 0 {
		return "-"
	}
	if n.ClockMs > -clockGrain && n.ClockMs < clockGrain {
		return "same"
	}
	return fmt.Sprintf("%+dms", n.ClockMs)
}

// size is a number of bytes in its largest binary unit, with one digit more.
func size(bytes uint64) string {
	unit, name := uint64(1), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if bytes/unit < 1024 {
			break
		}
		unit, name = unit*1024, next
	}
	if bytes == 0 {
		return "-"
	}
	return fmt.Sprintf("%d.%d %s", bytes/unit, bytes%unit*10/unit, name)
}

func scrubbed(h *pb.NodeHealth) string {
	done := "never"
	if h.GetScrubDone() != 0 {
		done = ago(time.Since(time.UnixMilli(h.ScrubDone)))
	}
	if p := h.GetScrubPercent(); p > 0 && p < 100 {
		done += fmt.Sprintf(", now %d%%", p)
	}
	return done
}

// troubles are the reasons why a node is not as it should be.
func troubles(n *pb.ClusterNode) (list []string) {
	h := n.GetHealth()
	if n.GetMember().GetRole() == pb.MemberRole_MEMBER_ROLE_REMOVED {
		return nil
	}
	switch {
	case n.Why != "" && n.Lag > 0:
		list = append(list, fmt.Sprintf("%s; %d entries behind", n.Why, n.Lag))
	case n.Why != "":
		list = append(list, n.Why)
	}
	if !n.Self && (n.HeardMs < 0 || n.HeardMs > silentMs) {
		return list // the rest is what it said before
	}
	if h.GetTrouble() != "" {
		list = append(list, h.Trouble)
	}
	if h.GetDiskLow() {
		list = append(list, "little disk left: "+size(h.DiskFree))
	}
	if h.GetDamageFound() > 0 {
		list = append(list, fmt.Sprintf("%d findings of damage are not healed", h.DamageFound))
	}
	return list
}

func digests(a *pb.ClusterStatus) string {
	switch {
	case a.MarkIndex == 0:
		return "not compared yet"
	case a.DigestsEqual:
		return fmt.Sprintf("equal at index %d", a.MarkIndex)
	}
	var compared, waiting []string
	seen := map[string]bool{}
	for _, n := range a.Nodes {
		if n.Digest != "" {
			seen[n.Digest] = true
			compared = append(compared, n.GetMember().GetName()+" "+n.Digest)
		} else {
			waiting = append(waiting, n.GetMember().GetName())
		}
	}
	if len(seen) > 1 {
		return fmt.Sprintf("NOT EQUAL at index %d: %s", a.MarkIndex, strings.Join(compared, ", "))
	}
	return fmt.Sprintf("equal at index %d; not compared yet: %s", a.MarkIndex, strings.Join(waiting, ", "))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
