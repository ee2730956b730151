package admin

import (
	"context"
	"errors"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// ShowReceipt returns the receipt of a payment, or of a refund when the id is
// one. It waits for the next checkpoint where that is needed.
func (s *Server) ShowReceipt(ctx context.Context, q *connect.Request[pb.InspectRequest]) (*connect.Response[pb.Receipt], error) {
	var o *pb.Order
	var f *pb.Refund
	err := s.read(ctx, "find the payment", func(r table.Reader) (err error) {
		if _, isRefund := ident.ParseRefundID(q.Msg.Id); isRefund || strings.HasPrefix(q.Msg.Id, "refund/") {
			f, err = findRefund(r, q.Msg.Id, "")
			return err
		}
		o, err = findOrder(r, q.Msg.Id, q.Msg.Mchid)
		return err
	})
	if err != nil {
		return nil, err
	}
	if o != nil && !order.Paid(o) {
		return nil, refuse(code.RefundOrderNotPaid)
	}
	ctx, cancel := context.WithTimeout(ctx, receiptPatience)
	defer cancel()
	rec, err := s.makeReceipt(ctx, o, f)
	if errors.Is(err, journal.ErrNotCovered) {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("no checkpoint covers it yet; ask again in a few seconds"))
	}
	if err != nil {
		return nil, s.fail("make a receipt", err)
	}
	return answer(rec)
}

func (s *Server) makeReceipt(ctx context.Context, o *pb.Order, f *pb.Refund) (*pb.Receipt, error) {
	if f != nil {
		return s.Receipts.Refund(ctx, f)
	}
	return s.Receipts.Payment(ctx, o)
}
