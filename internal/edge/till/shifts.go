package till

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
)

// mostShifts is how many shifts are listed at once.
const mostShifts = 50

// ListShifts implements TillService. Shifts are numbered without gaps.
func (s *Server) ListShifts(ctx context.Context, q *connect.Request[pb.ListShiftsRequest]) (*connect.Response[pb.ListShiftsResponse], error) {
	_, t, err := s.at(ctx, q.Msg.Till)
	if err != nil {
		return nil, err
	}
	limit := min(int(q.Msg.Limit), mostShifts)
	if limit == 0 {
		limit = mostShifts
	}
	a := new(pb.ListShiftsResponse)
	err = s.read(ctx, "list shifts", func(r table.Reader) error {
		n := t.Shift
		if q.Msg.Before != 0 {
			n = min(n, q.Msg.Before-1)
		}
		for ; n > 0 && len(a.Shifts) < limit; n-- {
			if shift, ok := rule.ShiftOf(r, t.Id, n); ok {
				a.Shifts = append(a.Shifts, shown(r, shift))
			}
		}
		if n > 0 {
			a.Next = n + 1
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// shown is a shift without what was done in it.
func shown(r table.Reader, shift *pb.Shift) *pb.ShiftView {
	v := &pb.ShiftView{
		Till: shift.Till, Number: shift.Number, Open: shift.State == pb.ShiftState_SHIFT_STATE_OPEN, Float: shift.Float, Taken: shift.Taken, PaidOut: shift.PaidOut,
		Expected: rule.Expected(shift), Counted: shift.Counted, OpenedAt: shift.OpenedAt, ClosedAt: shift.ClosedAt,
	}
	if !v.Open {
		v.Missing = v.Expected - v.Counted
	}
	if m, ok := staff.Peek(r, shift.Staff); ok {
		v.Staff = m.Ref
	}
	return v
}
