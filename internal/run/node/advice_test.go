package node

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// three is a cluster in which all is well, as n1 sees it, which leads.
func three() (*pb.ClusterStatus, member.Status, stand) {
	a := &pb.ClusterStatus{Leader: 1, MarkIndex: 100, DigestsEqual: true, Couriers: []*pb.ClusterCourier{{Name: "east", Lanes: 256, LeaseUntil: 2000}}}
	for i := range uint64(3) {
		a.Nodes = append(a.Nodes, &pb.ClusterNode{
			Member: &pb.MemberShown{RaftId: i + 1, Name: "n" + string(rune('1'+i)), Role: pb.MemberRole_MEMBER_ROLE_VOTER}, Self: i == 0, Leader: i == 0,
			Proven: true, Digest: "d1", HeardMs: int64(50 * min(i, 1)), Health: &pb.NodeHealth{Serving: true, MarkIndex: 100},
		})
	}
	return a, member.Status{Leader: 1, Voters: []uint64{1, 2, 3}, ClockTrusted: true}, stand{level: machine.MaxLevel, known: machine.MaxLevel, now: 1000}
}

func TestNextSteps(t *testing.T) {
	t.Parallel()
	voter, learner := pb.MemberRole_MEMBER_ROLE_VOTER, pb.MemberRole_MEMBER_ROLE_LEARNER
	type change func(*pb.ClusterStatus, *member.Status, *stand)
	node := func(i int, f func(*pb.ClusterNode)) change {
		return func(a *pb.ClusterStatus, _ *member.Status, _ *stand) { f(a.Nodes[i]) }
	}
	silence := func(i int) change { return node(i, func(n *pb.ClusterNode) { n.HeardMs = silent + 1 }) }
	leaderless := func(a *pb.ClusterStatus, s *member.Status, _ *stand) {
		a.Leader, s.Leader, a.Nodes[0].Leader = 0, 0, false
	}
	late := func(a *pb.ClusterStatus, _ *member.Status, st *stand) {
		a.OldestNoticeAgeMs, st.oldest = 61_000, &pb.Notice{Id: 7, Mchid: "1900000001"}
	}
	for _, c := range []struct {
		name    string
		changes []change
		want    []string // a part of each step, in order
	}{
		{"all is well", nil, nil},
		{"a voter is silent", []change{silence(2)}, []string{"n3 does not answer: start it, or look at its machine; if that is lost for good, put another in its place: holdfast cluster add n3"}},
		{"a voter was never heard", []change{node(2, func(n *pb.ClusterNode) { n.HeardMs = -1 })}, []string{"n3 does not answer"}},
		{"just not yet silent", []change{node(2, func(n *pb.ClusterNode) { n.HeardMs = silent })}, nil},
		{"a learner is silent", []change{silence(2), node(2, func(n *pb.ClusterNode) { n.Member.Role = learner })},
			[]string{"if it is not to come back: holdfast cluster remove n3"}},
		{"two of three are gone", []change{silence(1), silence(2), leaderless},
			[]string{"no payment is taken: 1 of 3 voters are heard and 2 are needed; start n2 or n3", "n2 does not answer: start it, or look at its machine", "n3 does not answer"}},
		{"no leader, all there", []change{leaderless}, []string{"no leader although 3 of 3 voters are heard"}},
		{"clock not trusted", []change{func(_ *pb.ClusterStatus, s *member.Status, _ *stand) { s.ClockTrusted, s.ClockOffset = false, -3000 }},
			[]string{"this node's clock is 3000 ms off"}},
		{"a peer's clock", []change{node(1, func(n *pb.ClusterNode) { n.ClockMs = -1001 })}, []string{"n2 has a clock that is -1001 ms off"}},
		{"disk of the leader", []change{node(0, func(n *pb.ClusterNode) { n.Health.DiskLow, n.Health.DiskFree = true, 9<<20 })},
			[]string{"n1 has little disk space left (9 MiB) and refuses writes: free some; meanwhile move the lead: holdfast cluster transfer"}},
		{"disk of another", []change{node(1, func(n *pb.ClusterNode) { n.Health.DiskLow = true })}, []string{"n2 has little disk space left (0 MiB) and refuses writes: free some"}},
		{"read-only", []change{node(1, func(n *pb.ClusterNode) { n.Health.Trouble = "read-only: x; holdfast quarantine 9" })},
			[]string{"n2 takes no payments: read-only: x; holdfast quarantine 9"}},
		{"starting is no trouble", []change{node(1, func(n *pb.ClusterNode) { n.Health.Serving, n.Health.Trouble = false, "starting: replica" })}, nil},
		{"damage", []change{node(1, func(n *pb.ClusterNode) { n.Health.DamageFound = 2 })}, []string{"n2 has 2 findings of damage"}},
		{"what a silent node said is old", []change{silence(1), node(1, func(n *pb.ClusterNode) { n.Health.DamageFound = 2 })}, []string{"n2 does not answer"}},
		{"another state", []change{node(2, func(n *pb.ClusterNode) { n.Digest, n.Health.MarkIndex = "d2", 90 }), func(a *pb.ClusterStatus, _ *member.Status, _ *stand) { a.DigestsEqual = false }},
			[]string{"n3 holds another state than the majority"}},
		{"not compared yet", []change{node(2, func(n *pb.ClusterNode) { n.Digest, n.Health.MarkIndex = "", 0 }), func(a *pb.ClusterStatus, _ *member.Status, _ *stand) { a.DigestsEqual = false }}, nil},
		{"two voters", []change{func(a *pb.ClusterStatus, _ *member.Status, _ *stand) { a.Nodes = a.Nodes[:2] }}, []string{"two voters survive the loss of none"}},
		{"the third is on its way", []change{node(2, func(n *pb.ClusterNode) { n.Member.Role = learner })}, nil},
		{"one voter is enough for itself", []change{func(a *pb.ClusterStatus, _ *member.Status, _ *stand) { a.Nodes = a.Nodes[:1] }}, nil},
		{"a late notice", []change{late}, []string{"the oldest notice waits for 61 s: holdfast inspect notice 7 says what merchant 1900000001 answers"}},
		{"no courier", []change{late, func(a *pb.ClusterStatus, _ *member.Status, _ *stand) { a.Couriers = nil }}, []string{"no courier runs; start holdfast courier"}},
		{"its lease is over", []change{late, func(_ *pb.ClusterStatus, _ *member.Status, st *stand) { st.now = 2000 }}, []string{"no courier runs"}},
		{"below the level of leases", []change{late, func(a *pb.ClusterStatus, _ *member.Status, st *stand) { a.Couriers, st.level, st.known = nil, 2, 2 }},
			[]string{"holdfast inspect notice 7"}},
		{"a level to raise", []change{func(_ *pb.ClusterStatus, _ *member.Status, st *stand) { st.level = 2 }}, []string{fmt.Sprint("holdfast level set ", machine.MaxLevel)}},
		{"one node knows less", []change{func(_ *pb.ClusterStatus, _ *member.Status, st *stand) { st.level, st.known = 2, 2 }}, nil},
	} {
		a, s, st := three()
		for _, change := range c.changes {
			change(a, &s, &st)
		}
		got := nextSteps(a, s, st)
		ok := len(got) == len(c.want)
		for i := 0; ok && i < len(got); i++ {
			ok = strings.Contains(got[i], c.want[i])
		}
		if !ok {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		if len(a.Nodes) > 0 && a.Nodes[0].Member.Role != voter {
			t.Errorf("%s: the test changed what it shares", c.name)
		}
	}
}

func TestWhyBehind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		node *pb.ClusterNode
		want string
	}{
		{&pb.ClusterNode{Proven: true}, ""},
		{&pb.ClusterNode{Proven: true, Lag: 1000}, ""},
		{&pb.ClusterNode{Proven: true, Lag: 1001}, "catching up"},
		{&pb.ClusterNode{HeardMs: -1, Lag: 5}, "not heard of since this node started"},
		{&pb.ClusterNode{HeardMs: 3000, Proven: true}, ""},
		{&pb.ClusterNode{HeardMs: 7100, Proven: true, Fetching: 3}, "not heard of for 7 s"},
		{&pb.ClusterNode{Fetching: 42, Lag: 9}, "fetching a snapshot of index 42"},
		{&pb.ClusterNode{Lag: 9}, "asking the others whether its disk is the newest they know"},
		{&pb.ClusterNode{Proven: true, Health: &pb.NodeHealth{KeysAt: 9, KeysMissing: 12}}, "lacks data keys (12), which it fetches from the others"},
		// Its own words are shown as they are, once.
		{&pb.ClusterNode{Proven: true, Health: &pb.NodeHealth{Trouble: "read-only"}}, ""},
	} {
		if got := whyBehind(c.node); got != c.want {
			t.Errorf("%v: %q, want %q", c.node, got, c.want)
		}
	}
}

func TestMarksEqual(t *testing.T) {
	t.Parallel()
	type at struct {
		index  uint64
		digest string
	}
	for _, c := range []struct {
		name    string
		nodes   []at
		differ  map[uint64]agree.Mark // by number of the node, from 1
		index   uint64
		equal   bool
		digests string // first byte of each, '-' for none
	}{
		{"all at one mark", []at{{9, "a"}, {9, "a"}, {9, "a"}}, nil, 9, true, "aaa"},
		{"one is a mark behind", []at{{9, "a"}, {8, "b"}, {9, "a"}}, nil, 9, true, "a-a"},
		{"one was not compared", []at{{9, "a"}, {0, ""}, {9, "a"}}, nil, 9, false, "a-a"},
		{"nobody was", []at{{0, ""}, {0, ""}, {0, ""}}, nil, 0, false, "---"},
		{"one differs", []at{{9, "a"}, {9, "a"}, {7, "c"}}, map[uint64]agree.Mark{3: {Index: 9, Digest: [32]byte{'x'}}}, 9, false, "aax"},
		{"it has healed since", []at{{12, "a"}, {12, "a"}, {12, "a"}}, map[uint64]agree.Mark{3: {Index: 9, Digest: [32]byte{'x'}}}, 12, true, "aaa"},
		{"no nodes", nil, nil, 0, false, ""},
	} {
		var nodes []*pb.ClusterNode
		for i, n := range c.nodes {
			nodes = append(nodes, &pb.ClusterNode{Member: &pb.MemberShown{RaftId: uint64(i + 1)}, Health: &pb.NodeHealth{MarkIndex: n.index, MarkDigest: []byte(n.digest)}})
		}
		index, equal := marksEqual(nodes, c.differ)
		digests := ""
		for _, n := range nodes {
			if n.Digest == "" {
				digests += "-"
				continue
			}
			var first byte
			for _, h := range n.Digest[:2] {
				first = first<<4 | byte(strings.IndexRune("0123456789abcdef", h))
			}
			digests += string(first)
		}
		if index != c.index || equal != c.equal || digests != c.digests {
			t.Errorf("%s: index %d, equal %t, digests %q; want %d, %t, %q", c.name, index, equal, digests, c.index, c.equal, c.digests)
		}
	}
}
