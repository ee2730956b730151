package staff_test

import (
	"bytes"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// reported has somebody pay an order of the merchant and report it.
func (o *office) reported(people *personal.Sealer) {
	o.t.Helper()
	p, out, err := people.Enter(o.t.Context(), o.Core, "test", "1", personal.Newcomer{Ref: "ming", Details: &pb.Details{Name: "小明", Phone: "+8613800000001"}, Appids: []string{edgetest.Appid}})
	if err != nil || out != code.OK {
		o.t.Fatal(out, err)
	}
	o.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: 100_00, Currency: money.CNY, Ref: "t", Line: "demo"})
	proof, point := bytes.Repeat([]byte{1}, wallet.TagSize), append([]byte{4}, bytes.Repeat([]byte{2}, 64)...)
	o.Must(catalogue.CodeSend, &pb.CodeSend{PhoneTag: p.PhoneTag, AddressTag: proof, Proof: proof, Key: proof[:wallet.KeySize]})
	e := o.Must(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: p.PhoneTag, Proof: proof, PublicKey: point, Label: "phone"}).(*pb.Enrolment)
	consent := func(n uint64) *pb.Consent {
		return &pb.Consent{Device: e.Device, Counter: n, Signed: proof, Signature: append(proof, proof...)}
	}
	of := o.Order("T2026-0001", nil)
	o.Must(catalogue.WalletPay, &pb.WalletPay{PrepayId: of.PrepayId, Uid: p.Uid, Attempt: []byte("a"), Consent: consent(1)})
	o.Must(catalogue.ReportCreate, &pb.ReportCreate{
		Uid: p.Uid, ClientId: "r1", Subject: &pb.Subject{Kind: pb.Kind_KIND_ORDER, Id: of.Id}, Trouble: pb.Trouble_TROUBLE_NOT_RECEIVED, Consent: consent(2),
	})
}

// Owners and developers read and answer what is reported about their own orders.
func TestMerchantsAnswerReports(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.reported(o.people)
	dev := o.as(o.member(edgetest.Mchid, "dev", pb.StaffRole_STAFF_ROLE_DEVELOPER))
	cashier := o.as(o.member(edgetest.Mchid, "till-1", pb.StaffRole_STAFF_ROLE_CASHIER))
	other := o.as(o.member(another, "zhao", pb.StaffRole_STAFF_ROLE_OWNER))
	answer := &pb.AnswerMerchantReportRequest{Id: 1, Words: "已退款"}
	refused(t, cashier.ListReports, &pb.ListMerchantReportsRequest{}, code.StaffRoleMissing)
	refused(t, cashier.AnswerReport, answer, code.StaffRoleMissing)
	refused(t, other.AnswerReport, answer, code.ReportNotFound)
	if l := must(t, other.ListReports, &pb.ListMerchantReportsRequest{All: true}); len(l.Reports) != 0 {
		t.Errorf("another merchant sees %v", l)
	}
	refused(t, dev.AnswerReport, &pb.AnswerMerchantReportRequest{Id: 1}, code.TextInvalid)
	if l := must(t, dev.ListReports, &pb.ListMerchantReportsRequest{}); len(l.Reports) != 1 || l.Reports[0].Id != 1 {
		t.Errorf("what waits is %v", l)
	}
	for range 2 {
		if r := must(t, dev.AnswerReport, answer); r.Answer != "已退款" || r.AnsweredBy != "staff/2" || r.State != pb.ReportState_REPORT_STATE_ANSWERED {
			t.Errorf("answered: %v", r)
		}
	}
	refused(t, o.owner.AnswerReport, &pb.AnswerMerchantReportRequest{Id: 1, Words: "no"}, code.ReportAnswered)
}
