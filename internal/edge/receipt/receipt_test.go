package receipt_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// TestReceipts follows one order through its receipts: none before payment, one
// that opens the payer's openid after it, and a refund's acceptance and end.
func TestReceipts(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, true)
	issuer := receipt.NewIssuer(d.Core, d, journal.NewProver())
	verifier, err := journal.ParseVerifier(d.Keys.CheckpointVerifier())
	if err != nil {
		t.Fatal(err)
	}
	d.Merchant()
	alice := d.Payer("alice", "Alice", 500)
	o := d.Order("T2026-0001", nil)
	refused := (*code.Error)(nil)
	if _, err := issuer.Payment(t.Context(), o); !errors.As(err, &refused) {
		t.Errorf("an unpaid order: %v", err)
	}
	o = d.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: alice.Uid, Attempt: []byte("attempt-00000001")}).(*pb.Order)
	r, err := issuer.Payment(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	entry, _, err := journal.VerifyReceipt(r, verifier)
	if err != nil || entry.Seq != o.PaySeq || len(r.Openings) != 1 || r.Openings[0].Value != o.Openid {
		t.Errorf("payment: %v, %v, openings %v", entry, err, r.Openings)
	}
	r.Openings[0].Value = "o0000000000000000000000000000"
	if _, _, err := journal.VerifyReceipt(r, verifier); !errors.Is(err, journal.ErrOpening) {
		t.Errorf("another openid verifies: %v", err)
	}
	erased := proto.Clone(o).(*pb.Order)
	erased.Salt = nil // the payer's details were erased; the books stay
	if r, err = issuer.Payment(t.Context(), erased); err != nil || len(r.Openings) != 0 {
		t.Errorf("after erasure: %v, %v", r, err)
	}

	d.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: edgetest.Mchid, OutRefundNo: "R1", OutTradeNo: "T2026-0001", Refund: 40, Total: 100, Currency: 156})
	for _, want := range []func(*pb.Refund) uint64{(*pb.Refund).GetCreateSeq, (*pb.Refund).GetSuccessSeq} {
		var f *pb.Refund
		if err := d.Read(func(r table.Reader) error { f, _ = refund.Get(r, 1); return nil }); err != nil {
			t.Fatal(err)
		}
		r, err := issuer.Refund(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if entry, _, err := journal.VerifyReceipt(r, verifier); err != nil || entry.Seq != want(f) {
			t.Errorf("refund: %v, %v; want entry %d", entry, err, want(f))
		}
		d.Sleep(1000)
		if f.SuccessSeq == 0 {
			d.Must(catalogue.Tick, &pb.Tick{})
		}
	}
}

// TestNotCovered: without a checkpoint there is no receipt, and the error says so.
func TestNotCovered(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, true)
	o := &pb.Order{Id: 1, PaidAt: 1, PaySeq: 99, State: pb.TradeState_TRADE_STATE_SUCCESS}
	if !order.Paid(o) {
		t.Fatal("the order should count as paid")
	}
	_, err := receipt.NewIssuer(d.Core, d, journal.NewProver()).Payment(context.Background(), o)
	if !errors.Is(err, journal.ErrNotCovered) {
		t.Errorf("got %v", err)
	}
}
