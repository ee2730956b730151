package replica

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// doPatience bounds a command whose caller set no deadline.
	doPatience = 10 * time.Second
	// pause is the least time between two tries of a command.
	pause = 20 * time.Millisecond
)

// Do runs a command, on this node or on the one that leads, and returns when it
// is durable and this node has applied it. When the leader is lost on the way the
// command is tried again at the next one within the caller's deadline: commands
// have identities, so a later try finds what an earlier one did, and what has come
// of it since. Errors are Execute's.
func (r *Replica) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if r.opt.Peers == nil || r.Status().Alone && r.seq.Leads() {
		return r.Execute(ctx, cmd)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, doPatience)
		defer cancel()
	}
	var tries sequencer.Tries
	for {
		changed := r.Changed()
		res, err := r.once(ctx, sequencer.Copy(cmd))
		var refusal *code.Error
		if err == nil || !errors.As(err, &refusal) {
			return res, err
		}
		if !tries.Again(refusal.Code) || !r.waitForLeader(ctx, changed) {
			return catalogue.Result{}, tries.Last(refusal.Code).Err()
		}
	}
}

// once tries a command where the leader is said to be.
func (r *Replica) once(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	here, leader, refusal := r.seq.Where()
	switch {
	case refusal != code.OK:
		return catalogue.Result{}, refusal.Err()
	case here:
		return r.Execute(ctx, cmd)
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
	if r.seq.Leads() || r.LeaderMember() != nil {
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
func (r *Replica) LeaderMember() *pb.Member { return r.seq.Leader() }
