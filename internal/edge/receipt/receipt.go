// Package receipt makes the receipts of payments, refunds, transfers and red packets:
// the journal entry with its proof and the signed checkpoint it leads to, with the
// personal fields opened that belong to the people who get it.
package receipt

import (
	"context"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// Core is what a Issuer needs of the replica.
type Core interface {
	// ReadLocal calls f with one snapshot of this node's own state.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
}

// Checkpoints answers published checkpoints.
type Checkpoints interface {
	// Covering returns a checkpoint that covers entry seq. It waits for one
	// while ctx lasts and then answers journal.ErrNotCovered.
	Covering(ctx context.Context, seq uint64) (journal.Signed, error)
}

// Issuer hands out receipts. Its methods may be called from any goroutine.
type Issuer struct {
	core        Core
	checkpoints Checkpoints
	prover      *journal.Prover
}

// NewIssuer returns a Issuer. prover may be shared with the checkpoints' publisher.
func NewIssuer(core Core, checkpoints Checkpoints, prover *journal.Prover) *Issuer {
	return &Issuer{core, checkpoints, prover}
}

// Payment is the receipt of a paid order; it opens the payer's openid. For an
// order that was never paid the error is a *code.Error. When no checkpoint
// covers the payment before ctx ends, it is journal.ErrNotCovered.
func (d *Issuer) Payment(ctx context.Context, o *pb.Order) (*pb.Receipt, error) {
	if !order.Paid(o) {
		return nil, code.RefundOrderNotPaid.Err()
	}
	var openings []*pb.Opening
	if len(o.Salt) > 0 {
		openings = append(openings, &pb.Opening{
			Commitment: 0, Field: "openid", Value: o.Openid, Salt: commitment.FieldSalt(o.Salt, "openid"),
		})
	}
	return d.entry(ctx, o.PaySeq, openings)
}

// Refund is the receipt of a refund's last step: its acceptance, and once the
// payer has the money, that. Errors are as for Payment.
func (d *Issuer) Refund(ctx context.Context, f *pb.Refund) (*pb.Receipt, error) {
	seq := f.CreateSeq
	if f.SuccessSeq != 0 {
		seq = f.SuccessSeq
	}
	return d.entry(ctx, seq, nil)
}

// Transfer is the receipt of a transfer's last step: the money on its way, and once
// it was accepted, declined or came back by itself, that. Errors are as for Payment.
func (d *Issuer) Transfer(ctx context.Context, t *pb.PersonTransfer) (*pb.Receipt, error) {
	seq := t.CreateSeq
	if t.EndSeq != 0 {
		seq = t.EndSeq
	}
	return d.entry(ctx, seq, nil)
}

// Packet is the receipt of what was put into a red packet; a lucky one's entry has
// the commitment to its seed. Errors are as for Payment.
func (d *Issuer) Packet(ctx context.Context, p *pb.Packet) (*pb.Receipt, error) {
	return d.entry(ctx, p.CreateSeq, nil)
}

// Share is the receipt of what one person took of a packet. Errors are as for Payment.
func (d *Issuer) Share(ctx context.Context, s *pb.PacketShare) (*pb.Receipt, error) {
	return d.entry(ctx, s.Seq, nil)
}

func (d *Issuer) entry(ctx context.Context, seq uint64, openings []*pb.Opening) (r *pb.Receipt, err error) {
	cp, err := d.checkpoints.Covering(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", seq, err)
	}
	err = d.core.ReadLocal(ctx, func(t table.Reader) error {
		r, err = d.prover.BuildReceipt(t, cp, seq, openings)
		return err
	})
	return r, err
}
