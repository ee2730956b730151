package till

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

const (
	// newest is how many payments and deeds in cash are shown.
	newest = 50
	// page is how many of a list are read at once, and mostLooked how many in all.
	page       = 500
	mostLooked = 20_000
)

// ShowTakings implements TillService.
func (s *Server) ShowTakings(ctx context.Context, q *connect.Request[pb.ShowTakingsRequest]) (*connect.Response[pb.Takings], error) {
	m, err := s.cashier(ctx)
	if err != nil {
		return nil, err
	}
	if q.Msg.Till != 0 {
		if _, _, err := s.at(ctx, q.Msg.Till); err != nil {
			return nil, err
		}
	}
	a := &pb.Takings{Included: s.Views.Next()}
	midnight := stamp.DayNumber(s.Now(), stamp.Business)*stamp.DayMs - int64(stamp.Business)*stamp.Second
	// An order can be paid for a while after it was placed.
	if err := s.each(ctx, pb.Kind_KIND_ORDER, m.Mchid, midnight-stamp.DayMs, a, func(r table.Reader, id uint64) {
		o, ok := order.Get(r, id)
		if !ok || !order.Paid(o) || o.PaidAt < midnight || q.Msg.Till != 0 && tillOf(o) != q.Msg.Till {
			return
		}
		a.Payments, a.Paid = a.Payments+1, a.Paid+o.Total
		if len(a.Newest) < newest {
			a.Newest = append(a.Newest, s.shown(r, o))
		}
	}); err != nil {
		return nil, err
	}
	if err := s.each(ctx, pb.Kind_KIND_REFUND, m.Mchid, midnight, a, func(r table.Reader, id uint64) {
		f, ok := refund.Get(r, id)
		if !ok || f.Status == pb.RefundStatus_REFUND_STATUS_CLOSED {
			return
		}
		if o, ok := order.Get(r, f.OrderId); ok && (q.Msg.Till == 0 || tillOf(o) == q.Msg.Till) {
			a.Refunded += f.Refund
		}
	}); err != nil {
		return nil, err
	}
	return answer(a)
}

// each visits what a merchant has of a kind that was made since a time, newest first.
func (s *Server) each(ctx context.Context, kind pb.Kind, mchid string, since int64, a *pb.Takings, visit func(r table.Reader, id uint64)) error {
	var before view.Mark
	for looked := 0; ; {
		marks, err := s.Views.List(kind, mchid, before, page)
		if err != nil {
			return s.fail(ctx, "list what was paid", err)
		}
		done := len(marks) < page
		if err := s.read(ctx, "add up what was paid", func(r table.Reader) error {
			for _, mark := range marks {
				if mark.At < since {
					done = true
					return nil
				}
				visit(r, mark.ID)
			}
			return nil
		}); err != nil || done {
			return err
		}
		if looked += len(marks); looked >= mostLooked {
			a.AtLeast = true
			return nil
		}
		before = marks[len(marks)-1]
	}
}
