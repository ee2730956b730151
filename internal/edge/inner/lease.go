package inner

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// ErrLanes ends or refuses a stream whose courier's lanes are others by now: it
// renews its lease and opens another.
var ErrLanes = errors.New("the courier's lanes have changed; renew the lease and open the stream again")

// Lease takes, renews or gives up a courier's share of the lanes. Below the
// feature level that knows leases it answers that the courier is alone.
//
// Errors: ErrInvalid for what will never be taken; ErrTaken when another process
// has the courier's name; any other (a *code.Error) asks for a repetition.
func (s *Service) Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	if err := validCourier(req.Courier); err != nil {
		return nil, err
	}
	level, err := s.level(ctx)
	if err != nil {
		return nil, err
	}
	if level < lane.Level {
		return &pb.LeaseResponse{Applied: s.core.Applied(), Alone: true}, nil
	}
	body := &pb.CourierLease{Courier: req.Courier, LeaseMs: req.LeaseMs, Leave: req.Leave, Started: req.Started, Holds: req.Holds}
	c, out, err := lane.Lease.Do(ctx, s.core, "courier/"+req.Courier, requestID("lease-"), body)
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

// shareOf is what a courier is told of its record; nil after leaving.
func shareOf(c *pb.Courier) *pb.CourierShare {
	if c == nil {
		return nil
	}
	return &pb.CourierShare{Until: c.Until, Lanes: c.Lanes, Share: c.Share}
}

// freeIn is when the first lease of another courier is over, milliseconds from
// now and never 0; 0 when nobody else has one.
func (s *Service) freeIn(ctx context.Context, courier string) (ms int64, err error) {
	err = s.core.ReadLocal(ctx, func(r table.Reader) error {
		for _, x := range lane.Couriers(r) {
			if left := max(x.Until-s.core.Now(), 1); x.Name != courier && (ms == 0 || left < ms) {
				ms = left
			}
		}
		return nil
	})
	return ms, err
}

// level is the state's feature level, 0 before the log's first command.
func (s *Service) level(ctx context.Context) (level uint32, err error) {
	err = s.core.ReadLocal(ctx, func(r table.Reader) error {
		if head, ok := machine.Head(r); ok {
			level = head.Level
		}
		return nil
	})
	return level, err
}

// claim is what a stream was opened for.
type claim struct {
	courier string
	// leased says that the courier asked for lanes that it holds by a lease.
	leased bool
	lanes  lane.Set
}

// parse reads a courier's claim. One that asks for no lanes holds no lease and
// gets all of them.
func parseClaim(req *pb.OwedRequest) (c claim, err error) {
	if err := validCourier(req.Courier); err != nil {
		return c, err
	}
	c = claim{courier: req.Courier, lanes: lane.All()}
	if len(req.Lanes) == 0 {
		return c, nil
	}
	lanes, ok := lane.Parse(req.Lanes)
	if !ok {
		return c, fmt.Errorf("%w: lanes are %d bytes", ErrInvalid, len(lanes))
	}
	c.leased, c.lanes = true, lanes
	return c, nil
}

// holds checks a claim against the state. A courier without a lease may have all
// lanes while nobody has a lease.
func (c claim) holds(r table.Reader) error {
	if !c.leased {
		if len(lane.Couriers(r)) > 0 {
			return ErrTaken
		}
		return nil
	}
	x, ok := lane.Get(r, c.courier)
	if !ok || lane.Held(x) != c.lanes {
		return ErrLanes
	}
	return nil
}

// mine says whether a merchant's notices are told.
func (c claim) mine(mchid string) bool { return !c.leased || c.lanes.Has(lane.Of(mchid)) }
