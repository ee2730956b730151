package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// operator is the group as the administration sees it.
type operator struct{ n *shared }

// operator is nil for a node without peers.
func (n *adminService) operator() admin.Cluster {
	if n.group == nil {
		return nil
	}
	return operator{n.shared}
}

// buffers lends memory to copy answers of the leader with.
type buffers struct{ sync.Pool }

var passing buffers

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if p, ok := b.Pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.Pool.Put(&p) }

// leading passes requests of the administration on to the leader; what tells how
// this node is, and everything while no leader is known, is answered here.
func (n *administration) leading(here http.Handler) http.Handler {
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
			// Without it each answer takes 32 KiB of its own to be copied.
			BufferPool: &passing,
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
	text, token, err := o.n.keys.Cluster().NewJoinToken(time.Now(), valid)
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
		if membership.In(m) && (m.Name == word || id != 0 && m.RaftId == id) {
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
	var r *membership.Refusal
	switch {
	case errors.As(err, &r):
		return &admin.Refusal{Text: r.Text, Hint: r.Hint}
	case errors.Is(err, sequencer.ErrLevel):
		return &admin.Refusal{Text: err.Error(), Hint: "then repeat this"}
	case err != nil && connect.CodeOf(err) == connect.CodeUnavailable:
		return &admin.Refusal{Text: err.Error(), Hint: "holdfast cluster status says what is wrong"}
	}
	return err
}

// Promote implements admin.Cluster.
func (o operator) Promote(ctx context.Context, actor, word string, force bool) error {
	m, err := o.find(word)
	if err != nil {
		return err
	}
	voter, err := membership.Promote(o.n.replica.Status(), m, !force && o.n.replica.Position().Level >= membership.LevelKeys)
	if err != nil {
		return changed(err)
	}
	return changed(change(ctx, o.n.replica, actor, voter))
}

// Remove implements admin.Cluster.
func (o operator) Remove(ctx context.Context, actor, word string, force bool) error {
	m, err := o.find(word)
	if err != nil {
		return err
	}
	gone, err := membership.Remove(o.n.replica.Status(), o.n.raftLog.Identity().RaftID, m, force)
	if err != nil {
		return changed(err)
	}
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
		if why := o.away(m.RaftId); why != "" {
			return &admin.Refusal{Text: m.Name + " " + why + ": it cannot take the lead", Hint: "name another node, or none for the most up-to-date voter"}
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

// away says since when a peer has not been heard of; "" while it is there. To hand
// the lead to one that is away stops payments until that is given up.
func (o operator) away(id uint64) string {
	for _, p := range o.n.replica.Status().Peers {
		switch heard := time.Duration(p.Ticks) * member.TickEvery; {
		case p.Member.RaftId != id:
		case p.Ticks < 0:
			return "has not been heard of"
		case heard > silent*time.Millisecond:
			return fmt.Sprintf("has been silent for %s", heard.Round(time.Second))
		}
	}
	return ""
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
func health(n *shared) *pb.NodeHealth {
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
	n.damage.tell(h)
	n.lacking.Load().tell(h)
	if a := n.shown.Load(); a != nil {
		h.MerchantApi, h.Admin = a.MerchantAPI, a.Admin
	}
	return h
}
