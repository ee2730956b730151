package till

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ChargeCode implements TillService.
func (s *Server) ChargeCode(ctx context.Context, q *connect.Request[pb.ChargeCodeRequest]) (*connect.Response[pb.TillOrder], error) {
	ask := q.Msg.Order
	if ask == nil {
		ask = &pb.TillOrderRequest{} // of no till
	}
	c, err := s.placed(ctx, ask)
	if err != nil {
		return nil, err
	}
	c.Product = pb.Product_PRODUCT_MICROPAY
	m, _ := staffauth.From(ctx)
	o, out, err := s.Codes.Pay(ctx, judge.Charge{Order: c, Till: ask.Till, Code: q.Msg.Code, Actor: m.Actor(), Request: rpc.CallOf(ctx).Request})
	switch {
	case err != nil:
		return nil, s.fail(ctx, "charge a shown code", err)
	case out != code.OK:
		return nil, refuse(ctx, out)
	}
	return s.orderView(ctx, o)
}
