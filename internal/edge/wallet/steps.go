package wallet

import (
	"cmp"
	"context"
	"slices"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// ShowSteps implements WalletService. What is another's looks like what is not there.
func (s *Server) ShowSteps(ctx context.Context, q *connect.Request[pb.ShowStepsRequest]) (*connect.Response[pb.StepsView], error) {
	var v *pb.StepsView
	err := s.read(ctx, "show steps", func(r table.Reader) error {
		about, err := owned(r, from(ctx), q.Msg.Subject)
		if err != nil {
			return err
		}
		v = stepsOf(r, from(ctx).uid, about)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(v)
}

// owned reads what a bill of the caller's is about.
func owned(r table.Reader, who *caller, text string) (*pb.Subject, error) {
	if _, _, out := own(r, who); out != code.OK {
		return nil, out.Err()
	}
	about := subject(text)
	if !report.Concerns(r, who.uid, about) {
		return nil, code.ReportSubjectUnknown.Err()
	}
	return about, nil
}

// stepsOf lists what happened to a subject that is there, as the person may see it.
func stepsOf(r table.Reader, uid uint64, about *pb.Subject) *pb.StepsView {
	v := &pb.StepsView{}
	switch about.Kind {
	case pb.Kind_KIND_ORDER:
		orderSteps(r, v, about.Id)
	case pb.Kind_KIND_REFUND:
		if f, ok := refund.Get(r, about.Id); ok {
			orderSteps(r, v, f.OrderId)
		}
	case pb.Kind_KIND_TRANSFER:
		t, _ := transfer.Get(r, about.Id)
		v.Steps = transferSteps(t)
	case pb.Kind_KIND_PACKET:
		v.Steps = packetSteps(r, uid, about.Id)
	}
	// What is to come has a time too, and stays last; of one moment's, the order stands.
	slices.SortStableFunc(v.Steps, func(a, b *pb.BillStep) int {
		return cmp.Or(cmp.Compare(coming(a), coming(b)), cmp.Compare(a.At, b.At))
	})
	return v
}

// coming is 1 for a step that is to come.
func coming(step *pb.BillStep) int {
	if step.What == "telling_shop" {
		return 1
	}
	return 0
}

func orderSteps(r table.Reader, v *pb.StepsView, id uint64) {
	o, ok := order.Get(r, id)
	if !ok {
		return
	}
	v.OutTradeNo, v.Merchant, v.Description, v.Total, v.Refunded = o.OutTradeNo, merchantName(r, o.Mchid), o.Description, o.Total, o.Refunded
	v.Steps = append(v.Steps, &pb.BillStep{What: "ordered", At: o.CreatedAt, Entry: o.CreateSeq})
	if !order.Paid(o) {
		return
	}
	v.TransactionId = ident.TransactionID(o.Id, o.PaidAt, stamp.Business)
	v.Steps = append(v.Steps, &pb.BillStep{What: "paid", At: o.PaidAt, Entry: o.PaySeq, Amount: o.Total})
	if told := toldStep(r, o.NoticeId); told != nil {
		v.Steps = append(v.Steps, told)
	}
	for _, f := range refund.ByOrder(r, o.Id) {
		v.Steps = append(v.Steps, &pb.BillStep{What: "refund_accepted", At: f.CreatedAt, Entry: f.CreateSeq, Amount: f.Refund})
		if f.SuccessSeq != 0 {
			v.Steps = append(v.Steps, &pb.BillStep{What: "refunded", At: f.SuccessAt, Entry: f.SuccessSeq, Amount: f.Refund})
		}
	}
}

// toldStep says whether the merchant has heard of it; nil where a notice was never owed,
// or was delivered so long ago that it is not kept any more.
func toldStep(r table.Reader, id uint64) *pb.BillStep {
	n, ok := notice.Get(r, id)
	switch {
	case !ok:
		return nil
	case n.State == pb.NoticeState_NOTICE_STATE_DELIVERED:
		return &pb.BillStep{What: "shop_told", At: n.SettledAt, Tries: n.Attempts}
	case n.State == pb.NoticeState_NOTICE_STATE_PARKED:
		return &pb.BillStep{What: "shop_not_told", At: n.SettledAt, Tries: n.Attempts}
	}
	return &pb.BillStep{What: "telling_shop", At: n.NextAt, Tries: n.Attempts}
}

// ends are the words for how transfers end.
var ends = map[pb.TransferState]string{
	pb.TransferState_TRANSFER_STATE_DONE: "accepted", pb.TransferState_TRANSFER_STATE_DECLINED: "declined", pb.TransferState_TRANSFER_STATE_EXPIRED: "expired",
}

func transferSteps(t *pb.PersonTransfer) []*pb.BillStep {
	steps := []*pb.BillStep{{What: "sent", At: t.CreatedAt, Entry: t.CreateSeq, Amount: t.Amount}}
	if t.EndSeq != 0 && t.EndSeq != t.CreateSeq {
		steps = append(steps, &pb.BillStep{What: ends[t.State], At: t.EndedAt, Entry: t.EndSeq, Amount: t.Amount})
	}
	return steps
}

// packetSteps are a packet's: for its payer from beginning to end, for who took a share
// that.
func packetSteps(r table.Reader, uid, id uint64) (steps []*pb.BillStep) {
	p, _ := packet.Get(r, id)
	if p.Payer == uid {
		steps = append(steps, &pb.BillStep{What: "thrown", At: p.CreatedAt, Entry: p.CreateSeq, Amount: p.Total})
	}
	if share, took := packet.ShareOf(r, id, uid); took {
		steps = append(steps, &pb.BillStep{What: "taken", At: share.At, Entry: share.Seq, Amount: share.Amount})
	}
	if p.Payer == uid && p.EndSeq != 0 {
		steps = append(steps, &pb.BillStep{What: "packet_over", At: p.EndedAt, Entry: p.EndSeq, Amount: p.Total - p.Paid})
	}
	return steps
}
