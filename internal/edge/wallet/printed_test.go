package wallet_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/pb"
	tillrule "github.com/holdfast-pay/holdfast/internal/rule/till"
)

// A code on a wall: the payer types the amount, pays once however often it is asked
// for, and gets cash where a shift is open.
func TestPrintedCode(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.enrolled("+8613800000001", 100_00)
	wall := b.core.Must(catalogue.TillAdd, &pb.TillAdd{Mchid: mchid, Name: "counter", Token: make([]byte, tillrule.TokenSize)}).(*pb.Till)
	link := paylink.Till("https://pay.example.com", wall.Token)
	v := must(t, p.ShowPayable, &pb.ShowPayableRequest{Code: link})
	if !v.TypeAmount || v.Merchant != "茶铺" || v.Description != "counter" || v.Most != tillrule.StandardPay || v.State != "ok" || v.PaysCash {
		t.Fatalf("the code shows %v", v)
	}
	ask := &pb.PayRequest{Code: link, ClientId: "c1", Amount: 12_50}
	paid := must(t, p.Pay, ask)
	if again := must(t, p.Pay, ask); again.TransactionId != paid.TransactionId || paid.Total != 12_50 {
		t.Errorf("paid %v, and %v again", paid, again)
	}
	if got := refused(t, p.Pay, &pb.PayRequest{Code: link, ClientId: "c1", Amount: 13_50}); got != code.TillPaymentExists {
		t.Errorf("another amount came out as %s", got)
	}
	if got := refused(t, p.Pay, &pb.PayRequest{Code: link, ClientId: "c2"}); got != code.AmountMustBePositive {
		t.Errorf("no amount came out as %s", got)
	}
	if got := refused(t, p.ShowPayable, &pb.ShowPayableRequest{Code: paylink.Till("", []byte("another till's !"))}); got != code.TillNotFound {
		t.Errorf("another code shows %s", got)
	}
	cash := &pb.WithdrawCashRequest{Code: link, Amount: 20_00, ClientId: "c3"}
	if got := refused(t, p.WithdrawCash, cash); got != code.ShiftNotOpen {
		t.Errorf("cash without a shift came out as %s", got)
	}
	li := b.core.Must(catalogue.StaffAdd, &pb.StaffAdd{Mchid: mchid, Ref: "li", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}).(*pb.StaffMember)
	b.core.Must(catalogue.ShiftOpen, &pb.ShiftOpen{Till: wall.Id, Number: 1, Staff: li.Id, Float: 50_00})
	first, again := must(t, p.WithdrawCash, cash), must(t, p.WithdrawCash, cash)
	if first.Amount != 20_00 || again.Entry != first.Entry {
		t.Errorf("cash is %v, and %v again", first, again)
	}
	if got := must(t, p.ShowWallet, &pb.ShowWalletRequest{}).Balance; got != 67_50 {
		t.Errorf("the wallet has %d", got)
	}
}
