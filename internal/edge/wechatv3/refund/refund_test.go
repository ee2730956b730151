package refund_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

func refundTarget(no string) string { return apitest.Refunds + "/" + no }

func TestRefundGolden(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	s := apitest.NewTranscript(p, "refund")
	alice := p.Core.Payer("alice", "Alice", 100_000)
	p.Core.Order("T-REFUND-1", nil)
	p.Core.Order("T-REFUND-2", nil)
	p.Core.Order("T-UNPAID-1", nil)
	paid := p.Pay("T-REFUND-1", alice)
	p.Pay("T-REFUND-2", alice)
	txid := ident.TransactionID(paid.Id, paid.PaidAt, stamp.Business)
	refund := func(title, body, want string) {
		t.Helper()
		s.See(title, apitest.Call{Target: apitest.Refunds, Body: body}, want)
	}
	part := apitest.RefundBody("T-REFUND-1", "R-1@x", 40, 100)
	refund("a part", part, "200")
	refund("the same again", part, "200")
	refund("the same number, another amount", apitest.RefundBody("T-REFUND-1", "R-1@x", 41, 100), "400 INVALID_REQUEST")
	refund("the same number, another order", apitest.RefundBody("T-REFUND-2", "R-1@x", 40, 100), "400 INVALID_REQUEST")
	s.See("queried while it is processed", apitest.Call{Target: refundTarget("R-1@x")}, "200")
	p.Core.Sleep(1000)
	p.Core.Must(catalogue.Tick, &pb.Tick{})
	s.See("queried when it is done", apitest.Call{Target: refundTarget("R-1%40x")}, "200")
	refund("asked again when it is done", part, "200")
	refund("more than is left", apitest.RefundBody("T-REFUND-1", "R-2", 61, 100), "400 INVALID_REQUEST")
	refund("another total", apitest.RefundBody("T-REFUND-1", "R-2", 10, 99), "400 INVALID_REQUEST")
	refund("the rest, by transaction_id", strings.Replace(apitest.RefundBody("", "R-3", 60, 100), `"out_trade_no":""`,
		`"transaction_id":"`+txid+`","reason":"商品已售完","funds_account":"AVAILABLE","notify_url":"https://shop.example/refund","goods_detail":[{"merchant_goods_id":"g","unit_price":60,"refund_amount":60,"refund_quantity":1}]`, 1), "200")
	refund("nothing is left", apitest.RefundBody("T-REFUND-1", "R-4", 1, 100), "400 INVALID_REQUEST")
	refund("two numbers of two orders", strings.Replace(apitest.RefundBody("T-REFUND-2", "R-5", 1, 100), `{"out`, `{"transaction_id":"`+txid+`","out`, 1), "400 INVALID_REQUEST")
	refund("unpaid", apitest.RefundBody("T-UNPAID-1", "R-6", 1, 100), "404 RESOURCE_NOT_EXISTS")
	refund("no such order", apitest.RefundBody("T-NEVER-1", "R-6", 1, 100), "404 RESOURCE_NOT_EXISTS")
	s.See("no such refund", apitest.Call{Target: refundTarget("R-6")}, "404 RESOURCE_NOT_EXISTS")
	refund("neither number", strings.Replace(apitest.RefundBody("", "R-6", 1, 100), `"out_trade_no":"",`, "", 1), "400 PARAM_ERROR")
	refund("malformed transaction_id", strings.Replace(apitest.RefundBody("", "R-6", 1, 100), `"out_trade_no":""`, `"transaction_id":"42"`, 1), "400 PARAM_ERROR")
	refund("amount 0", apitest.RefundBody("T-REFUND-2", "R-6", 0, 100), "400 PARAM_ERROR")
	refund("negative amount", apitest.RefundBody("T-REFUND-2", "R-6", -1, 100), "400 PARAM_ERROR")
	refund("no currency", strings.Replace(apitest.RefundBody("T-REFUND-2", "R-6", 1, 100), `,"currency":"CNY"`, "", 1), "400 PARAM_ERROR")
	refund("another currency", strings.Replace(apitest.RefundBody("T-REFUND-2", "R-6", 1, 100), "CNY", "USD", 1), "400 PARAM_ERROR")
	refund("number with a space", apitest.RefundBody("T-REFUND-2", "R 6", 1, 100), "400 PARAM_ERROR")
	refund("number too long", apitest.RefundBody("T-REFUND-2", strings.Repeat("R", 65), 1, 100), "400 PARAM_ERROR")
	refund("long reason", strings.Replace(apitest.RefundBody("T-REFUND-2", "R-6", 1, 100), `{"out`, `{"reason":"`+strings.Repeat("因", 81)+`","out`, 1), "400 PARAM_ERROR")
	refund("money from accounts that do not add up", strings.Replace(apitest.RefundBody("T-REFUND-2", "R-6", 10, 100), `"CNY"`, `"CNY","from":[{"account":"AVAILABLE","amount":9}]`, 1), "400 PARAM_ERROR")
	refund("partner mode", strings.Replace(apitest.RefundBody("T-REFUND-2", "R-6", 1, 100), `{"out`, `{"sub_mchid":"1900000002","out`, 1), "400 PARAM_ERROR")
	s.See("partner mode in a query", apitest.Call{Target: refundTarget("R-3") + "?sub_mchid=1900000002"}, "400 PARAM_ERROR")
	s.See("malformed number in the path", apitest.Call{Target: refundTarget("R%206")}, "400 PARAM_ERROR")
	p.Core.Order("T-WHOLE-1", nil)
	p.Pay("T-WHOLE-1", alice)
	refund("the whole", apitest.RefundBody("T-WHOLE-1", "R-WHOLE", 100, 100), "200")
	s.See("the order after it", apitest.Call{Target: apitest.ByNumber("T-WHOLE-1")}, "200")
	p.Core.Order("T-GONE-1", nil)
	p.Pay("T-GONE-1", alice)
	refund("to an account that takes no money", apitest.RefundBody("T-GONE-1", "R-GONE", 100, 100), "200")
	p.Core.Must(catalogue.AccountLimit, &pb.AccountLimit{Account: ledger.UserBalance(alice.Uid), Currency: money.CNY, NoOverdraft: true, Frozen: true})
	p.Core.Must(catalogue.Tick, &pb.Tick{})
	s.See("it ended abnormal", apitest.Call{Target: refundTarget("R-GONE")}, "200")
	p.Core.Must(catalogue.TransferBatch, &pb.TransferBatch{Ref: "away", Currency: money.CNY, Transfers: []*pb.Transfer{
		{Debit: ledger.MerchantPending(apitest.Mchid), Credit: ledger.BankClearing("sandbox"), Amount: 100}}})
	refund("the merchant's balance is too low", apitest.RefundBody("T-REFUND-2", "R-7", 1, 100), "403 NOT_ENOUGH")
	p.Core.Sleep(365*stamp.DayMs + 1)
	refund("after 365 days", apitest.RefundBody("T-REFUND-2", "R-7", 1, 100), "403 TRADE_OVERDUE")
	s.Compare()
}

// Fifty parts are taken and no more; a pause between them is asked for where
// the merchant's settings have one.
func TestRefundsOfOneOrder(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	alice := p.Core.Payer("alice", "Alice", 100_000)
	p.Core.Order("T-PARTS-1", nil)
	p.Pay("T-PARTS-1", alice)
	for i := range 50 {
		if got := p.Do(apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody("T-PARTS-1", fmt.Sprintf("R-PART-%d", i), 1, 100)}); got.Status != 200 {
			t.Fatalf("part %d: %d %s", i, got.Status, got.Body)
		}
	}
	got := p.Do(apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody("T-PARTS-1", "R-PART-50", 1, 100)})
	if got.Status != 400 || got.Code() != "INVALID_REQUEST" || !strings.Contains(got.Field("message"), "50") {
		t.Errorf("the 51st: %d %s", got.Status, got.Body)
	}
	p.Settings(func(m *pb.MerchantSettings) { m.RefundIntervalS = 60 })
	p.Core.Order("T-PARTS-2", nil)
	p.Pay("T-PARTS-2", alice)
	p.Do(apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody("T-PARTS-2", "R-SOON-1", 1, 100)})
	soon := apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody("T-PARTS-2", "R-SOON-2", 1, 100)}
	if got := p.Do(soon); got.Status != 429 || got.Code() != "FREQUENCY_LIMITED" || got.Header.Get("Retry-After") == "" {
		t.Errorf("too soon: %d %s %v", got.Status, got.Body, got.Header)
	}
	p.Core.Sleep(stamp.Minute)
	if got := p.Do(soon); got.Status != 200 {
		t.Errorf("a minute later: %d %s", got.Status, got.Body)
	}
}
