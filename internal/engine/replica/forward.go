package replica

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// doPatience bounds a command whose caller set no deadline.
	doPatience = 10 * time.Second
	// pause is the least time between two tries of a command.
	pause = 20 * time.Millisecond
)

// Do runs a command, on this node or on the one that leads, and answers when it
// is durable and this node has applied it. When the leader is lost on the way the
// command is tried again at the next one within the caller's deadline: commands
// have identities, so the answer is the one the first try made, if it made one.
// Errors are Execute's.
func (r *Replica) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if r.opt.Peers == nil || r.Status().Alone && r.leader.Load() {
		return r.Execute(ctx, cmd)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, doPatience)
		defer cancel()
	}
	open := false // whether an earlier try may have been taken
	for {
		changed := r.Changed()
		res, err := r.once(ctx, copyOf(cmd))
		var refusal *code.Error
		if err == nil || !errors.As(err, &refusal) || refusal.Code != code.NotLeader && refusal.Code != code.Unknown {
			return res, err
		}
		open = open || refusal.Code == code.Unknown
		if !r.waitForLeader(ctx, changed) {
			if open {
				return catalogue.Result{}, code.Unknown.Err()
			}
			return catalogue.Result{}, err
		}
	}
}

// copyOf is the envelope for one try: each is stamped anew.
func copyOf(cmd *pb.Command) *pb.Command {
	return &pb.Command{Number: cmd.Number, Actor: cmd.Actor, RequestId: cmd.RequestId, Body: cmd.Body}
}

// once tries a command where the leader is said to be.
func (r *Replica) once(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if r.readOnly.Load() {
		return catalogue.Result{}, code.ReadOnly.Err()
	}
	if r.leader.Load() {
		return r.Execute(ctx, cmd)
	}
	leader := r.LeaderMember()
	if leader == nil || leader.RaftId == r.opt.Identity.RaftID {
		return catalogue.Result{}, code.NotLeader.Err()
	}
	res, index, err := r.opt.Peers.Execute(ctx, leader, cmd)
	if err != nil {
		return catalogue.Result{}, err
	}
	// Who reads here next shall find it. The answer itself is true in any case.
	_ = r.await(ctx, index)
	return res, nil
}

// waitForLeader waits a moment, or until something changes; false when the
// caller's time or the replica's is over.
func (r *Replica) waitForLeader(ctx context.Context, changed <-chan struct{}) bool {
	rest := time.NewTimer(pause)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
		return false
	case <-r.ctx.Done():
		return false
	}
	if r.leader.Load() || r.LeaderMember() != nil {
		return true
	}
	rest.Reset(5 * pause)
	select {
	case <-changed:
		return true
	case <-rest.C:
		return true
	case <-ctx.Done():
	case <-r.ctx.Done():
	}
	return false
}

// LeaderMember is who leads, nil when that is not known.
func (r *Replica) LeaderMember() *pb.Member {
	s := r.Status()
	for _, m := range s.Members.GetMembers() {
		if m.RaftId == s.Leader && s.Leader != 0 {
			return m
		}
	}
	return nil
}
