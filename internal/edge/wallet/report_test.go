package wallet_test

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Somebody reports an order they paid, sees the promised time and, later, the answer;
// nobody else sees or reports it.
func TestReportAProblem(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua := b.enrolled("+8613800000001", 100_00), b.enrolled("+8613800000002", 0)
	o := b.order("T2026-0001", 3_00)
	must(t, ming.Pay, &pb.PayRequest{Code: o.PrepayId, ClientId: "p1"})

	ask := &pb.ReportProblemRequest{Subject: "order/1", Trouble: "not_received", Words: "没有出餐", ClientId: "r1"}
	for range 2 {
		v := must(t, ming.ReportProblem, ask)
		if v.Report != 1 || v.State != "open" || v.Words != "没有出餐" || v.Subject != "order/1" || v.PromisedAt-v.CreatedAt != stamp.DayMs || v.Merchant == "" {
			t.Errorf("reported %v", v)
		}
	}
	for _, q := range []*pb.ReportProblemRequest{
		{Subject: "order/1", Trouble: "bored", ClientId: "r2"}, {Subject: "order/1", Trouble: "other", Words: "a\u202eb", ClientId: "r2"},
		{Subject: "order/1", Trouble: "other", Words: strings.Repeat("长", 501), ClientId: "r2"}, {Subject: "order/9", Trouble: "other", ClientId: "r2"},
		{Subject: "user/1", Trouble: "other", ClientId: "r2"}, {Subject: "order", Trouble: "other", ClientId: "r2"}, {Subject: "order/1", Trouble: "other"},
	} {
		refused(t, ming.ReportProblem, q) // fails when it is taken
	}
	if got := refused(t, hua.ReportProblem, &pb.ReportProblemRequest{Subject: "order/1", Trouble: "other", ClientId: "r1"}); got != code.ReportSubjectUnknown {
		t.Errorf("got %s", got)
	}
	if got := refused(t, hua.ShowReport, &pb.ShowReportRequest{Report: 1}); got != code.ReportNotFound {
		t.Errorf("got %s", got)
	}
	if got := refused(t, hua.CloseReport, &pb.CloseReportRequest{Report: 1}); got != code.ReportNotFound {
		t.Errorf("got %s", got)
	}

	b.core.Must(catalogue.ReportAnswer, &pb.ReportAnswer{Id: 1, Words: &pb.Sealed{KeyId: strings.Repeat("a", 32), Box: []byte("box"), Hash: make([]byte, 16)}})
	if v := must(t, ming.ShowReport, &pb.ShowReportRequest{Report: 1}); v.State != "answered" || v.AnsweredAt == 0 {
		t.Errorf("answered: %v", v)
	}
	must(t, ming.ReportProblem, &pb.ReportProblemRequest{Subject: "order/1", Trouble: "not_me", ClientId: "r2"})
	one := must(t, ming.ListReports, &pb.ListReportsRequest{Limit: 1})
	two := must(t, ming.ListReports, &pb.ListReportsRequest{Limit: 1, Before: one.Next})
	if len(one.Reports) != 1 || one.Reports[0].Report != 2 || one.Next != 2 || len(two.Reports) != 1 || two.Reports[0].Report != 1 || two.Next != 0 {
		t.Errorf("pages are %v and %v", one, two)
	}
	b.core.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: b.uid(ming), Blocked: true, Reason: "test"}) // and is heard all the same
	if v := must(t, ming.ReportProblem, &pb.ReportProblemRequest{Subject: "order/1", Trouble: "other", ClientId: "r3"}); v.State != "open" {
		t.Errorf("somebody who is blocked reports %v", v)
	}
	must(t, ming.Appeal, &pb.AppealRequest{Words: "it was me", ClientId: "a1"})
	if v := must(t, ming.CloseReport, &pb.CloseReportRequest{Report: 2}); v.State != "closed" {
		t.Errorf("closed: %v", v)
	}
}
