package wechatv3_test

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// What clients write differently and mean the same.
func TestBodiesOfClients(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	plain := apitest.PrepayBody("T-BODY-0")
	for name, body := range map[string]string{
		"php":            plain,
		"go":             strings.ReplaceAll(plain, "Oolong", `\u003cOolong\u003e \u0026 more`) + "\n",
		"python":         `{"mchid": "` + apitest.Mchid + `", "appid": "` + apitest.Appid + `", "description": "\u4e4c\u9f99\u8336", "out_trade_no": "T-BODY-0", "notify_url": "` + apitest.Notify + `", "amount": {"total": 100}}`,
		"with a newline": "\r\n\t" + plain + " \n",
	} {
		number := "T-BODY-" + strings.ReplaceAll(name, " ", "_")
		got := p.Do(apitest.Call{Target: apitest.Native, Body: strings.ReplaceAll(body, "T-BODY-0", number)})
		if got.Status != 200 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestBodiesGolden(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	s := apitest.NewTranscript(p, "bodies")
	bad := func(title, want string, change ...string) {
		t.Helper()
		s.See(title, apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-BODY-1", change...)}, want)
	}
	whole := func(title, body, want string) {
		t.Helper()
		s.See(title, apitest.Call{Method: "POST", Target: apitest.Native, Body: body}, want)
	}
	const param, invalid = "400 PARAM_ERROR", "400 INVALID_REQUEST"
	whole("no body", "", param)
	whole("empty object", "{}", param)
	whole("no JSON", "amount=100", param)
	whole("a list", "[]", param)
	bad("unknown parameter", invalid, `"amount"`, `"colour":"red","amount"`)
	bad("unknown parameter inside", invalid, `"total":100`, `"total":100,"colour":1`)
	bad("null", param, `"total":100`, `"total":null`)
	bad("repeated", param, `"total":100`, `"total":100,"total":1`)
	bad("emoji", param, "Oolong", "😀")
	bad("invalid UTF-8", param, "Oolong", "\xff")
	bad("amount 0", param, `"total":100`, `"total":0`)
	bad("negative amount", param, `"total":100`, `"total":-100`)
	bad("amount beyond 64 bits", param, `"total":100`, `"total":9223372036854775808`)
	bad("amount with a fraction", param, `"total":100`, `"total":1.5`)
	bad("amount with an exponent", param, `"total":100`, `"total":1e2`)
	bad("amount in quotes", param, `"total":100`, `"total":"100"`)
	bad("another currency", param, `"CNY"`, `"USD"`)
	bad("appid's shape", param, apitest.Appid, "wx0123456789ABCDEF")
	bad("short out_trade_no", param, "T-BODY-1", "T-BOD")
	bad("long out_trade_no", param, "T-BODY-1", strings.Repeat("T", 33))
	bad("out_trade_no with a space", param, "T-BODY-1", "T BODY 1")
	bad("out_trade_no in Chinese", param, "T-BODY-1", "订单订单订单订单")
	bad("long description", param, "Oolong", strings.Repeat("茶", 128))
	bad("empty description", param, "乌龙茶 Oolong", "")
	bad("time_expire without offset", param, `"amount"`, `"time_expire":"2026-03-02 10:00:00","amount"`)
	bad("http callback", param, apitest.Notify, "ftp://shop.example/notify")
	bad("callback with a query", param, apitest.Notify, apitest.Notify+"?a=1")
	bad("callback with a fragment", param, apitest.Notify, apitest.Notify+"#a")
	bad("callback without host", param, apitest.Notify, "https:///notify")
	bad("callback with a blank", param, apitest.Notify, "https://shop.example/notify ")
	bad("callback to an empty label", param, apitest.Notify, "https://shop..example/notify")
	bad("callback with a user", param, apitest.Notify, "https://me:secret@shop.example/notify")
	bad("callback to this machine", param, apitest.Notify, "https://127.0.0.1/notify")
	bad("callback to an odd port", param, apitest.Notify, "https://shop.example:22/notify")
	bad("long callback", param, apitest.Notify, apitest.Notify+strings.Repeat("x", 250))
	bad("unknown limit_pay", param, `"amount"`, `"limit_pay":["no_cash"],"amount"`)
	bad("profit sharing is no bool", param, `"amount"`, `"settle_info":{"profit_sharing":"yes"},"amount"`)
	bad("goods without a price", param, `"amount"`, `"detail":{"goods_detail":[{"merchant_goods_id":"g","quantity":1}]},"amount"`)
	bad("scene without an address", param, `"amount"`, `"scene_info":{"device_id":"POS"},"amount"`)
	bad("h5_info where it does not belong", invalid, `"amount"`, `"scene_info":{"payer_client_ip":"1.2.3.4","h5_info":{"type":"Wap"}},"amount"`)
	bad("payer where it does not belong", invalid, `"amount"`, `"payer":{"openid":"o"},"amount"`)
	s.See("in English", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-BODY-1", `"total":100`, `"total":0`), Language: "en"}, param)
	s.Compare()
	if got := p.Do(apitest.Call{Target: "/v3/pay/transactions/out-trade-no/T-BODY-1?mchid=" + apitest.Mchid}); got.Code() != "ORDER_NOT_EXIST" {
		t.Errorf("a refused body left an order behind: %s", got.Body)
	}
}

func TestLenientMerchant(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	p.Settings(func(s *pb.MerchantSettings) { s.Strict = false })
	body := apitest.PrepayBody("T-LENIENT", `"amount"`, `"colour":{"a":[1]},"amount"`)
	if got := p.Do(apitest.Call{Target: apitest.Native, Body: body}); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	for _, change := range [][]string{{`"total":100`, `"total":null`}, {`"total":100`, `"total":1,"total":2`}} {
		if got := p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-LENIENT", change...)}); got.Code() != "PARAM_ERROR" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
}

func TestCallbackRules(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	inside := apitest.New(t, func(c *wechatv3.Config) { c.PrivateCallbacks = true })
	ask := func(p *apitest.Site, address string) string {
		got := p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-CALLBACK", apitest.Notify, address)})
		return strings.TrimPrefix(got.Code()+" "+got.Field("issue"), " ")
	}
	const home, plain, host = "PARAM_ERROR must be a public host, not this machine or a private network", "PARAM_ERROR The callback must be https.",
		"PARAM_ERROR The callback's host is not among those the merchant allows."
	for address, want := range map[string]string{
		"https://shop.example/n": "", "https://shop.example:8443/n": "", "http://shop.example/n": "", "https://8.8.8.8/n": "", "https://[2606:4700::1111]/n": "",
		"https://localhost/n": home, "https://10.1.2.3/n": home, "https://[::1]/n": home, "https://[::ffff:192.168.0.1]/n": home,
		"https://169.254.169.254/latest": home, "https://0.0.0.0/n": home, "https://shop.localhost/n": home,
	} {
		if got := ask(p, address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
		if want == home {
			if got := ask(inside, address); got != "" {
				t.Errorf("%s, private callbacks allowed: %q", address, got)
			}
		}
	}
	p.Settings(func(s *pb.MerchantSettings) {
		s.AllowHttp = false
		s.CallbackHosts = []string{"Shop.example", "b.example"}
	})
	for address, want := range map[string]string{
		"https://shop.example./n": "", "https://SHOP.EXAMPLE/n": "", "https://b.example/n": "",
		"http://shop.example/n": plain, "https://c.example/n": host, "https://shop.example.evil.example/n": host,
	} {
		if got := ask(p, address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
