package wechatv3

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func byID(o *pb.Order) string {
	return transactions + "id/" + ident.TransactionID(o.Id, o.PaidAt, stamp.Business) + "?mchid=" + mch
}

func TestLifecycleGolden(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	s := newTranscript(p, "lifecycle")
	alice := p.core.Payer("alice", "Alice", 150)
	bob := p.core.Payer("bob", "Bob", 50)
	p.do(call{target: nativeTarget, body: prepayBody("T-LIFE-1", `"amount"`, `"attach":"桌 7","scene_info":{"payer_client_ip":"1.2.3.4","device_id":"POS"},"amount"`)})
	s.see("just placed", call{target: byNumber("T-LIFE-1")}, "200")
	p.tryPay("T-LIFE-1", bob, code.BalanceTooLow)
	s.see("after a failed attempt", call{target: byNumber("T-LIFE-1")}, "200")
	p.core.Sleep(5000)
	paid := p.pay("T-LIFE-1", alice)
	s.see("paid", call{target: byNumber("T-LIFE-1")}, "200")
	s.see("paid, by transaction_id", call{target: byID(paid)}, "200")
	s.see("close a paid order", closing("T-LIFE-1"), "400 ORDERPAID")
	s.see("refund a part", call{target: refundsTarget, body: refundBodyOf("T-LIFE-1", "R-LIFE-1", 40, 100)}, "200")
	s.see("refunded", call{target: byNumber("T-LIFE-1")}, "200")

	p.do(call{target: nativeTarget, body: prepayBody("T-LIFE-2")})
	s.see("close", closing("T-LIFE-2"), "204")
	s.see("close twice", closing("T-LIFE-2"), "204")
	s.see("closed", call{target: byNumber("T-LIFE-2")}, "200")
	s.see("close what was never placed", closing("T-NEVER-1"), "204")
	s.see("never placed", call{target: byNumber("T-NEVER-1")}, "404 ORDER_NOT_EXIST")

	p.do(call{target: nativeTarget, body: prepayBody("T-LIFE-3", `"amount"`, `"time_expire":"2026-03-01T12:30:00+08:00","amount"`)})
	p.core.Sleep(stamp.Hour)
	p.tryPay("T-LIFE-3", alice, code.OrderExpired)
	s.see("expired but not closed", call{target: byNumber("T-LIFE-3")}, "200")
	s.see("order again what has expired", call{target: nativeTarget, body: prepayBody("T-LIFE-3", `"amount"`, `"time_expire":"2026-03-01T12:30:00+08:00","amount"`)}, "400 ORDER_CLOSED")

	p.do(call{target: nativeTarget, body: prepayBody("T-LIFE-4")})
	p.core.Sleep(7*stamp.DayMs + 1)
	p.core.Must(machine.Tick, &pb.Tick{})
	s.see("closed by itself after seven days", call{target: byNumber("T-LIFE-4")}, "200")

	s.see("malformed number", call{target: byNumber("T%20LIFE%201")}, "400 PARAM_ERROR")
	s.see("malformed transaction_id", call{target: transactions + "id/42?mchid=" + mch}, "500 INVALID_TRANSACTIONID")
	s.see("transaction_id of nothing", call{target: transactions + "id/4200020260301000000000000999?mchid=" + mch}, "404 ORDER_NOT_EXIST")
	s.see("no mchid in the query", call{target: strings.TrimSuffix(byNumber("T-LIFE-1"), "?mchid="+mch)}, "400 PARAM_ERROR")
	s.see("no mchid in the body", call{target: transactions + "out-trade-no/T-LIFE-1/close", body: "{}"}, "400 PARAM_ERROR")
	s.compare()
}

// tryPay makes a payment that must be refused.
func (p *site) tryPay(no string, payer *pb.Person, want code.Code) {
	p.t.Helper()
	res, err := p.core.Do(p.t.Context(), machine.NewCommand(machine.OrderPay, "test", "", &pb.OrderPay{PrepayId: p.order(no).PrepayId, Uid: payer.Uid, Attempt: []byte("a")}))
	if err != nil || res.Code != want {
		p.t.Errorf("pay %s: %v %v, want %v", no, res.Code, err, want)
	}
}

// An order is shown to nobody but the merchant who placed it.
func TestOrdersOfOthers(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	const other = "1900000055"
	p.core.Must(machine.MerchantAdd, &pb.MerchantAdd{Mchid: other, Name: "x", Settings: &pb.MerchantSettings{Strict: true}})
	cert := p.issue(other, &p.evil.PublicKey)
	p.core.Must(machine.MerchantCert, cert)
	alice := p.core.Payer("alice", "Alice", 1000)
	p.core.Order("T-MINE-1", nil)
	paid := p.pay("T-MINE-1", alice)
	refund := p.core.Must(machine.RefundCreate, &pb.RefundCreate{Mchid: mch, OutTradeNo: "T-MINE-1", OutRefundNo: "R-MINE-1", Refund: 1, Total: 100, Currency: money.CNY}).(*pb.Refund)
	as := func(c call) call {
		c.mchid, c.serial, c.key = other, cert.Serial, p.evil
		c.target = strings.Replace(c.target, mch, other, 1)
		c.body = strings.Replace(c.body, mch, other, 1)
		return c
	}
	for _, c := range []struct {
		call
		want string
	}{
		{call{target: byNumber("T-MINE-1")}, "ORDER_NOT_EXIST"},
		{call{target: byID(paid)}, "ORDER_NOT_EXIST"},
		{call{target: refundsTarget + "/" + refund.OutRefundNo}, "RESOURCE_NOT_EXISTS"},
		{call{target: refundsTarget, body: refundBodyOf("T-MINE-1", "R-THEIRS", 1, 100)}, "RESOURCE_NOT_EXISTS"},
		{call{target: refundsTarget, body: strings.Replace(refundBodyOf("T-MINE-1", "R-THEIRS", 1, 100), `"out_trade_no":"T-MINE-1"`,
			fmt.Sprintf(`"transaction_id":"%s"`, ident.TransactionID(paid.Id, paid.PaidAt, stamp.Business)), 1)}, "RESOURCE_NOT_EXISTS"},
	} {
		if got := p.do(as(c.call)); got.status != 404 || got.code() != c.want {
			t.Errorf("%s: %d %s", c.target, got.status, got.body)
		}
	}
	if got := p.do(as(closing("T-MINE-1"))); got.status != 204 {
		t.Errorf("closing the same number of one's own: %d %s", got.status, got.body)
	}
}
