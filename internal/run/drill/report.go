package drill

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// report says that a ride was charged twice. It was not: what counts is that the report
// is there once, with its evidence and a promised time.
func (s *stroke) report(ctx context.Context) error {
	subject, err := s.subject(ctx)
	if err != nil {
		return err
	}
	q := &walletclient.ReportProblemRequest{Subject: subject, Trouble: "charged_twice", Words: "司机说没有收到 the driver says nothing came", ClientId: walletclient.NewID()}
	var made *walletclient.ReportView
	node, took, err := s.under(ctx, func(c *walletclient.Client) (err error) { made, err = c.ReportProblem(ctx, q); return err })
	if err != nil {
		return s.missed("R1.7", "a problem reported from the payment itself", "taken", err)
	}
	promised := time.Duration(made.PromisedAt-made.CreatedAt) * time.Millisecond
	s.g.told(Result{Requirement: "R1.7", OK: made.State == "open" && made.Subject == subject && took <= answerWithin,
		Detail: "a problem reported from the payment itself, " + node + " killed meanwhile", Measured: seconds(took), Promised: seconds(answerWithin)})
	s.g.told(Result{Requirement: "R1.7", OK: promised > 0, Detail: "an answer is promised for a time", Measured: "within " + promised.String(), Promised: "a time"})
	again, err := s.passenger.firstAt(s.acts).ReportProblem(ctx, q)
	if err != nil {
		return s.missed("R1.7", "the same report made again", fmt.Sprint(made.Report), err)
	}
	s.g.told(Result{Requirement: "R1.7", OK: again.Report == made.Report, Detail: "made again it is the same report", Measured: fmt.Sprint(again.Report), Promised: fmt.Sprint(made.Report)})
	return s.evidence(ctx, made.Report)
}

// subject is a ride as the passenger's bills name it, once they list it.
func (s *stroke) subject(ctx context.Context) (subject string, err error) {
	err = s.g.until(ctx, readyWithin, "a ride in the passenger's bills", func() bool {
		a, err := s.passenger.firstAt(s.acts).ListBills(ctx, &walletclient.ListBillsRequest{Limit: 100})
		if err != nil {
			return false
		}
		for _, b := range a.Bills {
			if b.Amount == -fare && strings.HasPrefix(b.Subject, "order/") {
				subject = b.Subject
			}
		}
		return subject != ""
	})
	return subject, err
}

// evidence looks at the report as whoever helps sees it.
func (s *stroke) evidence(ctx context.Context, id uint64) error {
	office, err := admin.Dial(admin.Address{URL: s.g.AdminURL, TokenFile: s.g.AdminToken})
	if err != nil {
		return err
	}
	a, err := office.ReportShow(ctx, connect.NewRequest(&pb.AdminReportRequest{Id: id}))
	if err != nil {
		return s.missed("R1.7", "the report as whoever helps sees it", "with its order", err)
	}
	trail := a.Msg.GetOrder()
	s.g.told(Result{Requirement: "R1.7", OK: trail != nil, Detail: "the order is attached by itself", Measured: fmt.Sprintf("%d bytes of it", trail.SizeVT()), Promised: "attached"})
	return nil
}
