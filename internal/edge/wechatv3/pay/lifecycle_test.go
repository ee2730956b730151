package pay_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func byID(o *pb.Order) string {
	return apitest.Transactions + "id/" + ident.TransactionID(o.Id, o.PaidAt, stamp.Business) + "?mchid=" + apitest.Mchid
}

func TestLifecycleGolden(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	s := apitest.NewTranscript(p, "lifecycle")
	alice := p.Core.Payer("alice", "Alice", 150)
	bob := p.Core.Payer("bob", "Bob", 50)
	p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-LIFE-1", `"amount"`, `"attach":"桌 7","scene_info":{"payer_client_ip":"1.2.3.4","device_id":"POS"},"amount"`)})
	s.See("just placed", apitest.Call{Target: apitest.ByNumber("T-LIFE-1")}, "200")
	p.TryPay("T-LIFE-1", bob, code.BalanceTooLow)
	s.See("after a failed attempt", apitest.Call{Target: apitest.ByNumber("T-LIFE-1")}, "200")
	p.Core.Sleep(5000)
	paid := p.Pay("T-LIFE-1", alice)
	s.See("paid", apitest.Call{Target: apitest.ByNumber("T-LIFE-1")}, "200")
	s.See("paid, by transaction_id", apitest.Call{Target: byID(paid)}, "200")
	s.See("close a paid order", apitest.Closing("T-LIFE-1"), "400 ORDERPAID")
	s.See("refund a part", apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody("T-LIFE-1", "R-LIFE-1", 40, 100)}, "200")
	s.See("refunded", apitest.Call{Target: apitest.ByNumber("T-LIFE-1")}, "200")

	p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-LIFE-2")})
	s.See("close", apitest.Closing("T-LIFE-2"), "204")
	s.See("close twice", apitest.Closing("T-LIFE-2"), "204")
	s.See("closed", apitest.Call{Target: apitest.ByNumber("T-LIFE-2")}, "200")
	s.See("close what was never placed", apitest.Closing("T-NEVER-1"), "204")
	s.See("never placed", apitest.Call{Target: apitest.ByNumber("T-NEVER-1")}, "404 ORDER_NOT_EXIST")

	p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-LIFE-3", `"amount"`, `"time_expire":"2026-03-01T12:30:00+08:00","amount"`)})
	p.Core.Sleep(stamp.Hour)
	p.TryPay("T-LIFE-3", alice, code.OrderExpired)
	s.See("expired but not closed", apitest.Call{Target: apitest.ByNumber("T-LIFE-3")}, "200")
	s.See("order again what has expired", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-LIFE-3", `"amount"`, `"time_expire":"2026-03-01T12:30:00+08:00","amount"`)}, "400 ORDER_CLOSED")

	p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-LIFE-4")})
	p.Core.Sleep(7*stamp.DayMs + 1)
	p.Core.Must(catalogue.Tick, &pb.Tick{})
	s.See("closed by itself after seven days", apitest.Call{Target: apitest.ByNumber("T-LIFE-4")}, "200")

	s.See("malformed number", apitest.Call{Target: apitest.ByNumber("T%20LIFE%201")}, "400 PARAM_ERROR")
	s.See("malformed transaction_id", apitest.Call{Target: apitest.Transactions + "id/42?mchid=" + apitest.Mchid}, "500 INVALID_TRANSACTIONID")
	s.See("transaction_id of nothing", apitest.Call{Target: apitest.Transactions + "id/4200020260301000000000000999?mchid=" + apitest.Mchid}, "404 ORDER_NOT_EXIST")
	s.See("no mchid in the query", apitest.Call{Target: strings.TrimSuffix(apitest.ByNumber("T-LIFE-1"), "?mchid="+apitest.Mchid)}, "400 PARAM_ERROR")
	s.See("no mchid in the body", apitest.Call{Target: apitest.Transactions + "out-trade-no/T-LIFE-1/close", Body: "{}"}, "400 PARAM_ERROR")
	s.Compare()
}

// An order is shown to nobody but the merchant who placed it.
func TestOrdersOfOthers(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	const other = "1900000055"
	p.Core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: other, Name: "x", Settings: &pb.MerchantSettings{Strict: true}})
	cert := p.Issue(other, &p.Evil.PublicKey)
	p.Core.Must(catalogue.MerchantCert, cert)
	alice := p.Core.Payer("alice", "Alice", 1000)
	p.Core.Order("T-MINE-1", nil)
	paid := p.Pay("T-MINE-1", alice)
	refund := p.Core.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: apitest.Mchid, OutTradeNo: "T-MINE-1", OutRefundNo: "R-MINE-1", Refund: 1, Total: 100, Currency: money.CNY}).(*pb.Refund)
	as := func(c apitest.Call) apitest.Call {
		c.Mchid, c.Serial, c.Key = other, cert.Serial, p.Evil
		c.Target = strings.Replace(c.Target, apitest.Mchid, other, 1)
		c.Body = strings.Replace(c.Body, apitest.Mchid, other, 1)
		return c
	}
	for _, c := range []struct {
		apitest.Call
		want string
	}{
		{apitest.Call{Target: apitest.ByNumber("T-MINE-1")}, "ORDER_NOT_EXIST"},
		{apitest.Call{Target: byID(paid)}, "ORDER_NOT_EXIST"},
		{apitest.Call{Target: apitest.Refunds + "/" + refund.OutRefundNo}, "RESOURCE_NOT_EXISTS"},
		{apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody("T-MINE-1", "R-THEIRS", 1, 100)}, "RESOURCE_NOT_EXISTS"},
		{apitest.Call{Target: apitest.Refunds, Body: strings.Replace(apitest.RefundBody("T-MINE-1", "R-THEIRS", 1, 100), `"out_trade_no":"T-MINE-1"`,
			fmt.Sprintf(`"transaction_id":"%s"`, ident.TransactionID(paid.Id, paid.PaidAt, stamp.Business)), 1)}, "RESOURCE_NOT_EXISTS"},
	} {
		if got := p.Do(as(c.Call)); got.Status != 404 || got.Code() != c.want {
			t.Errorf("%s: %d %s", c.Target, got.Status, got.Body)
		}
	}
	if got := p.Do(as(apitest.Closing("T-MINE-1"))); got.Status != 204 {
		t.Errorf("closing the same number of one's own: %d %s", got.Status, got.Body)
	}
}
