package admin

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
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
	Promote(ctx context.Context, actor, member string) error
	Remove(ctx context.Context, actor, member string, force bool) error
	Transfer(ctx context.Context, actor, member string) error
	// LevelKnown is the highest feature level that every member's binary knows.
	LevelKnown(ctx context.Context) (uint32, error)
}

// Refusal is an answer to an operator in one sentence that says what to do.
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

// maxTokenValid is the longest a join token may be good for.
const maxTokenValid = 7 * 24 * time.Hour

func (s *Server) clusterFail(doing string, err error) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return connect.NewError(connect.CodeFailedPrecondition, refusal)
	}
	return s.fail(doing, err)
}

// ShowCluster answers who is in the cluster, how they are, and what to do next.
func (s *Server) ShowCluster(ctx context.Context, _ *connect.Request[pb.ShowClusterRequest]) (*connect.Response[pb.ClusterStatus], error) {
	return s.clusterAnswer(ctx)
}

func (s *Server) clusterAnswer(ctx context.Context) (*connect.Response[pb.ClusterStatus], error) {
	status, err := s.Cluster.Status(ctx)
	if err != nil {
		return nil, s.clusterFail("show the cluster", err)
	}
	return answer(status)
}

// ClusterToken makes a join token. It is shown once and kept nowhere.
func (s *Server) ClusterToken(ctx context.Context, q *connect.Request[pb.ClusterTokenRequest]) (*connect.Response[pb.ClusterTokenResponse], error) {
	valid := time.Duration(q.Msg.ValidS) * time.Second
	if valid == 0 {
		valid = time.Hour
	}
	if valid < time.Second || valid > maxTokenValid {
		return nil, invalid("a join token is valid for 1 s to 7 days")
	}
	token, expires, err := s.Cluster.Token(valid)
	if err != nil {
		return nil, s.clusterFail("make a join token", err)
	}
	s.Log.Info("join token made", "actor", "admin/"+who(ctx), "valid", valid)
	return answer(&pb.ClusterTokenResponse{Token: token, ExpiresAt: expires})
}

// ClusterPromote gives a learner that has caught up a vote.
func (s *Server) ClusterPromote(ctx context.Context, q *connect.Request[pb.ClusterMemberRequest]) (*connect.Response[pb.ClusterStatus], error) {
	if err := s.Cluster.Promote(ctx, "admin/"+who(ctx), q.Msg.Member); err != nil {
		return nil, s.clusterFail("promote a member", err)
	}
	return s.clusterAnswer(ctx)
}

// ClusterRemove takes a member out for good.
func (s *Server) ClusterRemove(ctx context.Context, q *connect.Request[pb.ClusterMemberRequest]) (*connect.Response[pb.ClusterStatus], error) {
	if err := s.Cluster.Remove(ctx, "admin/"+who(ctx), q.Msg.Member, q.Msg.Force); err != nil {
		return nil, s.clusterFail("remove a member", err)
	}
	return s.clusterAnswer(ctx)
}

// ClusterTransfer moves the leadership to a member, or to the one that is
// furthest when none is named.
func (s *Server) ClusterTransfer(ctx context.Context, q *connect.Request[pb.ClusterMemberRequest]) (*connect.Response[pb.ClusterStatus], error) {
	if err := s.Cluster.Transfer(ctx, "admin/"+who(ctx), q.Msg.Member); err != nil {
		return nil, s.clusterFail("move the leadership", err)
	}
	return s.clusterAnswer(ctx)
}

// SetLevel raises the feature level. A level that a member's binary does not
// know is refused: that node would stop.
func (s *Server) SetLevel(ctx context.Context, q *connect.Request[pb.SetLevelRequest]) (*connect.Response[pb.AdminStatus], error) {
	known, err := s.Cluster.LevelKnown(ctx)
	if err != nil {
		return nil, s.clusterFail("look at the members' versions", err)
	}
	if q.Msg.Level > known {
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("not every node of the cluster knows this feature level; upgrade their binaries first"))
	}
	if _, err := s.do(ctx, machine.SetLevel, &pb.SetLevel{Level: q.Msg.Level}); err != nil {
		return nil, err
	}
	return s.Status(ctx, connect.NewRequest(new(pb.AdminStatusRequest)))
}
