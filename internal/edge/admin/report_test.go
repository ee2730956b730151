package admin_test

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// withWallet is somebody with a wallet and money in it.
func withWallet(t *testing.T, d *admintest.Site) (*pb.Enrolment, func(n uint64) *pb.Consent) {
	t.Helper()
	tag, proof, point := []byte(strings.Repeat("t", 32)), []byte(strings.Repeat("p", 32)), append([]byte{4}, strings.Repeat("k", 64)...)
	p := ask(t, d.Client.PersonAdd, &pb.AdminPersonAddRequest{Ref: "ming", Name: "小明", Phone: "13800000000", Topup: 10_000}).Person
	row := d.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: p.Uid, Blocked: true, Reason: "test"}).(*pb.Person)
	d.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: p.Uid})
	if len(row.PhoneTag) == wallet.TagSize {
		tag = row.PhoneTag
	}
	d.Must(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: proof, Proof: proof, Key: proof[:16]})
	e := d.Must(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: proof, PublicKey: point, Label: "phone"}).(*pb.Enrolment)
	return e, func(n uint64) *pb.Consent {
		return &pb.Consent{Device: e.Device, Counter: n, Signed: proof, Signature: append(proof, proof...)}
	}
}

// reported is a site on which somebody with a wallet has paid an order and reported it.
func reported(t *testing.T) *admintest.Site {
	t.Helper()
	d := admintest.Open(t, true)
	d.Merchant()
	e, consent := withWallet(t, d)
	o := d.Order("T2026-0001", nil)
	d.Must(catalogue.WalletPay, &pb.WalletPay{PrepayId: o.PrepayId, Uid: e.Uid, Attempt: []byte("a"), Consent: consent(1)})
	d.Must(catalogue.ReportCreate, &pb.ReportCreate{
		Uid: e.Uid, ClientId: "r1", Subject: &pb.Subject{Kind: pb.Kind_KIND_ORDER, Id: o.Id}, Trouble: pb.Trouble_TROUBLE_NOT_RECEIVED, Consent: consent(2),
	})
	return d
}

// A report is listed, shown with its order, notices, receipt and steps, and answered
// once, in the name of who answers.
func TestReportsAreAnswered(t *testing.T) {
	t.Parallel()
	d := reported(t)
	li, _ := operator(t, d, "li", pb.StaffRole_STAFF_ROLE_SUPPORT)
	if l := ask(t, li.ReportList, &pb.AdminReportListRequest{}); len(l.Reports) != 1 || l.Reports[0].Id != 1 || l.Next != 0 {
		t.Errorf("waiting are %v", l)
	}
	a := ask(t, li.ReportShow, &pb.AdminReportRequest{Id: 1})
	if a.Order.GetOrder().GetOutTradeNo() != "T2026-0001" || len(a.Order.Notices) != 1 || a.Order.Receipt == nil || len(a.Order.Steps) != 2 || len(a.Steps) != 1 || len(a.Report.Evidence) != 2 {
		t.Errorf("shown: %v", a)
	}
	for range 2 {
		a = ask(t, li.ReportAnswer, &pb.AdminReportAnswerRequest{Id: 1, Words: "已退款"})
		if a.Report.Answer != "已退款" || a.Report.AnsweredBy != "staff/1" || a.Report.State != pb.ReportState_REPORT_STATE_ANSWERED {
			t.Errorf("answered: %v", a.Report)
		}
	}
	refusedWith(t, try(t, li.ReportAnswer, &pb.AdminReportAnswerRequest{Id: 1, Words: "no"}), code.ReportAnswered)
	refusedWith(t, try(t, li.ReportAnswer, &pb.AdminReportAnswerRequest{Id: 9, Words: "no"}), code.ReportNotFound)
	refusedWith(t, try(t, li.ReportAnswer, &pb.AdminReportAnswerRequest{Id: 1, Words: "a\u202eb"}), code.TextInvalid)
	refusedWith(t, try(t, li.ReportShow, &pb.AdminReportRequest{Id: 9}), code.ReportNotFound)
	if l := ask(t, li.ReportList, &pb.AdminReportListRequest{}); len(l.Reports) != 0 {
		t.Errorf("still waiting are %v", l)
	}
	if l := ask(t, li.ReportList, &pb.AdminReportListRequest{All: true}); len(l.Reports) != 1 {
		t.Errorf("all are %v", l)
	}
}
