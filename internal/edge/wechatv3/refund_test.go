package wechatv3

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

func refundTarget(no string) string { return refundsTarget + "/" + no }

func TestRefundGolden(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	s := newTranscript(p, "refund")
	alice := p.core.Payer("alice", "Alice", 100_000)
	p.core.Order("T-REFUND-1", nil)
	p.core.Order("T-REFUND-2", nil)
	p.core.Order("T-UNPAID-1", nil)
	paid := p.pay("T-REFUND-1", alice)
	p.pay("T-REFUND-2", alice)
	txid := ident.TransactionID(paid.Id, paid.PaidAt, stamp.Business)
	refund := func(title, body, want string) {
		t.Helper()
		s.see(title, call{target: refundsTarget, body: body}, want)
	}
	part := refundBodyOf("T-REFUND-1", "R-1@x", 40, 100)
	refund("a part", part, "200")
	refund("the same again", part, "200")
	refund("the same number, another amount", refundBodyOf("T-REFUND-1", "R-1@x", 41, 100), "400 INVALID_REQUEST")
	refund("the same number, another order", refundBodyOf("T-REFUND-2", "R-1@x", 40, 100), "400 INVALID_REQUEST")
	s.see("queried while it is processed", call{target: refundTarget("R-1@x")}, "200")
	p.core.Sleep(1000)
	p.core.Must(machine.Tick, &pb.Tick{})
	s.see("queried when it is done", call{target: refundTarget("R-1%40x")}, "200")
	refund("asked again when it is done", part, "200")
	refund("more than is left", refundBodyOf("T-REFUND-1", "R-2", 61, 100), "400 INVALID_REQUEST")
	refund("another total", refundBodyOf("T-REFUND-1", "R-2", 10, 99), "400 INVALID_REQUEST")
	refund("the rest, by transaction_id", strings.Replace(refundBodyOf("", "R-3", 60, 100), `"out_trade_no":""`,
		`"transaction_id":"`+txid+`","reason":"商品已售完","funds_account":"AVAILABLE","notify_url":"https://shop.example/refund","goods_detail":[{"merchant_goods_id":"g","unit_price":60,"refund_amount":60,"refund_quantity":1}]`, 1), "200")
	refund("nothing is left", refundBodyOf("T-REFUND-1", "R-4", 1, 100), "400 INVALID_REQUEST")
	refund("two numbers of two orders", strings.Replace(refundBodyOf("T-REFUND-2", "R-5", 1, 100), `{"out`, `{"transaction_id":"`+txid+`","out`, 1), "400 INVALID_REQUEST")
	refund("unpaid", refundBodyOf("T-UNPAID-1", "R-6", 1, 100), "404 RESOURCE_NOT_EXISTS")
	refund("no such order", refundBodyOf("T-NEVER-1", "R-6", 1, 100), "404 RESOURCE_NOT_EXISTS")
	s.see("no such refund", call{target: refundTarget("R-6")}, "404 RESOURCE_NOT_EXISTS")
	refund("neither number", strings.Replace(refundBodyOf("", "R-6", 1, 100), `"out_trade_no":"",`, "", 1), "400 PARAM_ERROR")
	refund("malformed transaction_id", strings.Replace(refundBodyOf("", "R-6", 1, 100), `"out_trade_no":""`, `"transaction_id":"42"`, 1), "400 PARAM_ERROR")
	refund("amount 0", refundBodyOf("T-REFUND-2", "R-6", 0, 100), "400 PARAM_ERROR")
	refund("negative amount", refundBodyOf("T-REFUND-2", "R-6", -1, 100), "400 PARAM_ERROR")
	refund("no currency", strings.Replace(refundBodyOf("T-REFUND-2", "R-6", 1, 100), `,"currency":"CNY"`, "", 1), "400 PARAM_ERROR")
	refund("another currency", strings.Replace(refundBodyOf("T-REFUND-2", "R-6", 1, 100), "CNY", "USD", 1), "400 PARAM_ERROR")
	refund("number with a space", refundBodyOf("T-REFUND-2", "R 6", 1, 100), "400 PARAM_ERROR")
	refund("number too long", refundBodyOf("T-REFUND-2", strings.Repeat("R", 65), 1, 100), "400 PARAM_ERROR")
	refund("long reason", strings.Replace(refundBodyOf("T-REFUND-2", "R-6", 1, 100), `{"out`, `{"reason":"`+strings.Repeat("因", 81)+`","out`, 1), "400 PARAM_ERROR")
	refund("money from accounts that do not add up", strings.Replace(refundBodyOf("T-REFUND-2", "R-6", 10, 100), `"CNY"`, `"CNY","from":[{"account":"AVAILABLE","amount":9}]`, 1), "400 PARAM_ERROR")
	refund("partner mode", strings.Replace(refundBodyOf("T-REFUND-2", "R-6", 1, 100), `{"out`, `{"sub_mchid":"1900000002","out`, 1), "400 PARAM_ERROR")
	s.see("partner mode in a query", call{target: refundTarget("R-3") + "?sub_mchid=1900000002"}, "400 PARAM_ERROR")
	s.see("malformed number in the path", call{target: refundTarget("R%206")}, "400 PARAM_ERROR")
	p.core.Order("T-WHOLE-1", nil)
	p.pay("T-WHOLE-1", alice)
	refund("the whole", refundBodyOf("T-WHOLE-1", "R-WHOLE", 100, 100), "200")
	s.see("the order after it", call{target: byNumber("T-WHOLE-1")}, "200")
	p.core.Order("T-GONE-1", nil)
	p.pay("T-GONE-1", alice)
	refund("to an account that takes no money", refundBodyOf("T-GONE-1", "R-GONE", 100, 100), "200")
	p.core.Must(machine.AccountLimit, &pb.AccountLimit{Account: ledger.UserBalance(alice.Uid), Currency: money.CNY, NoOverdraft: true, Frozen: true})
	p.core.Must(machine.Tick, &pb.Tick{})
	s.see("it ended abnormal", call{target: refundTarget("R-GONE")}, "200")
	p.core.Must(machine.TransferBatch, &pb.TransferBatch{Ref: "away", Currency: money.CNY, Transfers: []*pb.Transfer{
		{Debit: ledger.MerchantPending(mch), Credit: ledger.BankClearing("sandbox"), Amount: 100}}})
	refund("the merchant's balance is too low", refundBodyOf("T-REFUND-2", "R-7", 1, 100), "403 NOT_ENOUGH")
	p.core.Sleep(365*stamp.DayMs + 1)
	refund("after 365 days", refundBodyOf("T-REFUND-2", "R-7", 1, 100), "403 TRADE_OVERDUE")
	s.compare()
}

// Fifty parts are taken and no more; a pause between them is asked for where
// the merchant's settings have one.
func TestRefundsOfOneOrder(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	alice := p.core.Payer("alice", "Alice", 100_000)
	p.core.Order("T-PARTS-1", nil)
	p.pay("T-PARTS-1", alice)
	for i := range 50 {
		if got := p.do(call{target: refundsTarget, body: refundBodyOf("T-PARTS-1", fmt.Sprintf("R-PART-%d", i), 1, 100)}); got.status != 200 {
			t.Fatalf("part %d: %d %s", i, got.status, got.body)
		}
	}
	got := p.do(call{target: refundsTarget, body: refundBodyOf("T-PARTS-1", "R-PART-50", 1, 100)})
	if got.status != 400 || got.code() != "INVALID_REQUEST" || !strings.Contains(got.field("message"), "50") {
		t.Errorf("the 51st: %d %s", got.status, got.body)
	}
	p.settings(func(m *pb.MerchantSettings) { m.RefundIntervalS = 60 })
	p.core.Order("T-PARTS-2", nil)
	p.pay("T-PARTS-2", alice)
	p.do(call{target: refundsTarget, body: refundBodyOf("T-PARTS-2", "R-SOON-1", 1, 100)})
	soon := call{target: refundsTarget, body: refundBodyOf("T-PARTS-2", "R-SOON-2", 1, 100)}
	if got := p.do(soon); got.status != 429 || got.code() != "FREQUENCY_LIMITED" || got.header.Get("Retry-After") == "" {
		t.Errorf("too soon: %d %s %v", got.status, got.body, got.header)
	}
	p.core.Sleep(stamp.Minute)
	if got := p.do(soon); got.status != 200 {
		t.Errorf("a minute later: %d %s", got.status, got.body)
	}
}
