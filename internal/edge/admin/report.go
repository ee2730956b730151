package admin

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// ReportList lists problem reports that wait, or all.
func (s *Server) ReportList(ctx context.Context, q *connect.Request[pb.AdminReportListRequest]) (*connect.Response[pb.AdminReportListResponse], error) {
	page, next, err := s.desk.Reports(ctx, staff.Wanted{All: q.Msg.All, After: q.Msg.After, Limit: q.Msg.Limit}, func(*pb.ProblemReport) bool { return true })
	if err != nil {
		return nil, s.fail("list reports", err)
	}
	return answer(&pb.AdminReportListResponse{Reports: page, Next: next})
}

// ReportShow shows a report with everything that belongs to it.
func (s *Server) ReportShow(ctx context.Context, q *connect.Request[pb.AdminReportRequest]) (*connect.Response[pb.AdminReport], error) {
	return s.reportAnswer(ctx, q.Msg.Id)
}

// ReportAnswer answers a report in the caller's name.
func (s *Server) ReportAnswer(ctx context.Context, q *connect.Request[pb.AdminReportAnswerRequest]) (*connect.Response[pb.AdminReport], error) {
	if _, err := s.desk.AnswerReport(ctx, by(ctx), q.Msg.Id, q.Msg.Words, func(*pb.ProblemReport) bool { return true }); err != nil {
		return nil, s.fail("answer a report", err)
	}
	return s.reportAnswer(ctx, q.Msg.Id)
}

// reportAnswer is a report with what belongs to it, as that is now.
func (s *Server) reportAnswer(ctx context.Context, id uint64) (*connect.Response[pb.AdminReport], error) {
	a := new(pb.AdminReport)
	err := s.read(ctx, "show a report", func(r table.Reader) error {
		p, ok := report.Get(r, id)
		if !ok {
			return refuse(code.ReportNotFound)
		}
		a.Report = s.desk.ShownReport(r, p)
		a.Steps = s.steps(r, report.Entity(p.Id), bound(0), p.CreateSeq, p.AnswerSeq)
		a.Steps = append(a.Steps, s.stepsOf(r, p)...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.attach(ctx, a)
}

// stepsOf are those of a transfer or packet that is reported.
func (s *Server) stepsOf(r table.Reader, p *pb.ProblemReport) []*pb.Step {
	switch p.Subject.GetKind() {
	case pb.Kind_KIND_TRANSFER:
		return s.steps(r, transfer.Entity(p.Subject.Id), bound(0), p.Evidence...)
	case pb.Kind_KIND_PACKET:
		return s.steps(r, packet.Entity(p.Subject.Id), bound(0), p.Evidence...)
	}
	return nil
}

// attach looks at what a report is about as inspections do: order, refunds, notices
// with their attempts, receipt, steps.
func (s *Server) attach(ctx context.Context, a *pb.AdminReport) (*connect.Response[pb.AdminReport], error) {
	about := a.Report.Subject
	switch about.GetKind() {
	case pb.Kind_KIND_ORDER:
		o, err := s.InspectOrder(ctx, connect.NewRequest(&pb.InspectRequest{Id: fmt.Sprint("order/", about.Id)}))
		if err != nil {
			return nil, err
		}
		a.Order = o.Msg
	case pb.Kind_KIND_REFUND:
		f, err := s.InspectRefund(ctx, connect.NewRequest(&pb.InspectRequest{Id: fmt.Sprint("refund/", about.Id)}))
		if err != nil {
			return nil, err
		}
		o, err := s.InspectOrder(ctx, connect.NewRequest(&pb.InspectRequest{Id: fmt.Sprint("order/", f.Msg.Refund.OrderId)}))
		if err != nil {
			return nil, err
		}
		a.Refund, a.Order = f.Msg, o.Msg
	default:
		kind := "transfer/"
		if about.GetKind() == pb.Kind_KIND_PACKET {
			kind = "packet/"
		}
		receipt, err := s.ShowReceipt(ctx, connect.NewRequest(&pb.InspectRequest{Id: fmt.Sprint(kind, about.GetId())}))
		if err != nil {
			return nil, err
		}
		a.Receipt = receipt.Msg
	}
	return answer(a)
}
