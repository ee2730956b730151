package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// backend is the node as its peers call it.
type backend shared

func (b *backend) serving() (*replica.Replica, error) {
	if r := b.running.Load(); r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("%w: it is starting", peer.ErrUnavailable)
}

// Execute implements peer.Backend.
func (b *backend) Execute(ctx context.Context, req *pb.ExecuteRequest) (*pb.ExecuteResponse, error) {
	r, err := b.serving()
	if err != nil {
		return nil, err
	}
	if req.Command == nil {
		return nil, fmt.Errorf("%w: there is no command in it", peer.ErrInvalid)
	}
	res, err := r.Execute(ctx, req.Command)
	var refusal *code.Error
	if errors.As(err, &refusal) {
		return &pb.ExecuteResponse{Refused: uint32(refusal.Code)}, nil
	}
	if err != nil {
		return nil, err
	}
	a := &pb.ExecuteResponse{Code: uint32(res.Code), Index: r.Applied()}
	if res.Body != nil {
		a.Body, a.HasBody = table.Encode(res.Body), true
	}
	return a, nil
}

// Join implements peer.Backend: the leader lets a node in as a learner. A node
// that shows its certificate replaces what it was before.
func (b *backend) Join(ctx context.Context, who peer.Caller, req *pb.JoinRequest) (*pb.JoinResponse, error) {
	r, err := b.serving()
	if err != nil {
		return nil, connect.NewError(connect.CodeUnavailable, err)
	}
	if !r.Leads() {
		return b.relay(ctx, r, who, req)
	}
	a, err := b.letIn(ctx, r, who, req)
	if err != nil {
		b.log.Warn("a node was not let in", "node", req.Name, "address", req.Address, "from", who.Address, "err", err)
		return nil, credentials.JoinRefusal(err)
	}
	return a, nil
}

// relay passes a request with a token on to the leader: the node that joins may
// not have been told where that one is. A certificate can't be passed on, and
// what a member has passed on goes no further.
func (b *backend) relay(ctx context.Context, r *replica.Replica, who peer.Caller, req *pb.JoinRequest) (*pb.JoinResponse, error) {
	leader := r.LeaderMember()
	if leader == nil || leader.RaftId == b.raftLog.Identity().RaftID || req.Token == "" || who.Name != "" && who.Name != req.Name {
		return nil, connect.NewError(connect.CodeUnavailable, peer.ErrNotLeader)
	}
	a, err := b.group.client.At(leader.Address).Relay(ctx, req)
	var said *connect.Error
	switch {
	case err == nil:
		return a, nil
	case connect.IsWireError(err) && errors.As(err, &said):
		return nil, connect.NewError(said.Code(), errors.New(said.Message()))
	}
	return nil, connect.NewError(connect.CodeUnavailable, fmt.Errorf("the leader (%s) does not answer; ask again", leader.Name))
}

func (b *backend) letIn(ctx context.Context, r *replica.Replica, who peer.Caller, req *pb.JoinRequest) (*pb.JoinResponse, error) {
	now := time.Now()
	tokenID, err := b.entitled(r, who, req, now)
	if err != nil {
		return nil, err
	}
	if err := credentials.CheckClock(req.Wall, now.UnixMilli()); err != nil {
		return nil, err
	}
	if level := r.Position().Level; req.MaxLevel < level {
		return nil, &credentials.Fault{Text: fmt.Sprintf("this node's binary knows feature level %d and the cluster is at %d", req.MaxLevel, level), Hint: "install the cluster's version of holdfast"}
	}
	cert, err := b.keys.Cluster().IssueNode(req.Csr, req.Name, now)
	if err != nil {
		return nil, err
	}
	if err := (*shared)(b).introduce(ctx); err != nil {
		return nil, err
	}
	fresh := &pb.Member{RaftId: req.RaftId, Incarnation: req.Incarnation, Name: req.Name, Address: req.Address, TokenId: tokenID}
	if err := b.admitMember(ctx, r, fresh, req.Reason); err != nil {
		return nil, err
	}
	keys, err := b.keys.Export()
	if err != nil {
		return nil, err
	}
	return &pb.JoinResponse{ClusterId: b.raftLog.Identity().ClusterID, Cert: cert, Ca: b.keys.Cluster().CA(), Members: r.Status().Members, Keys: keys}, nil
}

// entitled says by what the caller may join under the name it asks for.
func (b *backend) entitled(r *replica.Replica, who peer.Caller, req *pb.JoinRequest, now time.Time) (tokenID string, err error) {
	members := r.Status().Members.GetMembers()
	if req.Token == "" {
		return "", notLetIn(membership.Return(members, who.Name, req.Name))
	}
	token, err := b.keys.Cluster().VerifyJoinToken(req.Token, now, func(id string) bool {
		return membership.TokenUsed(members, id, req.RaftId, req.Incarnation)
	})
	if err != nil {
		return "", err
	}
	return token.ID, nil
}

// notLetIn is a refusal in the words of the one that joins: whether asking again,
// or with another identity, helps is in the error's code.
func notLetIn(err error) error {
	var r *membership.Refusal
	if !errors.As(err, &r) {
		return err
	}
	switch r.Why {
	case membership.Retired:
		return connect.NewError(connect.CodeAborted, r)
	case membership.Wait:
		return connect.NewError(connect.CodeUnavailable, r)
	}
	return &credentials.Fault{Text: r.Text, Hint: r.Hint}
}

// admitMember adds the learner, and takes out in the same change what the node
// was before. Asked again with the same identity it does nothing.
func (b *backend) admitMember(ctx context.Context, r *replica.Replica, fresh *pb.Member, reason string) error {
	changes, err := membership.Join(r.Status(), b.raftLog.Identity().RaftID, fresh)
	if err != nil || len(changes) == 0 {
		return notLetIn(err)
	}
	actor := "node/" + fresh.Name
	if fresh.TokenId != "" {
		actor = "token/" + fresh.TokenId
	}
	if err := change(ctx, r, actor, changes...); err != nil {
		return err
	}
	b.log.Info("a node joins as a learner", "node", fresh.Name, "address", fresh.Address, "replaces", len(changes)-1, "reason", reason)
	return nil
}

// change changes members, waiting for a change that is under way.
func change(ctx context.Context, r *replica.Replica, actor string, members ...*pb.Member) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := r.ChangeMembers(ctx, actor, members...)
		switch {
		case errors.Is(err, member.ErrChanging):
		case errors.Is(err, member.ErrNotLeader), errors.Is(err, context.DeadlineExceeded):
			return connect.NewError(connect.CodeUnavailable, errors.New("the cluster has no leader or no majority at the moment; ask again"))
		case errors.Is(err, sequencer.ErrLevel):
			return &credentials.Fault{Text: err.Error(), Hint: "then join again", Cause: err}
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return connect.NewError(connect.CodeUnavailable, errors.New("another change of members is under way; ask again"))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Renew implements peer.Backend.
func (b *backend) Renew(_ context.Context, who peer.Caller, req *pb.RenewRequest) (*pb.RenewResponse, error) {
	cert, err := b.keys.Cluster().IssueNode(req.Csr, who.Name, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", peer.ErrInvalid, err)
	}
	return &pb.RenewResponse{Cert: cert}, nil
}

// Keys implements peer.Backend.
func (b *backend) Keys(_ context.Context, req *pb.KeysRequest) (*pb.KeysResponse, error) {
	a := &pb.KeysResponse{Generation: b.keys.Generation()}
	if a.Generation <= req.Generation {
		return a, nil
	}
	keys, err := b.keys.Export()
	a.Keys = keys
	return a, err
}

// PutKeys implements peer.Backend.
func (b *backend) PutKeys(_ context.Context, req *pb.PutKeysRequest) (*pb.PutKeysResponse, error) {
	defer clear(req.Keys)
	if err := b.keys.Import(req.Keys); err != nil {
		return nil, err
	}
	return &pb.PutKeysResponse{Generation: b.keys.Generation()}, nil
}

// PutDataKeys implements peer.Backend.
func (b *backend) PutDataKeys(_ context.Context, req *pb.PutDataKeysRequest) (*pb.PutDataKeysResponse, error) {
	if err := b.ring.Put(req.Keys); err != nil {
		return nil, err
	}
	return &pb.PutDataKeysResponse{}, nil
}

// DataKeys implements peer.Backend.
func (b *backend) DataKeys(_ context.Context, req *pb.DataKeysRequest) (*pb.DataKeysResponse, error) {
	return b.ring.Answer(req)
}

// Manifest implements peer.Backend. Only a node that serves gives its state away.
func (b *backend) Manifest(_ context.Context, req *pb.ManifestRequest) (*pb.SnapshotManifest, error) {
	if !b.ready.Load() {
		return nil, fmt.Errorf("%w: it does not serve yet", peer.ErrUnavailable)
	}
	return b.group.keeper.Manifest(req.AtLeast)
}

// ReadSnapshot implements peer.Backend.
func (b *backend) ReadSnapshot(ctx context.Context, req *pb.ReadSnapshotRequest, send func([]byte) error) error {
	return b.group.keeper.Read(ctx, req, func(chunk []byte) error {
		err := send(chunk)
		if err == nil {
			b.group.observed.snapshotSent.Add(float64(len(chunk)))
		}
		return err
	})
}
