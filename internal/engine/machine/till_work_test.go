package machine_test

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// atTills has every command of tills in it. It leaves a till with an open shift, in
// which cash was taken and paid out, and some waits for its person.
func (w *workload) atTills() {
	ming := w.enrol(21)
	li := w.ok(catalogue.StaffAdd, &pb.StaffAdd{Mchid: workMchid, Ref: "cashier", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}).(*pb.StaffMember)
	w.ok(catalogue.PinSet, &pb.PinSet{Uid: ming.uid, Hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", Consent: ming.consent(0)})
	w.ok(catalogue.FreeLimitSet, &pb.FreeLimitSet{Uid: ming.uid, Limit: 20_00, Consent: ming.consent(0)})
	counter := w.addTill("counter", 1)
	closed := w.addTill("stall", 2)
	w.ok(catalogue.TillSet, &pb.TillSet{Id: closed.Id, Caps: &pb.TillCaps{Pay: 100_00}})
	w.ok(catalogue.TillSet, &pb.TillSet{Id: closed.Id, Close: true})
	for _, name := range []string{"pay-1", "pay-2"} {
		w.ok(catalogue.TillPay, &pb.TillPay{Token: counter.Token, Uid: ming.uid, Amount: 1 + w.draw.Int64N(10_00), ClientId: name, Consent: ming.consent(0)})
	}
	for shift := range uint64(2) {
		w.ok(catalogue.ShiftOpen, &pb.ShiftOpen{Till: counter.Id, Number: shift + 1, Staff: li.Id, Float: 100_00})
		w.cash(counter, ming, li, string(rune('a'+shift)))
		w.codeCash(counter, ming, li, shift)
		if shift == 0 {
			w.ok(catalogue.ShiftClose, &pb.ShiftClose{Till: counter.Id, Number: 1, Counted: 99_00})
		}
	}
}

// cash takes cash, pays some out, and undoes one of three.
func (w *workload) cash(at *pb.Till, of *holder, by *pb.StaffMember, name string) {
	w.ok(catalogue.CashIn, &pb.CashIn{Till: at.Id, ClientId: name + "-1", Uid: of.uid, Amount: 50_00, Staff: by.Id})
	w.ok(catalogue.CashIn, &pb.CashIn{Till: at.Id, ClientId: name + "-2", Uid: of.uid, Amount: 1_50, Change: true, Staff: by.Id})
	w.ok(catalogue.CashOut, &pb.CashOut{Token: at.Token, ClientId: name + "-3", Uid: of.uid, Amount: 20_00, Consent: of.consent(0)})
	w.ok(catalogue.CashUndo, &pb.CashUndo{Till: at.Id, ClientId: name + "-1", Staff: by.Id})
}

// codeCash takes cash for a shown code, hands it out for one, and asks for it three times:
// the person says yes, and no, and nothing.
func (w *workload) codeCash(at *pb.Till, of *holder, by *pb.StaffMember, shift uint64) {
	alias := workTillAlias + uint32(shift)
	w.ok(catalogue.PayCodeRenew, &pb.PayCodeRenew{Uid: of.uid, Alias: alias, Consent: of.consent(0)})
	cash := func(tap uint32, kind pb.CashKind, amount int64) *pb.CashMove {
		return w.ok(catalogue.CodeCash, &pb.CodeCash{
			Till: at.Id, ClientId: fmt.Sprint("code-", shift, "-", tap), Kind: kind, Amount: amount, Staff: by.Id, Code: shownCode(alias, 2000+shift, tap),
		}).(*pb.CashMove)
	}
	cash(0, pb.CashKind_CASH_KIND_IN, 250_00)
	cash(1, pb.CashKind_CASH_KIND_OUT, 10_00)
	for tap := uint32(2); tap < 5; tap++ {
		m := cash(tap, pb.CashKind_CASH_KIND_OUT, 20_00+int64(tap))
		if tap < 4 {
			grant := uint64(0)
			if tap == 2 {
				grant = w.grant(of, byte(30+shift))
			}
			w.ok(catalogue.CashAnswer, &pb.CashAnswer{Till: at.Id, ClientId: m.ClientId, Uid: of.uid, Pay: tap == 2, Consent: of.consent(grant)})
		}
	}
}

func (w *workload) addTill(name string, n byte) *pb.Till {
	return w.ok(catalogue.TillAdd, &pb.TillAdd{Mchid: workMchid, Name: name, Token: filled(till.TokenSize, n)}).(*pb.Till)
}
