package machine_test

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// atTills has every command of tills in it. It leaves a till with an open shift, in
// which cash was taken and paid out.
func (w *workload) atTills() {
	ming := w.enrol(21)
	li := w.ok(catalogue.StaffAdd, &pb.StaffAdd{Mchid: workMchid, Ref: "cashier", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}).(*pb.StaffMember)
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

func (w *workload) addTill(name string, n byte) *pb.Till {
	return w.ok(catalogue.TillAdd, &pb.TillAdd{Mchid: workMchid, Name: name, Token: filled(till.TokenSize, n)}).(*pb.Till)
}
