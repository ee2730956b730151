package admintest

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Group is a cluster as the administration sees it: three members whose state
// a test sets, and what was done to them.
type Group struct {
	// Now is what Shown is, changed by the calls.
	Now *pb.ClusterStatus
	// Err, when set, is the answer to everything.
	Err error
	// Known is the highest feature level that all know.
	Known uint32

	// Handover is how often nobody leads in Status after a change.
	Handover int

	mu   sync.Mutex
	done []string
}

// WithGroup makes the site's node one of g.
func (d *Site) WithGroup(g *Group) { d.serve(g) }

// Done lists what was asked of the group, as "verb member actor".
func (g *Group) Done() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.done...)
}

// Status implements admin.Cluster.
func (g *Group) Status(context.Context) (*pb.ClusterStatus, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Err != nil {
		return nil, g.Err
	}
	now := proto.CloneOf(g.Now)
	if g.Handover > 0 && len(g.done) > 0 {
		g.Handover--
		now.Leader = 0
	}
	return now, nil
}

// Token implements admin.Cluster; it is no real one.
func (g *Group) Token(valid time.Duration) (string, int64, error) {
	return "holdfast-join.aaaa.bbbb.cccc.dddd", time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC).Add(valid).UnixMilli(), g.Err
}

// Promote implements admin.Cluster.
func (g *Group) Promote(_ context.Context, actor, member string, force bool) error {
	return g.change(forced("promote", force), actor, member, func(n *pb.ClusterNode) { n.Member.Role = pb.MemberRole_MEMBER_ROLE_VOTER })
}

// Remove implements admin.Cluster.
func (g *Group) Remove(_ context.Context, actor, member string, force bool) error {
	return g.change(forced("remove", force), actor, member, func(n *pb.ClusterNode) {
		n.Member.Role = pb.MemberRole_MEMBER_ROLE_REMOVED
		if n.Leader {
			g.lead(g.voter())
		}
	})
}

func forced(verb string, force bool) string {
	if force {
		return verb + " by force"
	}
	return verb
}

// Transfer implements admin.Cluster.
func (g *Group) Transfer(_ context.Context, actor, member string) error {
	return g.change("transfer", actor, member, g.lead)
}

// lead makes a node the leader.
func (g *Group) lead(n *pb.ClusterNode) {
	for _, other := range g.Now.Nodes {
		other.Leader = other == n
	}
	g.Now.Leader = n.GetMember().GetRaftId()
}

// voter is the first node with a vote.
func (g *Group) voter() *pb.ClusterNode {
	for _, n := range g.Now.Nodes {
		if n.Member.Role == pb.MemberRole_MEMBER_ROLE_VOTER {
			return n
		}
	}
	return nil
}

// LevelKnown implements admin.Cluster.
func (g *Group) LevelKnown(context.Context) (uint32, error) { return g.Known, g.Err }

// change does what to the member called member; none is the last one.
func (g *Group) change(verb, actor, member string, what func(*pb.ClusterNode)) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Err != nil {
		return g.Err
	}
	for i, n := range g.Now.Nodes {
		if n.Member.Name == member || member == "" && i == len(g.Now.Nodes)-1 {
			g.done = append(g.done, verb+" "+n.Member.Name+" "+actor)
			what(n)
			return nil
		}
	}
	return &admin.Refusal{Text: "no member is called " + member, Hint: "holdfast cluster status lists the members"}
}

// NewGroup is three nodes: n1 leads, n2 votes and lags, n3 learns. All were
// scrubbed three hours ago.
func NewGroup() *Group {
	at := time.Now().Add(-3 * time.Hour).UnixMilli()
	node := func(i uint64, name string, role pb.MemberRole) *pb.ClusterNode {
		return &pb.ClusterNode{
			Member:  &pb.MemberShown{RaftId: i, Incarnation: 10 + i, Name: name, Address: name + ".example.com:7445", Role: role},
			Applied: 48213, LastIndex: 48213, Version: "v0.2.0", Proven: true,
			Health: &pb.NodeHealth{Serving: true, DiskFree: 42 << 30, ScrubDone: at, ScrubPercent: 40, KeystoreGeneration: 3},
		}
	}
	n1, n2, n3 := node(1, "n1", pb.MemberRole_MEMBER_ROLE_VOTER), node(2, "n2", pb.MemberRole_MEMBER_ROLE_VOTER), node(3, "n3", pb.MemberRole_MEMBER_ROLE_LEARNER)
	n1.Self, n1.Leader = true, true
	n2.HeardMs, n2.Applied, n2.LastIndex, n2.Lag, n2.Why, n2.ClockMs = 730, 46001, 46100, 2212, "its disk is slow", -12
	n2.Health.DiskFree, n2.Health.DiskLow, n2.Health.DamageFound = 1<<30, true, 2
	n3.HeardMs, n3.Applied, n3.LastIndex, n3.Lag, n3.Fetching, n3.Proven = 41, 0, 0, 48213, 48000, false
	n3.Health = &pb.NodeHealth{Trouble: "it fetches a snapshot", DiskFree: 80 << 30}
	return &Group{Known: 3, Now: &pb.ClusterStatus{
		ClusterId: 0x0123456789abcdef, Leader: 1, Term: 4, Commit: 48213, Nodes: []*pb.ClusterNode{n1, n2, n3},
		Next: []string{"n2 has little disk left: free some, or give it a larger one"}, NoticesOwed: 3, OldestNoticeAgeMs: 2100,
		DigestsEqual: true, MarkIndex: 48200, Couriers: []*pb.ClusterCourier{{Name: "c1", Lanes: 128, LeaseUntil: at + 30_000}, {Name: "c2", Lanes: 128, LeaseUntil: at + 31_000}},
	}}
}
