package admin

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// receiptPatience is how long an inspection waits for the checkpoint that
// covers a fresh payment.
const receiptPatience = 3 * time.Second

// InspectOrder tells everything about one order.
func (s *Server) InspectOrder(ctx context.Context, q *connect.Request[pb.InspectRequest]) (*connect.Response[pb.InspectOrderResponse], error) {
	a := new(pb.InspectOrderResponse)
	var o *pb.Order
	err := s.read(ctx, "inspect an order", func(r table.Reader) (err error) {
		if o, err = findOrder(r, q.Msg.Id, q.Msg.Mchid); err != nil {
			return err
		}
		a.Order, a.TransactionId = shownOrder(o), order.TransactionID(o, offset(r))
		a.Steps = s.steps(r, order.Entity(o.Id), bound(q.Msg.Limit), o.CreateSeq, o.PaySeq, o.CloseSeq)
		refunds := refund.ByOrder(r, o.Id)
		a.Refunds = all(refunds, shownRefund)
		a.Notices = notices(r, o.NoticeId)
		for _, f := range refunds {
			a.Notices = append(a.Notices, notices(r, f.NoticeId)...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if order.Paid(o) {
		a.Receipt, err = s.receipt(ctx, func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Payment(ctx, o) })
		if err != nil {
			return nil, err
		}
	}
	return answer(a)
}

// InspectRefund tells everything about one refund.
func (s *Server) InspectRefund(ctx context.Context, q *connect.Request[pb.InspectRequest]) (*connect.Response[pb.InspectRefundResponse], error) {
	a := new(pb.InspectRefundResponse)
	var f *pb.Refund
	err := s.read(ctx, "inspect a refund", func(r table.Reader) (err error) {
		if f, err = findRefund(r, q.Msg.Id, q.Msg.Mchid); err != nil {
			return err
		}
		a.Refund, a.RefundId = shownRefund(f), refund.ID(f, offset(r))
		if o, ok := order.Get(r, f.OrderId); ok {
			a.TransactionId = order.TransactionID(o, offset(r))
		}
		a.Steps = s.steps(r, refund.Entity(f.Id), bound(q.Msg.Limit), f.CreateSeq, f.SuccessSeq)
		a.Notices = notices(r, f.NoticeId)
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.Receipt, err = s.receipt(ctx, func(ctx context.Context) (*pb.Receipt, error) { return s.Receipts.Refund(ctx, f) })
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// receipt waits a little for a receipt; none yet is no error.
func (s *Server) receipt(ctx context.Context, get func(context.Context) (*pb.Receipt, error)) (*pb.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, receiptPatience)
	defer cancel()
	r, err := get(ctx)
	if errors.Is(err, journal.ErrNotCovered) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fail("make a receipt", err)
	}
	return r, nil
}

// notices reads a notice, if there is one.
func notices(r table.Reader, id uint64) []*pb.NoticeShown {
	if n, ok := notice.Get(r, id); ok && id != 0 {
		return []*pb.NoticeShown{shownNotice(n)}
	}
	return nil
}

// offset is the business offset from UTC in seconds.
func offset(r table.Reader) int32 {
	head, _ := machine.Head(r)
	return head.GetCutoffOffsetS()
}

// InspectAccount tells an account's balance from the state, and its movements
// from the views, with how many entries they lag.
func (s *Server) InspectAccount(ctx context.Context, q *connect.Request[pb.InspectRequest]) (*connect.Response[pb.InspectAccountResponse], error) {
	a := new(pb.InspectAccountResponse)
	err := s.read(ctx, "inspect an account", func(r table.Reader) error {
		acc, ok := ledger.Get(r, q.Msg.Id, money.CNY)
		if !ok {
			return refuse(code.AccountNotFound)
		}
		a.Account = shownAccount(acc)
		head, _ := machine.Head(r)
		if next := s.Views.Next(); next < head.GetJournalSize() {
			a.ViewLag = head.GetJournalSize() - next
		}
		lines, err := s.Views.History(acc.Name, acc.Currency, head.GetJournalSize(), bound(q.Msg.Limit))
		a.History = lines
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// InspectNotice tells a notice's state, attempts and plaintext.
func (s *Server) InspectNotice(ctx context.Context, q *connect.Request[pb.InspectRequest]) (*connect.Response[pb.InspectNoticeResponse], error) {
	a := new(pb.InspectNoticeResponse)
	err := s.read(ctx, "inspect a notice", func(r table.Reader) error {
		n, err := findNotice(ctx, r, q.Msg.Id)
		if err != nil {
			return err
		}
		a.Notice = shownNotice(n)
		return s.describeNotice(r, n, a, bound(q.Msg.Limit))
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

func (s *Server) describeNotice(r table.Reader, n *pb.Notice, a *pb.InspectNoticeResponse, limit int) error {
	head, _ := machine.Head(r)
	a.EventId = ident.EventID(head.GetLogName(), n.Id)
	if e, ok := wechatjson.Describe(n.Event, n.Format); ok {
		a.EventType = e.Type
	}
	kind, id := notice.Subject(n)
	rec := wechatjson.Read(r, kind, id)
	text, err := wechatjson.Plaintext(n, rec, head.GetCutoffOffsetS())
	if err != nil {
		return err
	}
	a.Plaintext = string(text)
	a.Steps = s.noticeSteps(r, n, rec, limit)
	return nil
}

// noticeSteps are the deed that owes the notice and what was done to it since;
// its attempts are in the notice itself.
func (s *Server) noticeSteps(r table.Reader, n *pb.Notice, rec wechatjson.Records, limit int) []*pb.Step {
	o := rec.Order
	deed, seq := s.steps(r, order.Entity(o.Id), limit, o.PaySeq), o.PaySeq
	if f := rec.Refund; f != nil {
		deed, seq = s.steps(r, refund.Entity(f.Id), limit, f.CreateSeq, f.SuccessSeq), f.SuccessSeq
	}
	var list []*pb.Step
	for _, step := range deed {
		if step.Seq == seq && seq != 0 {
			list = append(list, step)
		}
	}
	return append(list, s.steps(r, noticeEntity(n.Id), limit)...)
}
