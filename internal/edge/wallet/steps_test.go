package wallet_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// receipts stands in for the issuer: it says of which entry a receipt was asked for.
type receipts struct{ late bool }

func (r *receipts) of(seq uint64) (*pb.Receipt, error) {
	if r.late {
		return nil, journal.ErrNotCovered
	}
	return &pb.Receipt{LeafIndex: seq}, nil
}

func (r *receipts) Payment(_ context.Context, o *pb.Order) (*pb.Receipt, error) {
	return r.of(o.PaySeq)
}
func (r *receipts) Refund(_ context.Context, f *pb.Refund) (*pb.Receipt, error) {
	return r.of(f.CreateSeq)
}
func (r *receipts) Transfer(_ context.Context, t *pb.PersonTransfer) (*pb.Receipt, error) {
	return r.of(t.CreateSeq)
}
func (r *receipts) Packet(_ context.Context, p *pb.Packet) (*pb.Receipt, error) {
	return r.of(p.CreateSeq)
}
func (r *receipts) Share(_ context.Context, s *pb.PacketShare) (*pb.Receipt, error) {
	return r.of(s.Seq)
}

// proving moves the bank's phones to a server that hands out receipts.
func (b *bank) proving(phones ...*phone) *receipts {
	b.t.Helper()
	r := new(receipts)
	cfg := b.config
	cfg.Receipts = r
	s := httptest.NewServer(wallet.NewServer(cfg))
	b.t.Cleanup(s.Close)
	for _, p := range phones {
		p.WalletServiceClient = walletclient.Service(http.DefaultClient, s.URL, "en", p.device)
	}
	return r
}

func words(v *pb.StepsView) (list []string) {
	for _, step := range v.Steps {
		list = append(list, step.What)
	}
	return list
}

func said(t *testing.T, v *pb.StepsView, want ...string) {
	t.Helper()
	got := words(v)
	if len(got) != len(want) {
		t.Errorf("the steps are %v, want %v", got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("the steps are %v, want %v", got, want)
		}
	}
}

// A bill's steps are for who has the bill; each has its time, and what is to come stands
// last. A receipt proves the step that moved the money.
func TestStepsAndReceipts(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua := b.enrolled("+8613800000001", 100_00), b.enrolled("+8613800000002", 0)
	r := b.proving(ming, hua)
	paid := must(t, ming.Pay, &pb.PayRequest{Code: b.order("T2026-0001", 3_00).PrepayId, ClientId: "p1"})
	order := &pb.ShowStepsRequest{Subject: "order/1"}
	v := must(t, ming.ShowSteps, order)
	said(t, v, "ordered", "paid", "telling_shop")
	if v.Merchant != "茶铺" || v.TransactionId != paid.TransactionId || v.Total != 3_00 || v.Steps[1].Entry != paid.Entry || v.Steps[1].At == 0 {
		t.Errorf("the payment is shown as %v", v)
	}
	b.core.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: mchid, OutRefundNo: "R1", OutTradeNo: "T2026-0001", Refund: 1_00, Total: 3_00, Currency: money.CNY})
	b.core.Sleep(1000)
	b.core.Must(catalogue.Tick, &pb.Tick{})
	said(t, must(t, ming.ShowSteps, &pb.ShowStepsRequest{Subject: "refund/1"}), "ordered", "paid", "refund_accepted", "refunded", "telling_shop")
	if got := must(t, ming.ShowReceipt, &pb.ShowReceiptRequest{Subject: "order/1"}); got.LeafIndex != paid.Entry {
		t.Errorf("the receipt is of entry %d, want %d", got.LeafIndex, paid.Entry)
	}
	must(t, ming.ShowReceipt, &pb.ShowReceiptRequest{Subject: "refund/1"})

	payee := must(t, ming.FindPayee, &pb.FindPayeeRequest{Phone: hua.number}).Payee
	must(t, ming.Transfer, &pb.TransferRequest{Payee: payee, Amount: 5_00, ClientId: "t1", Accept: true})
	said(t, must(t, hua.ShowSteps, &pb.ShowStepsRequest{Subject: "transfer/1"}), "sent")
	must(t, hua.AnswerTransfer, &pb.AnswerTransferRequest{Transfer: 1, Accept: false})
	said(t, must(t, ming.ShowSteps, &pb.ShowStepsRequest{Subject: "transfer/1"}), "sent", "declined")
	must(t, ming.ShowReceipt, &pb.ShowReceiptRequest{Subject: "transfer/1"})

	packet := must(t, ming.ThrowPacket, &pb.ThrowPacketRequest{ClientId: "k1", Count: 1, Total: 2_00})
	must(t, hua.OpenPacket, &pb.OpenPacketRequest{Link: packet.Link, Nonce: make([]byte, 16)})
	said(t, must(t, ming.ShowSteps, &pb.ShowStepsRequest{Subject: "packet/1"}), "thrown", "packet_over")
	said(t, must(t, hua.ShowSteps, &pb.ShowStepsRequest{Subject: "packet/1"}), "taken")
	mine, theirs := must(t, ming.ShowReceipt, &pb.ShowReceiptRequest{Subject: "packet/1"}), must(t, hua.ShowReceipt, &pb.ShowReceiptRequest{Subject: "packet/1"})
	if mine.LeafIndex == theirs.LeafIndex {
		t.Error("who took a share got the receipt of the packet")
	}

	for _, subject := range []string{"order/1", "refund/1", "order/9", "user/1", ""} {
		if got := refused(t, hua.ShowSteps, &pb.ShowStepsRequest{Subject: subject}); got != code.ReportSubjectUnknown {
			t.Errorf("another's %s: %s", subject, got)
		}
		if got := refused(t, hua.ShowReceipt, &pb.ShowReceiptRequest{Subject: subject}); got != code.ReportSubjectUnknown {
			t.Errorf("another's receipt of %s: %s", subject, got)
		}
	}
	r.late = true
	if got := refused(t, ming.ShowReceipt, &pb.ShowReceiptRequest{Subject: "order/1"}); got != code.Overloaded {
		t.Errorf("before a checkpoint: %s", got)
	}
}
