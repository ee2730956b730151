package admin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Cluster is what the administration needs of the group of nodes. A *Refusal
// is the caller's mistake; it says what to do instead.
type Cluster interface {
	Status(ctx context.Context) (*pb.ClusterStatus, error)
	// Token makes a join token; expires is Unix milliseconds.
	Token(valid time.Duration) (token string, expires int64, err error)
	// Promote, Remove and Transfer name a member by its name or raft id; actor
	// stands in the journal.
	Promote(ctx context.Context, actor, member string, force bool) error
	Remove(ctx context.Context, actor, member string, force bool) error
	Transfer(ctx context.Context, actor, member string) error
	// LevelKnown is the highest feature level that every member's binary knows.
	LevelKnown(ctx context.Context) (uint32, error)
}

// Refusal is an answer to an operator: Text is one clause that says what is in
// the way, Hint what to do instead.
type Refusal struct{ Text, Hint string }

func (r *Refusal) Error() string { return r.Text }

// hintHeader carries a refusal's hint beside Connect's own error.
const hintHeader = "Holdfast-Hint"

// HintOf reads the hint off a refusal of the admin API; "" when it has none.
func HintOf(err error) string {
	var ce *connect.Error
	if !errors.As(err, &ce) {
		return ""
	}
	hint, err := url.PathUnescape(ce.Meta().Get(hintHeader))
	if err != nil {
		return ""
	}
	return hint
}

// alone is what a node without peers answers.
var alone = &Refusal{"this node runs without peers", "give it a section [cluster] and run holdfast cluster init: docs/guides/cluster.md"}

// group is the cluster, or the refusal of a node without peers.
func (s *Server) group() (Cluster, error) {
	if s.Cluster == nil {
		return nil, s.clusterFail("find the cluster", alone)
	}
	return s.Cluster, nil
}

func (s *Server) clusterFail(doing string, err error) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		ce := connect.NewError(connect.CodeFailedPrecondition, refusal)
		// Headers are ASCII; a member's name or an address need not be.
		ce.Meta().Set(hintHeader, url.PathEscape(refusal.Hint))
		return ce
	}
	return s.fail(doing, err)
}

// ShowCluster returns who is in the cluster, how they are, and what to do next.
func (s *Server) ShowCluster(ctx context.Context, _ *connect.Request[pb.ShowClusterRequest]) (*connect.Response[pb.ClusterStatus], error) {
	return s.clusterAnswer(ctx)
}

func (s *Server) clusterAnswer(ctx context.Context) (*connect.Response[pb.ClusterStatus], error) {
	group, err := s.group()
	if err != nil {
		return nil, err
	}
	status, err := group.Status(ctx)
	if err != nil {
		return nil, s.clusterFail("show the cluster", err)
	}
	return answer(status)
}

// ClusterToken makes a join token. It is shown once and kept nowhere.
func (s *Server) ClusterToken(ctx context.Context, q *connect.Request[pb.ClusterTokenRequest]) (*connect.Response[pb.ClusterTokenResponse], error) {
	valid := pki.TokenValid
	if q.Msg.ValidS != 0 {
		// Bounded before it is a Duration: that might overflow.
		if q.Msg.ValidS < int64(pki.TokenLeast/time.Second) || q.Msg.ValidS > int64(pki.TokenMost/time.Second) {
			return nil, invalid("a join token is valid for 1 s to 7 days")
		}
		valid = time.Duration(q.Msg.ValidS) * time.Second
	}
	group, err := s.group()
	if err != nil {
		return nil, err
	}
	token, expires, err := group.Token(valid)
	if err != nil {
		return nil, s.clusterFail("make a join token", err)
	}
	s.Log.Info("join token made", "actor", actor(ctx), "valid", valid)
	return answer(&pb.ClusterTokenResponse{Token: token, ExpiresAt: expires})
}

// ClusterPromote gives a learner that has caught up a vote.
func (s *Server) ClusterPromote(ctx context.Context, q *connect.Request[pb.ClusterMemberRequest]) (*connect.Response[pb.ClusterStatus], error) {
	return s.onMember(ctx, "promote", q.Msg, true, func(c Cluster, actor string) error { return c.Promote(ctx, actor, q.Msg.Member, q.Msg.Force) })
}

// ClusterRemove takes a member out for good.
func (s *Server) ClusterRemove(ctx context.Context, q *connect.Request[pb.ClusterMemberRequest]) (*connect.Response[pb.ClusterStatus], error) {
	return s.onMember(ctx, "remove", q.Msg, true, func(c Cluster, actor string) error { return c.Remove(ctx, actor, q.Msg.Member, q.Msg.Force) })
}

// ClusterTransfer moves the leadership to a member, or to the one that is
// furthest when none is named.
func (s *Server) ClusterTransfer(ctx context.Context, q *connect.Request[pb.ClusterMemberRequest]) (*connect.Response[pb.ClusterStatus], error) {
	return s.onMember(ctx, "transfer the leadership to", q.Msg, false, func(c Cluster, actor string) error { return c.Transfer(ctx, actor, q.Msg.Member) })
}

// onMember does something to a member and returns how the cluster is then.
func (s *Server) onMember(ctx context.Context, what string, q *pb.ClusterMemberRequest, named bool, do func(c Cluster, actor string) error) (*connect.Response[pb.ClusterStatus], error) {
	if named && q.Member == "" {
		return nil, invalid("name the member: its name or its raft id")
	}
	group, err := s.group()
	if err != nil {
		return nil, err
	}
	actor := actor(ctx)
	if err := do(group, actor); err != nil {
		return nil, s.clusterFail(what+" a member", err)
	}
	s.Log.Info("cluster changed", "what", what, "member", q.Member, "force", q.Force, "actor", actor)
	return s.clusterAnswer(ctx)
}

// SetLevel raises the feature level. A level that a member's binary does not
// know is refused: that node would stop.
func (s *Server) SetLevel(ctx context.Context, q *connect.Request[pb.SetLevelRequest]) (*connect.Response[pb.AdminStatus], error) {
	known := uint32(machine.MaxLevel)
	if s.Cluster != nil {
		var err error
		if known, err = s.Cluster.LevelKnown(ctx); err != nil {
			return nil, s.clusterFail("look at the members' versions", err)
		}
	}
	if q.Msg.Level > known {
		return nil, s.clusterFail("set the level", &Refusal{
			fmt.Sprintf("feature level %d is not known to every node; the highest that all know is %d", q.Msg.Level, known),
			"upgrade the binaries of all nodes first; holdfast cluster status shows their versions"})
	}
	if _, err := do(ctx, s, machine.SetLevel, &pb.SetLevel{Level: q.Msg.Level, Version: s.Version}); err != nil {
		return nil, err
	}
	return s.Status(ctx, connect.NewRequest(new(pb.AdminStatusRequest)))
}
