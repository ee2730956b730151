package admin

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// maxWords bounds an answer to a person, in characters.
const maxWords = 500

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
	if q.Msg.Words == "" || !wallet.Text(q.Msg.Words, maxWords) {
		return nil, refuse(code.TextInvalid)
	}
	var reader *pb.Person
	err := s.read(ctx, "find a report", func(r table.Reader) error {
		p, ok := report.Get(r, q.Msg.Id)
		if !ok {
			return refuse(code.ReportNotFound)
		}
		reader, _ = person.Get(r, p.Uid)
		return nil
	})
	if err != nil {
		return nil, err
	}
	words, err := s.sealedFor(ctx, q.Msg.Words, reader)
	if err != nil {
		return nil, err
	}
	if _, err := do(ctx, s, report.Answer, &pb.ReportAnswer{Id: q.Msg.Id, Words: words}); err != nil {
		return nil, err
	}
	return s.reportAnswer(ctx, q.Msg.Id)
}

// sealedFor seals a text for a person to read.
func (s *Server) sealedFor(ctx context.Context, text string, reader *pb.Person) (*pb.Sealed, error) {
	if s.People == nil {
		return nil, refuse(code.PersonNotSealed)
	}
	words, err := s.People.SealMemo(ctx, text, reader)
	switch {
	case errors.Is(err, personal.ErrNoReader) && reader.GetErasedAt() != 0:
		return nil, refuse(code.PersonErased)
	case errors.Is(err, personal.ErrNoReader):
		return nil, refuse(code.PersonNotSealed)
	case err != nil:
		return nil, s.fail("seal an answer", err)
	}
	return words, nil
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
