package staff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	// mostReports bounds a page of reports.
	mostReports = 500
	// MaxAnswer bounds an answer to a person, in characters.
	MaxAnswer = 500
)

// ListReports lists the problem reports about the orders of the caller's merchant.
func (s *Server) ListReports(ctx context.Context, q *connect.Request[pb.ListMerchantReportsRequest]) (*connect.Response[pb.ListMerchantReportsResponse], error) {
	of, err := theirReports(ctx)
	if err != nil {
		return nil, s.fail(ctx, "list reports", err)
	}
	page, next, err := s.Desk.Reports(ctx, Wanted{All: q.Msg.All, After: q.Msg.After, Limit: q.Msg.Limit}, of)
	if err != nil {
		return nil, s.fail(ctx, "list reports", err)
	}
	return connect.NewResponse(&pb.ListMerchantReportsResponse{Reports: page, Next: next}), nil
}

// ShowReport shows a problem report about an order of the caller's merchant.
func (s *Server) ShowReport(ctx context.Context, q *connect.Request[pb.ShowMerchantReportRequest]) (*connect.Response[pb.ReportShown], error) {
	of, err := theirReports(ctx)
	if err != nil {
		return nil, s.fail(ctx, "show a report", err)
	}
	var shown *pb.ReportShown
	if err := s.Desk.Core.ReadLatest(ctx, func(r table.Reader) error {
		p, ok := report.Get(r, q.Msg.Id)
		if !ok || !of(p) {
			return code.ReportNotFound.Err()
		}
		shown = s.Desk.ShownReport(r, p)
		return nil
	}); err != nil {
		return nil, s.fail(ctx, "show a report", err)
	}
	return connect.NewResponse(shown), nil
}

// AnswerReport answers a problem report about an order of the caller's merchant.
func (s *Server) AnswerReport(ctx context.Context, q *connect.Request[pb.AnswerMerchantReportRequest]) (*connect.Response[pb.ReportShown], error) {
	of, err := theirReports(ctx)
	if err != nil {
		return nil, s.fail(ctx, "answer a report", err)
	}
	shown, err := s.Desk.AnswerReport(ctx, by(ctx), q.Msg.Id, q.Msg.Words, of)
	if err != nil {
		return nil, s.fail(ctx, "answer a report", err)
	}
	return connect.NewResponse(shown), nil
}

// theirReports says which reports are the caller's merchant's, for whom they concern.
func theirReports(ctx context.Context) (func(*pb.ProblemReport) bool, error) {
	m, _ := staffauth.From(ctx)
	return func(p *pb.ProblemReport) bool { return m.Mchid != "" && p.Mchid == m.Mchid },
		m.Require(pb.StaffRole_STAFF_ROLE_OWNER, pb.StaffRole_STAFF_ROLE_DEVELOPER)
}

// AnswerReport gives a report its answer, if it is one of which of says yes.
func (d *Desk) AnswerReport(ctx context.Context, by By, id uint64, words string, of func(*pb.ProblemReport) bool) (*pb.ReportShown, error) {
	if words == "" || !wallet.Text(words, MaxAnswer) {
		return nil, code.TextInvalid.Err()
	}
	var reader *pb.Person
	if err := d.Core.ReadLatest(ctx, func(r table.Reader) error {
		p, ok := report.Get(r, id)
		if !ok || !of(p) {
			return code.ReportNotFound.Err()
		}
		reader, _ = person.Get(r, p.Uid)
		return nil
	}); err != nil {
		return nil, err
	}
	sealed, err := d.SealedFor(ctx, words, reader)
	if err != nil {
		return nil, err
	}
	p, out, err := report.Answer.Do(ctx, d.Core, by.Actor, by.Request, &pb.ReportAnswer{Id: id, Words: sealed})
	if err == nil {
		err = out.Err()
	}
	if err != nil {
		return nil, err
	}
	var shown *pb.ReportShown
	err = d.Core.ReadLatest(ctx, func(r table.Reader) error {
		shown = d.ShownReport(r, p)
		return nil
	})
	return shown, err
}

// SealedFor seals a text for a person to read.
func (d *Desk) SealedFor(ctx context.Context, text string, reader *pb.Person) (*pb.Sealed, error) {
	if d.People == nil {
		return nil, code.PersonNotSealed.Err()
	}
	words, err := d.People.SealMemo(ctx, text, reader)
	switch {
	case errors.Is(err, personal.ErrNoReader) && reader.GetErasedAt() != 0:
		return nil, code.PersonErased.Err()
	case errors.Is(err, personal.ErrNoReader):
		return nil, code.PersonNotSealed.Err()
	case err != nil:
		return nil, fmt.Errorf("seal an answer: %w", err)
	}
	return words, nil
}

// Wanted is which page of reports somebody wants.
type Wanted struct {
	// All are those that don't wait for an answer too, beginning after a number.
	All   bool
	After uint64
	// Limit bounds the page: 100 where it is 0, 500 at most.
	Limit uint32
}

// Reports lists those reports of which of says yes: those that wait, the one whose
// promised time comes first at the top; or all, in their order.
func (d *Desk) Reports(ctx context.Context, w Wanted, of func(*pb.ProblemReport) bool) (page []*pb.ReportShown, next uint64, err error) {
	limit := int(min(cmp.Or(w.Limit, 100), mostReports))
	err = d.Core.ReadLatest(ctx, func(r table.Reader) error {
		var found []*pb.ProblemReport
		if w.All {
			found, next = some(r, w.After, limit, of)
		} else {
			found = waiting(r, limit, of)
		}
		for _, p := range found {
			page = append(page, d.ShownReport(r, p))
		}
		return nil
	})
	return page, next, err
}

// some lists reports beginning after a number; next is where the next page begins.
func some(r table.Reader, after uint64, limit int, of func(*pb.ProblemReport) bool) (found []*pb.ProblemReport, next uint64) {
	report.Scan(r, after, func(p *pb.ProblemReport) bool {
		if len(found) == limit {
			next = found[limit-1].Id
			return false
		}
		if of(p) {
			found = append(found, p)
		}
		return true
	})
	return found, next
}

// waiting lists the reports that wait, the most urgent first.
func waiting(r table.Reader, limit int, of func(*pb.ProblemReport) bool) (found []*pb.ProblemReport) {
	report.Waiting(r, func(_, id uint64) bool {
		if p, ok := report.Get(r, id); ok && of(p) {
			found = append(found, p)
		}
		return true
	})
	slices.SortFunc(found, func(a, b *pb.ProblemReport) int {
		return cmp.Or(cmp.Compare(a.PromisedAt, b.PromisedAt), cmp.Compare(a.Id, b.Id))
	})
	return found[:min(len(found), limit)]
}

// ShownReport is a report as staff sees it.
func (d *Desk) ShownReport(r table.Reader, p *pb.ProblemReport) *pb.ReportShown {
	s := &pb.ReportShown{
		Id: p.Id, Uid: p.Uid, Subject: p.Subject, Trouble: p.Trouble, Mchid: p.Mchid, Evidence: p.Evidence, State: p.State,
		CreatedAt: p.CreatedAt, PromisedAt: p.PromisedAt, AnsweredBy: p.AnsweredBy, AnsweredAt: p.AnsweredAt, ClosedAt: p.ClosedAt,
	}
	reader, ok := person.Get(r, p.Uid)
	if !ok || d.People == nil {
		s.Missing = personal.MissingRing
		return s
	}
	for _, text := range []struct {
		sealed *pb.Sealed
		to     *string
	}{{p.Words, &s.Words}, {p.Answer, &s.Answer}} {
		if text.sealed == nil {
			continue
		}
		var err error
		if *text.to, err = d.People.OpenMemo(text.sealed, reader); err != nil {
			s.Missing = personal.Missing(err)
		}
	}
	return s
}
