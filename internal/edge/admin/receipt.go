package admin

import (
	"context"
	"errors"
	"strconv"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// receiptMaker makes the receipt of what was found.
type receiptMaker func(context.Context) (*pb.Receipt, error)

// ShowReceipt returns the receipt of a payment, a refund, a transfer or a red packet.
// It waits for the next checkpoint where that is needed.
func (s *Server) ShowReceipt(ctx context.Context, q *connect.Request[pb.InspectRequest]) (*connect.Response[pb.Receipt], error) {
	var issue receiptMaker
	err := s.read(ctx, "find what a receipt is asked for", func(r table.Reader) (err error) {
		issue, err = s.findReceipt(r, q.Msg)
		return err
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, receiptPatience)
	defer cancel()
	rec, err := issue(ctx)
	if errors.Is(err, journal.ErrNotCovered) {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("no checkpoint covers it yet; ask again in a few seconds"))
	}
	if err != nil {
		return nil, s.fail("make a receipt", err)
	}
	return answer(rec)
}

func (s *Server) findReceipt(r table.Reader, q *pb.InspectRequest) (receiptMaker, error) {
	kind, name, _ := cutEntity(q.Id)
	id, _ := strconv.ParseUint(name, 10, 64)
	_, isRefund := ident.ParseRefundID(q.Id)
	switch {
	case kind == "transfer":
		if t, ok := transfer.Get(r, id); ok {
			return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Transfer(ctx, t) }, nil
		}
		return nil, refuse(code.TransferNotFound)
	case kind == "packet":
		if p, ok := packet.Get(r, id); ok {
			return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Packet(ctx, p) }, nil
		}
		return nil, refuse(code.PacketNotFound)
	case kind == "refund" || isRefund:
		f, err := findRefund(r, q.Id, "")
		return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Refund(ctx, f) }, err
	}
	o, err := findOrder(r, q.Id, q.Mchid)
	if err == nil && !order.Paid(o) {
		err = refuse(code.RefundOrderNotPaid)
	}
	return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Payment(ctx, o) }, err
}
