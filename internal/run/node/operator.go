package node

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// operator is the group as the administration sees it.
type operator struct{ n *Node }

// operator is nil for a node without peers.
func (n *Node) operator() admin.Cluster {
	if n.group == nil {
		return nil
	}
	return operator{n}
}

// localCore runs commands wherever the leader is and reads what this node has:
// for the administration, whose requests go to the leader as a whole (leading);
// for the courier, to whom a notice told late is told all the same; for views.
type localCore struct{ *replica.Replica }

// Read implements admin.Core.
func (c localCore) Read(f func(table.Reader) error) error { return c.Local(f) }

// leading passes requests of the administration on to the leader; what tells how
// this node is, and everything while no leader is known, is answered here.
func (n *Node) leading(here http.Handler) http.Handler {
	if n.group == nil {
		return here
	}
	service := "/" + pbconnect.AdminServiceName + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rep := n.running.Load()
		own := !strings.HasPrefix(r.URL.Path, service) || r.URL.Path == pbconnect.AdminServiceShowClusterProcedure || r.URL.Path == pbconnect.AdminServiceStatusProcedure
		if own || rep == nil || rep.Leads() || !n.ready.Load() {
			here.ServeHTTP(w, r)
			return
		}
		leader := rep.LeaderMember()
		if leader == nil || leader.RaftId == n.raftLog.Identity().RaftID {
			here.ServeHTTP(w, r)
			return
		}
		proxy := &httputil.ReverseProxy{
			Rewrite:   func(p *httputil.ProxyRequest) { p.SetURL(&url.URL{Scheme: "https", Host: leader.Address}) },
			Transport: n.group.client.At(leader.Address).Admin(),
			ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
				_ = connect.NewErrorWriter().Write(w, r, connect.NewError(connect.CodeUnavailable,
					fmt.Errorf("the leader (%s) does not answer; ask again in a moment", leader.Name)))
			},
		}
		proxy.ServeHTTP(w, r)
	})
}

// Token implements admin.Cluster.
func (o operator) Token(valid time.Duration) (string, int64, error) {
	text, token, err := o.n.keys.NewJoinToken(time.Now(), valid)
	if err != nil {
		return "", 0, err
	}
	return text, token.Expires.UnixMilli(), nil
}

// find finds a member that is in the cluster by its name or raft id.
func (o operator) find(word string) (*pb.Member, error) {
	var found *pb.Member
	id, _ := strconv.ParseUint(word, 16, 64)
	for _, m := range o.n.replica.Status().Members.GetMembers() {
		if m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED && (m.Name == word || id != 0 && m.RaftId == id) {
			found = m
		}
	}
	if found == nil {
		return nil, &admin.Refusal{Text: fmt.Sprintf("no node of the cluster is called %q", word), Hint: "holdfast cluster status lists them"}
	}
	return found, nil
}

// changed is a failed change in an operator's words.
func changed(err error) error {
	switch {
	case errors.Is(err, replica.ErrLevel):
		return &admin.Refusal{Text: err.Error(), Hint: "then repeat this"}
	case err != nil && connect.CodeOf(err) == connect.CodeUnavailable:
		return &admin.Refusal{Text: err.Error(), Hint: "holdfast cluster status says what is wrong"}
	}
	return err
}

// Promote implements admin.Cluster.
func (o operator) Promote(ctx context.Context, actor, word string) error {
	m, err := o.find(word)
	if err != nil {
		return err
	}
	if m.Role == pb.MemberRole_MEMBER_ROLE_VOTER {
		return &admin.Refusal{Text: fmt.Sprintf("%s has a vote already", m.Name), Hint: "nothing is to be done"}
	}
	s := o.n.replica.Status()
	for _, p := range s.Peers {
		if p.Member.RaftId == m.RaftId && p.Match+1000 < s.LastIndex {
			return &admin.Refusal{Text: fmt.Sprintf("%s is %d entries behind", m.Name, s.LastIndex-p.Match), Hint: "wait until it has caught up: it gets its vote by itself then"}
		}
	}
	voter := &pb.Member{RaftId: m.RaftId, Incarnation: m.Incarnation, Name: m.Name, Address: m.Address, TokenId: m.TokenId, Role: pb.MemberRole_MEMBER_ROLE_VOTER}
	return changed(change(ctx, o.n.replica, actor, voter))
}

// Remove implements admin.Cluster.
func (o operator) Remove(ctx context.Context, actor, word string, force bool) error {
	m, err := o.find(word)
	if err != nil {
		return err
	}
	s := o.n.replica.Status()
	voters, alive := 0, 0
	for _, id := range s.Voters {
		if id != m.RaftId {
			voters++
			if (*backend)(o.n).alive(o.n.replica, id) {
				alive++
			}
		}
	}
	switch {
	case voters == 0:
		return &admin.Refusal{Text: fmt.Sprintf("%s is the only voter", m.Name), Hint: "add another node first, or stop this one"}
	case alive <= voters/2:
		return &admin.Refusal{Text: fmt.Sprintf("without %s only %d of %d voters would be alive: no majority", m.Name, alive, voters), Hint: "bring another node back first"}
	case alive == voters/2+1 && voters > 1 && !force:
		return &admin.Refusal{Text: fmt.Sprintf("without %s every one of the %d voters alive would be needed", m.Name, alive), Hint: "bring another node back first, or repeat with --force"}
	}
	gone := &pb.Member{RaftId: m.RaftId, Incarnation: m.Incarnation, Name: m.Name, Address: m.Address, TokenId: m.TokenId, Role: pb.MemberRole_MEMBER_ROLE_REMOVED}
	return changed(change(ctx, o.n.replica, actor, gone))
}

// Transfer implements admin.Cluster.
func (o operator) Transfer(ctx context.Context, _, word string) error {
	var to uint64
	if word != "" {
		m, err := o.find(word)
		if err != nil {
			return err
		}
		if m.RaftId == o.n.raftLog.Identity().RaftID {
			return &admin.Refusal{Text: fmt.Sprintf("%s leads already", m.Name), Hint: "name another node"}
		}
		if m.Role != pb.MemberRole_MEMBER_ROLE_VOTER {
			return &admin.Refusal{Text: fmt.Sprintf("%s has no vote", m.Name), Hint: "wait until it has caught up"}
		}
		to = m.RaftId
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := o.n.replica.Transfer(ctx, to); err != nil {
		return &admin.Refusal{Text: err.Error(), Hint: "holdfast cluster status says who is there"}
	}
	return nil
}

// LevelKnown implements admin.Cluster.
func (o operator) LevelKnown(context.Context) (uint32, error) {
	known := uint32(machine.MaxLevel)
	for _, p := range o.n.replica.Status().Peers {
		if p.Status == nil {
			return 0, &admin.Refusal{Text: fmt.Sprintf("%s has not said which version it runs", p.Member.Name), Hint: "bring it back or remove it first"}
		}
		known = min(known, p.Status.MaxLevel)
	}
	return known, nil
}

// health is what this node tells its peers about itself.
func (n *Node) health() *pb.NodeHealth {
	h := &pb.NodeHealth{
		Serving: n.ready.Load(), Trouble: n.notReady(), DiskFree: n.space.Last().Free, DiskLow: n.space.Low(),
		KeystoreGeneration: n.keys.Generation(),
	}
	if r := n.running.Load(); r != nil {
		last, _ := r.Agreed()
		h.MarkIndex, h.MarkDigest, h.InFlight = last.Index, last.Digest[:], uint64(r.Waiting())
	}
	if n.group.keeper != nil {
		h.SnapshotIndex = n.group.keeper.Newest()
	}
	n.scrubHealth(h)
	if a := n.shown.Load(); a != nil {
		h.MerchantApi, h.Admin = a.MerchantAPI, a.Admin
	}
	return h
}

// Status implements admin.Cluster.
func (o operator) Status(context.Context) (*pb.ClusterStatus, error) {
	n, s := o.n, o.n.replica.Status()
	id := n.raftLog.Identity()
	a := &pb.ClusterStatus{ClusterId: id.ClusterID, Leader: s.Leader, Term: s.Term, Commit: s.Commit}
	last := s.LastIndex
	for _, p := range s.Peers {
		last = max(last, p.Heard.GetLastIndex())
	}
	for _, m := range s.Members.GetMembers() {
		if m.Role == pb.MemberRole_MEMBER_ROLE_REMOVED {
			continue
		}
		if m.RaftId == id.RaftID {
			a.Nodes = append(a.Nodes, &pb.ClusterNode{Member: m, Self: true, Applied: n.replica.Applied(), LastIndex: s.LastIndex,
				Version: n.opt.Version, Health: n.health(), Proven: s.Proven})
			continue
		}
		for _, p := range s.Peers {
			if p.Member.RaftId == m.RaftId {
				a.Nodes = append(a.Nodes, peerNode(p))
			}
		}
	}
	for _, node := range a.Nodes {
		node.Leader = node.Member.RaftId == s.Leader
		node.Lag = last - min(last, node.LastIndex)
		node.Why = whyBehind(node)
	}
	_, differ := n.replica.Agreed()
	a.MarkIndex, a.DigestsEqual = marksEqual(a.Nodes, differ)
	o.owed(a)
	a.Next = nextSteps(a, s)
	return a, nil
}

func peerNode(p member.PeerStatus) *pb.ClusterNode {
	node := &pb.ClusterNode{Member: p.Member, HeardMs: -1, LastIndex: p.Heard.GetLastIndex(), ClockMs: p.Clock,
		Applied: p.Status.GetApplied(), Version: p.Status.GetVersion(), Health: p.Status.GetHealth(), Proven: p.Status.GetProven(), Fetching: p.Status.GetFetching()}
	if p.Ticks >= 0 {
		node.HeardMs = p.Ticks * member.TickEvery.Milliseconds()
	}
	return node
}

// silent is after how long without a word a node counts as gone, milliseconds.
const silent = 3000

func whyBehind(node *pb.ClusterNode) string {
	switch {
	case node.HeardMs < 0:
		return "not heard of since this node started"
	case node.HeardMs > silent:
		return fmt.Sprintf("not heard of for %d s", node.HeardMs/1000)
	case node.Fetching != 0:
		return fmt.Sprintf("fetching a snapshot of index %d", node.Fetching)
	case !node.Proven:
		return "proving itself after its start"
	case node.Lag > 1000:
		return "catching up"
	case node.Health.GetTrouble() != "":
		return node.Health.Trouble
	}
	return ""
}

// marksEqual is the newest log index at which a majority agreed on its state, and
// whether every node has had the majority's lately. A node that agreed on a mark
// compared it with its own; those that agreed at the newest one show its digest.
func marksEqual(nodes []*pb.ClusterNode, differ map[uint64]agree.Mark) (index uint64, equal bool) {
	equal = true
	for _, node := range nodes {
		at := node.Health.GetMarkIndex()
		theirs, differs := differ[node.Member.RaftId]
		equal = equal && at != 0 && (!differs || at > theirs.Index)
		index = max(index, at)
	}
	for _, node := range nodes {
		if theirs, ok := differ[node.Member.RaftId]; ok && node.Health.GetMarkIndex() <= theirs.Index {
			node.Digest = hex.EncodeToString(theirs.Digest[:])
		} else if node.Health.GetMarkIndex() == index && index != 0 {
			node.Digest = hex.EncodeToString(node.Health.GetMarkDigest())
		}
	}
	return index, equal
}

// owed adds what is owed to merchants and by which couriers.
func (o operator) owed(a *pb.ClusterStatus) {
	n := o.n
	_ = n.replica.Local(func(r table.Reader) error { // a damaged row is the scrubber's to tell
		if head, ok := machine.Head(r); ok {
			a.NoticesOwed, a.OldestNoticeAgeMs = admin.Owed(r, head, n.replica.Now())
		}
		return nil
	})
}

// nextSteps says what to do, the most pressing first.
func nextSteps(a *pb.ClusterStatus, s member.Status) (steps []string) {
	say := func(format string, args ...any) { steps = append(steps, fmt.Sprintf(format, args...)) }
	if s.Leader == 0 {
		say("no leader: bring back nodes until %d of %d voters run", len(s.Voters)/2+1, len(s.Voters))
	}
	if !s.ClockTrusted {
		say("this node's clock is %d ms off the majority's: set it right (chronyc tracking)", -s.ClockOffset)
	}
	voters := 0
	for _, node := range a.Nodes {
		name := node.Member.Name
		if node.Member.Role == pb.MemberRole_MEMBER_ROLE_VOTER {
			voters++
		}
		switch {
		case node.HeardMs < 0 || node.HeardMs > silent:
			say("%s does not answer: start it, or look at its machine; if it is gone for good, run holdfast cluster remove %s", name, name)
		case node.Health.GetDiskLow():
			say("%s has little disk space left (%d MiB): free some, writes are refused there", name, node.Health.DiskFree>>20)
		case node.ClockMs > 1000 || node.ClockMs < -1000:
			say("%s's clock is %d ms off this node's: set it right", name, node.ClockMs)
		case node.Health.GetDamageFound() > 0:
			say("%s found damage on its disk: look at its log, and replace the disk if it comes back", name)
		}
	}
	if voters == 2 {
		say("two voters survive the loss of none: add a third with holdfast cluster add")
	}
	if a.OldestNoticeAgeMs > 60_000 {
		say("the oldest notice waits for %d s: see whether a courier runs (holdfast courier)", a.OldestNoticeAgeMs/1000)
	}
	return steps
}
