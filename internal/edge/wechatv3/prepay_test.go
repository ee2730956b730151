package wechatv3

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

const (
	transactions = "/v3/pay/transactions/"
	h5Scene      = `"scene_info":{"payer_client_ip":"127.0.0.1","h5_info":{"type":"Wap"}},`
)

func byNumber(no string) string { return transactions + "out-trade-no/" + no + "?mchid=" + mch }
func closing(no string) call {
	return call{target: transactions + "out-trade-no/" + no + "/close", body: `{"mchid":"` + mch + `"}`}
}

// order reads an order from the state.
func (p *site) order(no string) *pb.Order {
	p.t.Helper()
	var o *pb.Order
	p.core.Read(func(r table.Reader) error { o, _ = order.ByNumber(r, mch, no); return nil })
	if o == nil {
		p.t.Fatalf("there is no order %s", no)
	}
	return o
}

// pay pays an order from a payer's balance.
func (p *site) pay(no string, payer *pb.Person) *pb.Order {
	p.t.Helper()
	return p.core.Must(machine.OrderPay, &pb.OrderPay{PrepayId: p.order(no).PrepayId, Uid: payer.Uid, Attempt: []byte("attempt-1")}).(*pb.Order)
}

func TestPrepayGolden(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	s := newTranscript(p, "prepay")
	alice := p.core.Payer("alice", "Alice", 100_000)
	openid := `"payer":{"openid":"` + alice.Openids[0].Openid + `"},`
	s.see("native", call{target: nativeTarget, body: prepayBody("T-NATIVE")}, "200")
	s.see("jsapi", call{target: transactions + "jsapi", body: prepayBody("T-JSAPI", `"amount"`, openid+`"amount"`)}, "200")
	s.see("app", call{target: transactions + "app", body: prepayBody("T-APP-1")}, "200")
	s.see("h5", call{target: transactions + "h5", body: prepayBody("T-H5-01", `"amount"`, h5Scene+`"amount"`)}, "200")
	s.see("repeated as it was", call{target: nativeTarget, body: prepayBody("T-NATIVE")}, "200")
	s.see("repeated with another notify_url and attach", call{target: nativeTarget, body: prepayBody("T-NATIVE", notify, notify+"2", `"amount"`, `"attach":"x","amount"`)}, "200")
	s.see("repeated with another amount", call{target: nativeTarget, body: prepayBody("T-NATIVE", "100", "101")}, "403 OUT_TRADE_NO_USED")
	s.see("repeated with another description", call{target: nativeTarget, body: prepayBody("T-NATIVE", "Oolong", "Sencha")}, "403 OUT_TRADE_NO_USED")
	s.see("repeated for another product", call{target: transactions + "app", body: prepayBody("T-NATIVE")}, "403 OUT_TRADE_NO_USED")
	s.see("appid of somebody else", call{target: nativeTarget, body: prepayBody("T-OTHER", app, "wx0123456789abcdff")}, "400 APPID_MCHID_NOT_MATCH")
	s.see("jsapi without payer", call{target: transactions + "jsapi", body: prepayBody("T-NOBODY")}, "400 PARAM_ERROR")
	s.see("jsapi without openid", call{target: transactions + "jsapi", body: prepayBody("T-NOBODY", `"amount"`, `"payer":{},"amount"`)}, "400 PARAM_ERROR")
	s.see("jsapi with an unknown openid", call{target: transactions + "jsapi", body: prepayBody("T-NOBODY", `"amount"`, `"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount"`)}, "400 PARAM_ERROR")
	s.see("h5 without scene_info", call{target: transactions + "h5", body: prepayBody("T-H5-02")}, "400 PARAM_ERROR")
	s.see("h5 without h5_info", call{target: transactions + "h5", body: prepayBody("T-H5-02", `"amount"`, `"scene_info":{"payer_client_ip":"1.2.3.4"},"amount"`)}, "400 PARAM_ERROR")
	s.see("h5 with no address", call{target: transactions + "h5", body: prepayBody("T-H5-02", `"amount"`, strings.Replace(h5Scene, "127.0.0.1", "localhost", 1)+`"amount"`)}, "400 PARAM_ERROR")
	s.see("time_expire too far ahead", call{target: nativeTarget, body: prepayBody("T-LATER", `"amount"`, `"time_expire":"2026-03-17T12:00:01+08:00","amount"`)}, "400 PARAM_ERROR")
	s.see("real-name payment", call{target: transactions + "h5", body: prepayBody("T-NAMED", `"amount"`, h5Scene+`"payer":{"identity":{"type":"IDCARD","number":"x","name":"y"}},"amount"`)}, "403 NO_AUTH")
	s.see("instalment subsidy", call{target: transactions + "app", body: prepayBody("T-SUBSIDY", `"amount"`, `"subsidy_info":{"subsidy_detail":[{"subsidy_period_type":"DAILY","subsidy_plan":[{"subsidy_installment_num":3,"subsidy_percent":100}]}]},"amount"`)}, "403 NO_AUTH")
	p.pay("T-NATIVE", alice)
	s.see("already paid", call{target: nativeTarget, body: prepayBody("T-NATIVE")}, "400 ORDERPAID")
	s.see("close it", closing("T-APP-1"), "204")
	s.see("already closed", call{target: transactions + "app", body: prepayBody("T-APP-1")}, "400 ORDER_CLOSED")
	p.settings(func(m *pb.MerchantSettings) { m.WeixinCodeUrl = true })
	s.see("native with a weixin:// link", call{target: nativeTarget, body: prepayBody("T-WEIXIN")}, "200")
	p.core.Must(machine.MerchantSet, &pb.MerchantSet{Mchid: mch, Status: pb.MerchantStatus_MERCHANT_STATUS_PAUSED})
	s.see("paused merchant", call{target: nativeTarget, body: prepayBody("T-PAUSED")}, "403 NO_AUTH")
	s.compare()
}

// What a prepay carries reaches the order unchanged.
func TestPrepayKeepsWhatWasSent(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	goods := `{ "cost_price": 608800, "invoice_id":"微信123", "goods_detail":[{"merchant_goods_id":"1246464644","wechatpay_goods_id":"1001","goods_name":"iPhoneX 256G","quantity":1,"unit_price":528800}]}`
	body := prepayBody("T-WHOLE", `"amount"`, `"time_expire":"2026-03-01T05:00:00.5Z","attach":"桌 7","goods_tag":"WXG","support_fapiao":true,`+
		`"limit_pay":["no_credit","no_debit"],"detail":`+goods+`,"settle_info":{"profit_sharing":true},`+
		`"scene_info":{"payer_client_ip":"14.23.150.211","device_id":"POS1:1","store_info":{"id":"0001","name":"店","area_code":"440305","address":"x"}},"amount"`)
	if got := p.do(call{target: nativeTarget, body: body}); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	o := p.order("T-WHOLE")
	if o.TimeExpire != edgetest.Start+stamp.Hour+500 || o.Attach != "桌 7" || o.GoodsTag != "WXG" || o.LimitPay != "no_credit,no_debit" ||
		string(o.Detail) != goods || !o.ProfitSharing || o.PayerClientIp != "14.23.150.211" || o.DeviceId != "POS1:1" || o.NotifyUrl != notify ||
		o.Total != 100 || o.Currency != 156 || o.Description != "乌龙茶 Oolong" || o.Product != pb.Product_PRODUCT_NATIVE || o.Appid != app {
		t.Errorf("%+v", o)
	}
}

// A time_expire in the past is raised to a minute after the order, not taken
// for absent.
func TestTimeExpireInThePast(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	for i, at := range []string{"2026-03-01T12:00:30+08:00", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"} {
		number := "T-PAST-" + string(rune('0'+i))
		if got := p.do(call{target: nativeTarget, body: prepayBody(number, `"amount"`, `"time_expire":"`+at+`","amount"`)}); got.status != 200 {
			t.Fatalf("%s: %d %s", at, got.status, got.body)
		}
		if o := p.order(number); o.TimeExpire != edgetest.Start+stamp.Minute {
			t.Errorf("%s expires at %d", at, o.TimeExpire)
		}
	}
}

// Answers have the shapes clients take apart.
func TestPrepayAnswers(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	alice := p.core.Payer("alice", "Alice", 0)
	for product, c := range map[string]struct{ extra, want string }{
		"native": {"", `^\{"code_url":"https://pay\.test\.example/pay/wx20260301120000[0-9a-f]{20}"\}$`},
		"jsapi":  {`"payer":{"openid":"` + alice.Openids[0].Openid + `"},`, `^\{"prepay_id":"wx20260301120000[0-9a-f]{20}"\}$`},
		"app":    {"", `^\{"prepay_id":"wx20260301120000[0-9a-f]{20}"\}$`},
		"h5":     {h5Scene, `^\{"h5_url":"https://pay\.test\.example/h5\?prepay_id=wx20260301120000[0-9a-f]{20}&package=1"\}$`},
	} {
		body := prepayBody("T-SHAPE-"+product, `"amount"`, c.extra+`"amount" `)
		got := p.do(call{target: transactions + product, body: body})
		if got.status != 200 || !regexp.MustCompile(c.want).MatchString(got.body) || !json.Valid([]byte(got.body)) {
			t.Errorf("%s: %d %s", product, got.status, got.body)
		}
	}
}

// A repeat is another link to the same order, and the newest one counts.
func TestPrepayRepeated(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	c := call{target: nativeTarget, body: prepayBody("T-AGAIN")}
	first := p.do(c).field("code_url")
	id := p.order("T-AGAIN").Id
	p.core.Sleep(1000)
	second := p.do(c).field("code_url")
	o := p.order("T-AGAIN")
	if first == second || first == "" || o.Id != id || !strings.HasSuffix(second, o.PrepayId) {
		t.Errorf("first %s, second %s, order %d then %d with %s", first, second, id, o.Id, o.PrepayId)
	}
}
