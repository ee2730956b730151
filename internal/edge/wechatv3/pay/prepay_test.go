package pay_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestPrepayGolden(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	s := apitest.NewTranscript(p, "prepay")
	alice := p.Core.Payer("alice", "Alice", 100_000)
	openid := `"payer":{"openid":"` + alice.Openids[0].Openid + `"},`
	s.See("native", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-NATIVE")}, "200")
	s.See("jsapi", apitest.Call{Target: apitest.Transactions + "jsapi", Body: apitest.PrepayBody("T-JSAPI", `"amount"`, openid+`"amount"`)}, "200")
	s.See("app", apitest.Call{Target: apitest.Transactions + "app", Body: apitest.PrepayBody("T-APP-1")}, "200")
	s.See("h5", apitest.Call{Target: apitest.Transactions + "h5", Body: apitest.PrepayBody("T-H5-01", `"amount"`, apitest.H5Scene+`"amount"`)}, "200")
	s.See("repeated as it was", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-NATIVE")}, "200")
	s.See("repeated with another notify_url and attach", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-NATIVE", apitest.Notify, apitest.Notify+"2", `"amount"`, `"attach":"x","amount"`)}, "200")
	s.See("repeated with another amount", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-NATIVE", "100", "101")}, "403 OUT_TRADE_NO_USED")
	s.See("repeated with another description", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-NATIVE", "Oolong", "Sencha")}, "403 OUT_TRADE_NO_USED")
	s.See("repeated for another product", apitest.Call{Target: apitest.Transactions + "app", Body: apitest.PrepayBody("T-NATIVE")}, "403 OUT_TRADE_NO_USED")
	s.See("appid of somebody else", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-OTHER", apitest.Appid, "wx0123456789abcdff")}, "400 APPID_MCHID_NOT_MATCH")
	s.See("jsapi without payer", apitest.Call{Target: apitest.Transactions + "jsapi", Body: apitest.PrepayBody("T-NOBODY")}, "400 PARAM_ERROR")
	s.See("jsapi without openid", apitest.Call{Target: apitest.Transactions + "jsapi", Body: apitest.PrepayBody("T-NOBODY", `"amount"`, `"payer":{},"amount"`)}, "400 PARAM_ERROR")
	s.See("jsapi with an unknown openid", apitest.Call{Target: apitest.Transactions + "jsapi", Body: apitest.PrepayBody("T-NOBODY", `"amount"`, `"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount"`)}, "400 PARAM_ERROR")
	s.See("h5 without scene_info", apitest.Call{Target: apitest.Transactions + "h5", Body: apitest.PrepayBody("T-H5-02")}, "400 PARAM_ERROR")
	s.See("h5 without h5_info", apitest.Call{Target: apitest.Transactions + "h5", Body: apitest.PrepayBody("T-H5-02", `"amount"`, `"scene_info":{"payer_client_ip":"1.2.3.4"},"amount"`)}, "400 PARAM_ERROR")
	s.See("h5 with no address", apitest.Call{Target: apitest.Transactions + "h5", Body: apitest.PrepayBody("T-H5-02", `"amount"`, strings.Replace(apitest.H5Scene, "127.0.0.1", "localhost", 1)+`"amount"`)}, "400 PARAM_ERROR")
	s.See("time_expire too far ahead", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-LATER", `"amount"`, `"time_expire":"2026-03-17T12:00:01+08:00","amount"`)}, "400 PARAM_ERROR")
	s.See("real-name payment", apitest.Call{Target: apitest.Transactions + "h5", Body: apitest.PrepayBody("T-NAMED", `"amount"`, apitest.H5Scene+`"payer":{"identity":{"type":"IDCARD","number":"x","name":"y"}},"amount"`)}, "403 NO_AUTH")
	s.See("instalment subsidy", apitest.Call{Target: apitest.Transactions + "app", Body: apitest.PrepayBody("T-SUBSIDY", `"amount"`, `"subsidy_info":{"subsidy_detail":[{"subsidy_period_type":"DAILY","subsidy_plan":[{"subsidy_installment_num":3,"subsidy_percent":100}]}]},"amount"`)}, "403 NO_AUTH")
	p.Pay("T-NATIVE", alice)
	s.See("already paid", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-NATIVE")}, "400 ORDERPAID")
	s.See("close it", apitest.Closing("T-APP-1"), "204")
	s.See("already closed", apitest.Call{Target: apitest.Transactions + "app", Body: apitest.PrepayBody("T-APP-1")}, "400 ORDER_CLOSED")
	p.Settings(func(m *pb.MerchantSettings) { m.WeixinCodeUrl = true })
	s.See("native with a weixin:// link", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-WEIXIN")}, "200")
	p.Core.Must(catalogue.MerchantSet, &pb.MerchantSet{Mchid: apitest.Mchid, Status: pb.MerchantStatus_MERCHANT_STATUS_PAUSED})
	s.See("paused merchant", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-PAUSED")}, "403 NO_AUTH")
	s.Compare()
}

// What a prepay carries reaches the order unchanged.
func TestPrepayKeepsWhatWasSent(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	goods := `{ "cost_price": 608800, "invoice_id":"微信123", "goods_detail":[{"merchant_goods_id":"1246464644","wechatpay_goods_id":"1001","goods_name":"iPhoneX 256G","quantity":1,"unit_price":528800}]}`
	body := apitest.PrepayBody("T-WHOLE", `"amount"`, `"time_expire":"2026-03-01T05:00:00.5Z","attach":"桌 7","goods_tag":"WXG","support_fapiao":true,`+
		`"limit_pay":["no_credit","no_debit"],"detail":`+goods+`,"settle_info":{"profit_sharing":true},`+
		`"scene_info":{"payer_client_ip":"14.23.150.211","device_id":"POS1:1","store_info":{"id":"0001","name":"店","area_code":"440305","address":"x"}},"amount"`)
	if got := p.Do(apitest.Call{Target: apitest.Native, Body: body}); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	o := p.Order("T-WHOLE")
	if o.TimeExpire != edgetest.Start+stamp.Hour+500 || o.Attach != "桌 7" || o.GoodsTag != "WXG" || o.LimitPay != "no_credit,no_debit" ||
		string(o.Detail) != goods || !o.ProfitSharing || o.PayerClientIp != "14.23.150.211" || o.DeviceId != "POS1:1" || o.NotifyUrl != apitest.Notify ||
		o.Total != 100 || o.Currency != 156 || o.Description != "乌龙茶 Oolong" || o.Product != pb.Product_PRODUCT_NATIVE || o.Appid != apitest.Appid {
		t.Errorf("%+v", o)
	}
}

// A time_expire in the past is raised to a minute after the order, not taken
// for absent.
func TestTimeExpireInThePast(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	for i, at := range []string{"2026-03-01T12:00:30+08:00", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"} {
		number := "T-PAST-" + string(rune('0'+i))
		if got := p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody(number, `"amount"`, `"time_expire":"`+at+`","amount"`)}); got.Status != 200 {
			t.Fatalf("%s: %d %s", at, got.Status, got.Body)
		}
		if o := p.Order(number); o.TimeExpire != edgetest.Start+stamp.Minute {
			t.Errorf("%s expires at %d", at, o.TimeExpire)
		}
	}
}

// Answers have the shapes clients take apart.
func TestPrepayAnswers(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	alice := p.Core.Payer("alice", "Alice", 0)
	for product, c := range map[string]struct{ extra, want string }{
		"native": {"", `^\{"code_url":"https://pay\.test\.example/pay/wx20260301120000[0-9a-f]{20}"\}$`},
		"jsapi":  {`"payer":{"openid":"` + alice.Openids[0].Openid + `"},`, `^\{"prepay_id":"wx20260301120000[0-9a-f]{20}"\}$`},
		"app":    {"", `^\{"prepay_id":"wx20260301120000[0-9a-f]{20}"\}$`},
		"h5":     {apitest.H5Scene, `^\{"h5_url":"https://pay\.test\.example/h5\?prepay_id=wx20260301120000[0-9a-f]{20}&package=1"\}$`},
	} {
		body := apitest.PrepayBody("T-SHAPE-"+product, `"amount"`, c.extra+`"amount" `)
		got := p.Do(apitest.Call{Target: apitest.Transactions + product, Body: body})
		if got.Status != 200 || !regexp.MustCompile(c.want).MatchString(got.Body) || !json.Valid([]byte(got.Body)) {
			t.Errorf("%s: %d %s", product, got.Status, got.Body)
		}
	}
}

// A repeat is another link to the same order, and the newest one counts.
func TestPrepayRepeated(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	c := apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-AGAIN")}
	first := p.Do(c).Field("code_url")
	id := p.Order("T-AGAIN").Id
	p.Core.Sleep(1000)
	second := p.Do(c).Field("code_url")
	o := p.Order("T-AGAIN")
	if first == second || first == "" || o.Id != id || !strings.HasSuffix(second, o.PrepayId) {
		t.Errorf("first %s, second %s, order %d then %d with %s", first, second, id, o.Id, o.PrepayId)
	}
}
