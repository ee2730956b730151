package wallet

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// receiptPatience is how long a call waits for the checkpoint that covers it.
const receiptPatience = 3 * time.Second

// receiptMaker makes the receipt of what was found.
type receiptMaker func(context.Context) (*pb.Receipt, error)

// ShowReceipt implements WalletService. Without a checkpoint in time it is overloaded:
// the caller asks again.
func (s *Server) ShowReceipt(ctx context.Context, q *connect.Request[pb.ShowReceiptRequest]) (*connect.Response[pb.Receipt], error) {
	who := from(ctx)
	var make receiptMaker
	err := s.read(ctx, "find what a receipt is asked for", func(r table.Reader) error {
		about, err := owned(r, who, q.Msg.Subject)
		if err != nil {
			return err
		}
		make = s.receiptOf(r, who.uid, about)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case make == nil:
		return nil, refuse(who, code.ReportSubjectUnknown)
	}
	ctx, cancel := context.WithTimeout(ctx, receiptPatience)
	defer cancel()
	proof, err := make(ctx)
	switch {
	case errors.Is(err, journal.ErrNotCovered):
		return nil, refuse(who, code.Overloaded)
	case err != nil:
		return nil, s.fail(who, "make a receipt", err)
	}
	return answer(proof)
}

// receiptOf is what makes the receipt of something of a person's; nil where there is
// nothing to prove yet.
func (s *Server) receiptOf(r table.Reader, uid uint64, about *pb.Subject) receiptMaker {
	if s.Receipts == nil {
		return nil
	}
	switch about.Kind {
	case pb.Kind_KIND_ORDER:
		if o, ok := order.Get(r, about.Id); ok && order.Paid(o) {
			return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Payment(ctx, o) }
		}
	case pb.Kind_KIND_REFUND:
		if f, ok := refund.Get(r, about.Id); ok {
			return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Refund(ctx, f) }
		}
	case pb.Kind_KIND_TRANSFER:
		if t, ok := transfer.Get(r, about.Id); ok {
			return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Transfer(ctx, t) }
		}
	case pb.Kind_KIND_PACKET:
		return s.packetReceipt(r, uid, about.Id)
	}
	return nil
}

// packetReceipt is the share's for who took one, else the packet's.
func (s *Server) packetReceipt(r table.Reader, uid, id uint64) receiptMaker {
	if share, took := packet.ShareOf(r, id, uid); took {
		return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Share(ctx, share) }
	}
	p, ok := packet.Get(r, id)
	if !ok {
		return nil
	}
	return func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Packet(ctx, p) }
}
