package till_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// shows gives the shop's person a phone, and returns the code it shows after so many taps.
func (s *shop) shows() func(tap uint32) string {
	s.t.Helper()
	const alias = 123_456_789
	tag, err := s.people.PhoneTag(s.t.Context(), phone)
	if err != nil {
		s.t.Fatal(err)
	}
	proof, point := bytes.Repeat([]byte{1}, wallet.TagSize), append([]byte{4}, bytes.Repeat([]byte{2}, 64)...)
	s.Must(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: proof, Key: proof[:wallet.KeySize]})
	s.Must(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: proof, PublicKey: point, Label: "phone"})
	device := wallet.DeviceID(point)
	s.Must(catalogue.PayCodeRenew, &pb.PayCodeRenew{Uid: s.uid, Alias: alias, Consent: &pb.Consent{
		Device: device, Counter: 1, Signed: make([]byte, 32), Signature: make([]byte, 64),
	}})
	secret, err := judge.Secret(s.t.Context(), s.people, alias, device)
	if err != nil {
		s.t.Fatal(err)
	}
	step := paycode.StepAt(time.Now().UnixMilli())
	return func(tap uint32) string { return paycode.Make(secret, alias, step, tap) }
}

// A till charges the code that a payer shows, once however often it asks; above what
// the payer pays without a PIN the order waits for them.
func TestAShownCodeIsCharged(t *testing.T) {
	t.Parallel()
	s := open(t)
	li := s.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	s.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: s.uid, Amount: 500_00, Currency: money.CNY, Ref: "open", Line: "demo"})
	shown := s.shows()
	tea := &pb.ChargeCodeRequest{Order: &pb.TillOrderRequest{Till: s.till.Id, Amount: 12_50, Description: "tea", ClientId: "a1"}, Code: shown(0)}
	paid, again := must(t, li.ChargeCode, tea), must(t, li.ChargeCode, tea)
	if paid.State != "success" || paid.Payer != "**明" || paid.Till != s.till.Id || again.TransactionId != paid.TransactionId {
		t.Errorf("charged as %v, and again as %v", paid, again)
	}
	order := func(id string, fen int64) *pb.TillOrderRequest {
		return &pb.TillOrderRequest{Till: s.till.Id, Amount: fen, Description: "tea", ClientId: id}
	}
	refused(t, code.PayCodeUsed, li.ChargeCode, &pb.ChargeCodeRequest{Order: order("a2", 1_00), Code: shown(0)})
	refused(t, code.PayCodeInvalid, li.ChargeCode, &pb.ChargeCodeRequest{Order: order("a2", 1_00), Code: "12345"})
	refused(t, code.TillNotFound, li.ChargeCode, &pb.ChargeCodeRequest{Code: shown(1)})
	asked := must(t, li.ChargeCode, &pb.ChargeCodeRequest{Order: order("a3", 300_00), Code: shown(1)})
	if asked.State != "userpaying" || asked.Link != "" {
		t.Errorf("above what is paid without a PIN: %v", asked)
	}
	if got := s.balance("user/1/balance"); got != 487_50 {
		t.Errorf("the payer has %d", got)
	}
	day := must(t, li.ShowTakings, &pb.ShowTakingsRequest{Till: s.till.Id})
	if day.Payments != 1 || day.Paid != 12_50 {
		t.Errorf("taken today: %v", day)
	}
}

// Cash goes into the wallet of whoever shows the code they pay with, which is judged as for
// a payment.
func TestCashForAShownCode(t *testing.T) {
	t.Parallel()
	s := open(t)
	li := s.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	shown := s.shows()
	must(t, li.OpenShift, &pb.OpenShiftRequest{Till: s.till.Id, Number: 1})
	cash := func(id, digits string) *pb.TillCashRequest {
		return &pb.TillCashRequest{Till: s.till.Id, Amount: 50_00, ClientId: id, Code: digits}
	}
	if done := must(t, li.TakeCash, cash("k1", shown(0))); done.Who != "**明" || must(t, li.TakeCash, cash("k1", shown(0))).At != done.At {
		t.Errorf("done: %v", done)
	}
	if got := s.balance("user/1/balance"); got != 50_00 {
		t.Errorf("the wallet has %d", got)
	}
	refused(t, code.PayCodeUsed, li.ChargeCode, &pb.ChargeCodeRequest{Order: &pb.TillOrderRequest{Till: s.till.Id, Amount: 1_00, Description: "tea", ClientId: "a1"}, Code: shown(0)})
	refused(t, code.PayCodeUsed, li.TakeCash, cash("k2", shown(0)))
	wrong := []byte(shown(1))
	wrong[17] = '0' + (wrong[17]-'0'+1)%10
	for range 10 {
		refused(t, code.PayCodeWrong, li.TakeCash, cash("k2", string(wrong)))
	}
	refused(t, code.PayCodesTooMany, li.TakeCash, cash("k2", string(wrong)))
	refused(t, code.PayCodesTooMany, li.TakeCash, cash("k2", shown(1)))
	must(t, li.TakeCash, cash("k1", shown(0))) // what was done is still what was done
}

// Cash goes out of the wallet of whoever shows the code they pay with; above what they pay
// without a PIN it waits for their yes, and may be called off.
func TestCashIsHandedOutForAShownCode(t *testing.T) {
	t.Parallel()
	s := open(t)
	li := s.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	s.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: s.uid, Amount: 500_00, Currency: money.CNY, Ref: "open", Line: "demo"})
	shown := s.shows()
	must(t, li.OpenShift, &pb.OpenShiftRequest{Till: s.till.Id, Number: 1, Float: 400_00})
	cash := func(id string, fen int64, digits string) *pb.TillCashRequest {
		return &pb.TillCashRequest{Till: s.till.Id, Amount: fen, ClientId: id, Code: digits}
	}
	done := must(t, li.HandCash, cash("k1", 20_00, shown(0)))
	if again := must(t, li.HandCash, cash("k1", 20_00, shown(0))); done.Kind != "out" || done.State != "done" || again.At != done.At || done.Until != 0 {
		t.Errorf("done: %v, and again: %v", done, again)
	}
	refused(t, code.PayCodeUsed, li.TakeCash, cash("k2", 20_00, shown(0)))
	refused(t, code.PayCodeInvalid, li.HandCash, &pb.TillCashRequest{Till: s.till.Id, Amount: 1, ClientId: "k2", Phone: phone})
	refused(t, code.CashShort, li.HandCash, cash("k2", 381_00, shown(1)))
	if asked := must(t, li.HandCash, cash("k2", 300_00, shown(1))); asked.State != "waiting" || asked.Until == 0 || s.balance("user/1/balance") != 480_00 {
		t.Errorf("above what is paid without a PIN: %v, the wallet has %d", asked, s.balance("user/1/balance"))
	}
	if off := must(t, li.UndoCash, &pb.UndoCashRequest{Till: s.till.Id, ClientId: "k2"}); off.State != "called_off" || off.UndoneAt != 0 {
		t.Errorf("called off: %v", off)
	}
	must(t, li.HandCash, cash("k3", 300_00, shown(2)))
	s.Sleep(2 * 60_000)
	if late := must(t, li.HandCash, cash("k3", 300_00, shown(2))); late.State != "called_off" || late.Until != 0 {
		t.Errorf("after two minutes: %v", late)
	}
	if shift := must(t, li.ShowShift, &pb.ShowShiftRequest{Till: s.till.Id}); shift.PaidOut != 20_00 {
		t.Errorf("the shift: %v", shift)
	}
}
