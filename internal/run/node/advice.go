package node

import (
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// silent is after how long without a word a node counts as gone, milliseconds.
const silent = 3000

// gone says whether a node was not heard of lately.
func gone(node *pb.ClusterNode) bool { return node.HeardMs < 0 || node.HeardMs > silent }

// whyBehind says why a node is not where the others are; "" when it is.
func whyBehind(node *pb.ClusterNode) string {
	switch {
	case node.HeardMs < 0:
		return "not heard of since this node started"
	case node.HeardMs > silent:
		return fmt.Sprintf("not heard of for %d s", node.HeardMs/1000)
	case node.Fetching != 0:
		return fmt.Sprintf("fetching a snapshot of index %d", node.Fetching)
	case !node.Proven:
		return "asking the others whether its disk is the newest they know"
	case node.Lag > 1000:
		return "catching up"
	case node.GetHealth().GetKeysMissing() > 0:
		return fmt.Sprintf("lacks data keys (%d), which it fetches from the others", node.Health.KeysMissing)
	}
	return ""
}

// stand is what of the state decides about the next step.
type stand struct {
	level, known uint32     // the feature level, and the highest that all nodes know
	now          int64      // business time, Unix milliseconds
	oldest       *pb.Notice // that is owed, nil for none
}

// nextSteps says what to do, the most pressing first: what stops payments, what
// the next fault would stop, what merchants wait for, what can wait till morning.
func nextSteps(a *pb.ClusterStatus, s member.Status, st stand) (steps []string) {
	steps = append(steps, leaderSteps(a, s)...)
	for _, node := range a.Nodes {
		if step := nodeStep(a, node, s); step != "" {
			steps = append(steps, node.Member.Name+" "+step)
		}
	}
	steps = append(steps, noticeSteps(a, st)...)
	voters, learners := 0, 0
	for _, node := range a.Nodes {
		switch node.Member.Role {
		case pb.MemberRole_MEMBER_ROLE_VOTER:
			voters++
		case pb.MemberRole_MEMBER_ROLE_LEARNER:
			learners++
		}
	}
	if voters == 2 && learners == 0 {
		steps = append(steps, "two voters survive the loss of none: add a third with holdfast cluster add NAME")
	}
	if st.known > st.level {
		steps = append(steps, fmt.Sprintf("all nodes know feature level %d and the cluster is at %d: holdfast level set %d", st.known, st.level, st.known))
	}
	return steps
}

// leaderSteps are about who takes writes.
func leaderSteps(a *pb.ClusterStatus, s member.Status) (steps []string) {
	if s.Leader == 0 {
		heard, majority := 0, len(s.Voters)/2+1
		var missing []string
		for _, node := range a.Nodes {
			switch {
			case node.Member.Role != pb.MemberRole_MEMBER_ROLE_VOTER:
			case gone(node):
				missing = append(missing, node.Member.Name)
			default:
				heard++
			}
		}
		if heard < majority {
			steps = append(steps, fmt.Sprintf("no payment is taken: %d of %d voters are heard and %d are needed; start %s", heard, len(s.Voters), majority, strings.Join(missing, " or ")))
		} else {
			steps = append(steps, fmt.Sprintf("no leader although %d of %d voters are heard: one is elected within seconds; if not, ask the other nodes for their cluster status: a link works one way only, or a disk hangs", heard, len(s.Voters)))
		}
	}
	if !s.ClockTrusted {
		steps = append(steps, fmt.Sprintf("this node's clock is %d ms off the majority's: set it right (chronyc tracking)", -s.ClockOffset))
	}
	return steps
}

// nodeStep is what to do about one node, to be read after its name.
func nodeStep(a *pb.ClusterStatus, node *pb.ClusterNode, s member.Status) string {
	name, h := node.Member.Name, node.GetHealth()
	switch {
	case gone(node) && node.Member.Role == pb.MemberRole_MEMBER_ROLE_LEARNER:
		return fmt.Sprintf("does not answer: start it, or look at its machine; if it is not to come back: holdfast cluster remove %s", name)
	case gone(node) && s.Leader == 0:
		return "does not answer: start it, or look at its machine"
	case gone(node):
		return fmt.Sprintf("does not answer: start it, or look at its machine; if that is lost for good, put another in its place: holdfast cluster add %s", name)
	case h.GetDiskLow():
		return fmt.Sprintf("has little disk space left (%d MiB) and refuses writes: free some%s", h.DiskFree>>20, meanwhile(node))
	case node.Digest != "" && differs(a, node):
		return "holds another state than the majority: it fetches theirs by itself; if it happens again, look at its disk and memory"
	case h.GetDamageFound() > 0:
		return fmt.Sprintf("has %d findings of damage on its disk that are not healed: its log names the files; replace the disk if they come again", h.DamageFound)
	case node.ClockMs > 1000 || node.ClockMs < -1000:
		return fmt.Sprintf("has a clock that is %d ms off this node's: set it right (chronyc tracking)", node.ClockMs)
	case h.GetServing() && h.GetTrouble() != "" && s.Leader != 0:
		return "takes no payments: " + h.Trouble + meanwhile(node)
	}
	return ""
}

// meanwhile helps while a leader can't take writes.
func meanwhile(node *pb.ClusterNode) string {
	if node.Leader {
		return "; meanwhile move the lead: holdfast cluster transfer"
	}
	return ""
}

// differs says whether a node's digest is not the newest mark's. marksEqual gave
// one to those only that have the newest mark, and to those that differ.
func differs(a *pb.ClusterStatus, node *pb.ClusterNode) bool {
	return a.MarkIndex != 0 && !a.DigestsEqual && node.Health.GetMarkIndex() != a.MarkIndex
}

// noticeSteps are about what merchants wait for.
func noticeSteps(a *pb.ClusterStatus, st stand) []string {
	if a.OldestNoticeAgeMs <= 60_000 {
		return nil
	}
	waits := fmt.Sprintf("the oldest notice waits for %d s: ", a.OldestNoticeAgeMs/1000)
	alive := 0
	for _, c := range a.Couriers {
		if c.LeaseUntil > st.now {
			alive++
		}
	}
	if alive == 0 && st.level >= lane.Level {
		return []string{waits + "no courier runs; start holdfast courier on any machine"}
	}
	return []string{fmt.Sprintf("%sholdfast inspect notice %d says what merchant %s answers; if many wait, look at the couriers' logs",
		waits, st.oldest.GetId(), st.oldest.GetMchid())}
}
