package wallet

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
)

// maxTrouble bounds what a person says of a problem, in characters.
const maxTrouble = 500

// reported are the kinds of what can be reported, as bills name it.
var reported = map[string]pb.Kind{
	"order": pb.Kind_KIND_ORDER, "refund": pb.Kind_KIND_REFUND, "transfer": pb.Kind_KIND_TRANSFER, "packet": pb.Kind_KIND_PACKET,
}

// subject reads what a bill is about; what can't be read is nothing of the caller's.
func subject(text string) *pb.Subject {
	kind, number, _ := strings.Cut(text, "/")
	id, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return &pb.Subject{}
	}
	return &pb.Subject{Kind: reported[kind], Id: id}
}

// subjectText is what subject reads.
func subjectText(s *pb.Subject) string {
	return rpc.Word(s.GetKind()) + "/" + strconv.FormatUint(s.GetId(), 10)
}

// ReportProblem implements WalletService.
func (s *Server) ReportProblem(ctx context.Context, q *connect.Request[pb.ReportProblemRequest]) (*connect.Response[pb.ReportView], error) {
	who, m := from(ctx), q.Msg
	c := &pb.ReportCreate{Uid: who.uid, ClientId: m.ClientId, Subject: subject(m.Subject), Consent: who.consent(0)}
	c.Trouble, _ = rpc.Value[pb.Trouble](m.Trouble) // the rule refuses none
	var err error
	if c.Words, err = s.sealText(ctx, m.Words, maxTrouble, who.uid); err != nil {
		return nil, err
	}
	p, err := do(ctx, s, report.Create, c)
	if err != nil {
		return nil, err
	}
	return s.reportAnswer(ctx, p)
}

// CloseReport implements WalletService.
func (s *Server) CloseReport(ctx context.Context, q *connect.Request[pb.CloseReportRequest]) (*connect.Response[pb.ReportView], error) {
	who := from(ctx)
	p, err := do(ctx, s, report.Close, &pb.ReportClose{Id: q.Msg.Report, Uid: who.uid, Consent: who.consent(0)})
	if err != nil {
		return nil, err
	}
	return s.reportAnswer(ctx, p)
}

// ShowReport implements WalletService.
func (s *Server) ShowReport(ctx context.Context, q *connect.Request[pb.ShowReportRequest]) (*connect.Response[pb.ReportView], error) {
	var v *pb.ReportView
	err := s.read(ctx, "show a report", func(r table.Reader) error {
		who := from(ctx)
		p, ok := report.Get(r, q.Msg.Report)
		if !ok || p.Uid != who.uid {
			return &code.Error{Code: code.ReportNotFound}
		}
		_, _, out := own(r, who)
		v = s.reportView(r, p)
		return out.Err()
	})
	if err != nil {
		return nil, err
	}
	return answer(v)
}

// ListReports implements WalletService.
func (s *Server) ListReports(ctx context.Context, q *connect.Request[pb.ListReportsRequest]) (*connect.Response[pb.ListReportsResponse], error) {
	limit := usualBills
	if q.Msg.Limit > 0 {
		limit = int(min(q.Msg.Limit, mostBills))
	}
	list := &pb.ListReportsResponse{}
	err := s.read(ctx, "list reports", func(r table.Reader) error {
		who := from(ctx)
		if _, _, out := own(r, who); out != code.OK {
			return &code.Error{Code: out}
		}
		ids := report.Of(r, who.uid)
		slices.Sort(ids)
		for _, id := range slices.Backward(ids) {
			if q.Msg.Before != 0 && id >= q.Msg.Before {
				continue
			}
			if len(list.Reports) == limit {
				list.Next = list.Reports[limit-1].Report
				break
			}
			if p, ok := report.Get(r, id); ok {
				list.Reports = append(list.Reports, s.reportView(r, p))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(list)
}

func (s *Server) reportAnswer(ctx context.Context, p *pb.ProblemReport) (*connect.Response[pb.ReportView], error) {
	var v *pb.ReportView
	if err := s.read(ctx, "show a report", func(r table.Reader) error {
		v = s.reportView(r, p)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// reportView is a report as its person sees it.
func (s *Server) reportView(r table.Reader, p *pb.ProblemReport) *pb.ReportView {
	v := &pb.ReportView{
		Report: p.Id, Subject: subjectText(p.Subject), Trouble: rpc.Word(p.Trouble),
		State: rpc.Word(p.State), CreatedAt: p.CreatedAt, PromisedAt: p.PromisedAt,
		AnsweredAt: p.AnsweredAt, ClosedAt: p.ClosedAt,
	}
	if p.Mchid != "" {
		v.Merchant = merchantName(r, p.Mchid)
	}
	if reader, ok := person.Get(r, p.Uid); ok {
		v.Words, v.Answer = s.opened(p.Words, reader), s.opened(p.Answer, reader)
	}
	return v
}

// opened is a sealed text, "" where there is none or it can't be opened.
func (s *Server) opened(text *pb.Sealed, reader *pb.Person) string {
	if text == nil {
		return ""
	}
	opened, _ := s.Personal.OpenMemo(text, reader)
	return opened
}
