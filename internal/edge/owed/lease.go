package owed

import (
	"context"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// Lease takes, renews or gives up a worker's share of the lanes. Below the
// feature level of the kind's leases it answers that the worker is alone.
//
// Errors: ErrInvalid for what will never be taken; ErrTaken when another process
// has the worker's name; any other (a *code.Error) asks for a repetition.
func (s *Service[R, M]) Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	if err := s.named(req.Courier); err != nil {
		return nil, err
	}
	level, err := s.level(ctx)
	if err != nil {
		return nil, err
	}
	if level < s.kind.Lease.Level {
		return &pb.LeaseResponse{Applied: s.core.Applied(), Alone: true}, nil
	}
	body := &pb.CourierLease{Courier: req.Courier, LeaseMs: req.LeaseMs, Leave: req.Leave, Started: req.Started, Holds: req.Holds}
	c, out, err := s.kind.Lease.Do(ctx, s.core, s.actor(req.Courier), requestID("lease-"), body)
	if err != nil {
		return nil, err
	}
	switch out {
	case code.OK, code.NothingToDo: // nothing to give up: an earlier call did it
		resp := &pb.LeaseResponse{Courier: shareOf(c), Applied: s.core.Applied()}
		resp.FreeInMs, err = s.freeIn(ctx, req.Courier)
		return resp, err
	case code.NameInvalid, code.LeaseInvalid:
		return nil, fmt.Errorf("%w: %w", ErrInvalid, out.Err())
	case code.CourierReplaced:
		return nil, fmt.Errorf("%w: %w", ErrTaken, out.Err())
	}
	return nil, out.Err()
}

// shareOf is what a worker is told of its record; nil after leaving.
func shareOf(c *pb.Courier) *pb.CourierShare {
	if c == nil {
		return nil
	}
	return &pb.CourierShare{Until: c.Until, Lanes: c.Lanes, Share: c.Share}
}

// freeIn is when the first lease of another worker is over, milliseconds from
// now and never 0; 0 when nobody else has one.
func (s *Service[R, M]) freeIn(ctx context.Context, worker string) (ms int64, err error) {
	err = s.core.ReadLocal(ctx, func(r table.Reader) error {
		for _, x := range s.kind.Work.Workers(r) {
			if left := max(x.Until-s.core.Now(), 1); x.Name != worker && (ms == 0 || left < ms) {
				ms = left
			}
		}
		return nil
	})
	return ms, err
}

// level is the state's feature level, 0 before the log's first command.
func (s *Service[R, M]) level(ctx context.Context) (level uint32, err error) {
	err = s.core.ReadLocal(ctx, func(r table.Reader) error {
		if head, ok := machine.Head(r); ok {
			level = head.Level
		}
		return nil
	})
	return level, err
}

// scope is what a stream was opened for.
type scope struct {
	worker string
	// leased says that the worker asked for lanes that it holds by a lease.
	leased bool
	lanes  lane.Set
}

// scope reads what a worker asks for. One that asks for no lanes holds no lease
// and gets all of them.
func (s *Service[R, M]) scope(req *pb.OwedRequest) (sc scope, err error) {
	if err := s.named(req.Courier); err != nil {
		return sc, err
	}
	sc = scope{worker: req.Courier, lanes: lane.All()}
	if len(req.Lanes) == 0 {
		return sc, nil
	}
	lanes, ok := lane.Parse(req.Lanes)
	if !ok {
		return sc, fmt.Errorf("%w: lanes are %d bytes", ErrInvalid, len(lanes))
	}
	sc.leased, sc.lanes = true, lanes
	return sc, nil
}

// holds checks a stream's scope against the state. A worker without a lease may
// have all lanes while nobody has a lease.
func (st *stream[R, M]) holds(r table.Reader) error {
	work := st.s.kind.Work
	if !st.scope.leased {
		if len(work.Workers(r)) > 0 {
			return ErrTaken
		}
		return nil
	}
	x, ok := work.Get(r, st.scope.worker)
	if !ok || lane.Held(x) != st.scope.lanes {
		return ErrLanes
	}
	return nil
}

// mine says whether an owner's rows are told.
func (sc *scope) mine(owner string) bool { return !sc.leased || sc.lanes.Has(lane.Of(owner)) }
