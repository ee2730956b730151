package wechatv3

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// What clients write differently and mean the same.
func TestBodiesOfClients(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	plain := prepayBody("T-BODY-0")
	for name, body := range map[string]string{
		"php":            plain,
		"go":             strings.ReplaceAll(plain, "Oolong", `\u003cOolong\u003e \u0026 more`) + "\n",
		"python":         `{"mchid": "` + mch + `", "appid": "` + app + `", "description": "\u4e4c\u9f99\u8336", "out_trade_no": "T-BODY-0", "notify_url": "` + notify + `", "amount": {"total": 100}}`,
		"with a newline": "\r\n\t" + plain + " \n",
	} {
		number := "T-BODY-" + strings.ReplaceAll(name, " ", "_")
		got := p.do(call{target: nativeTarget, body: strings.ReplaceAll(body, "T-BODY-0", number)})
		if got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestBodiesGolden(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	s := newTranscript(p, "bodies")
	bad := func(title, want string, change ...string) {
		t.Helper()
		s.see(title, call{target: nativeTarget, body: prepayBody("T-BODY-1", change...)}, want)
	}
	whole := func(title, body, want string) {
		t.Helper()
		s.see(title, call{method: "POST", target: nativeTarget, body: body}, want)
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
	bad("appid's shape", param, app, "wx0123456789ABCDEF")
	bad("short out_trade_no", param, "T-BODY-1", "T-BOD")
	bad("long out_trade_no", param, "T-BODY-1", strings.Repeat("T", 33))
	bad("out_trade_no with a space", param, "T-BODY-1", "T BODY 1")
	bad("out_trade_no in Chinese", param, "T-BODY-1", "订单订单订单订单")
	bad("long description", param, "Oolong", strings.Repeat("茶", 128))
	bad("empty description", param, "乌龙茶 Oolong", "")
	bad("time_expire without offset", param, `"amount"`, `"time_expire":"2026-03-02 10:00:00","amount"`)
	bad("http callback", param, notify, "ftp://shop.example/notify")
	bad("callback with a query", param, notify, notify+"?a=1")
	bad("callback with a fragment", param, notify, notify+"#a")
	bad("callback without host", param, notify, "https:///notify")
	bad("callback with a user", param, notify, "https://me:secret@shop.example/notify")
	bad("callback to this machine", param, notify, "https://127.0.0.1/notify")
	bad("callback to an odd port", param, notify, "https://shop.example:22/notify")
	bad("long callback", param, notify, notify+strings.Repeat("x", 250))
	bad("unknown limit_pay", param, `"amount"`, `"limit_pay":["no_cash"],"amount"`)
	bad("profit sharing is no bool", param, `"amount"`, `"settle_info":{"profit_sharing":"yes"},"amount"`)
	bad("goods without a price", param, `"amount"`, `"detail":{"goods_detail":[{"merchant_goods_id":"g","quantity":1}]},"amount"`)
	bad("scene without an address", param, `"amount"`, `"scene_info":{"device_id":"POS"},"amount"`)
	bad("h5_info where it does not belong", invalid, `"amount"`, `"scene_info":{"payer_client_ip":"1.2.3.4","h5_info":{"type":"Wap"}},"amount"`)
	bad("payer where it does not belong", invalid, `"amount"`, `"payer":{"openid":"o"},"amount"`)
	s.see("in English", call{target: nativeTarget, body: prepayBody("T-BODY-1", `"total":100`, `"total":0`), language: "en"}, param)
	s.compare()
	if got := p.do(call{target: "/v3/pay/transactions/out-trade-no/T-BODY-1?mchid=" + mch}); got.code() != "ORDER_NOT_EXIST" {
		t.Errorf("a refused body left an order behind: %s", got.body)
	}
}

func TestLenientMerchant(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	p.settings(func(s *pb.MerchantSettings) { s.Strict = false })
	body := prepayBody("T-LENIENT", `"amount"`, `"colour":{"a":[1]},"amount"`)
	if got := p.do(call{target: nativeTarget, body: body}); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, change := range [][]string{{`"total":100`, `"total":null`}, {`"total":100`, `"total":1,"total":2`}} {
		if got := p.do(call{target: nativeTarget, body: prepayBody("T-LENIENT", change...)}); got.code() != "PARAM_ERROR" {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}

func TestCallbackRules(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	inside := newSite(t, func(c *Config) { c.PrivateCallbacks = true })
	ask := func(p *site, address string) string {
		got := p.do(call{target: nativeTarget, body: prepayBody("T-CALLBACK", notify, address)})
		return strings.TrimPrefix(got.code()+" "+got.field("issue"), " ")
	}
	const home, plain, host = "PARAM_ERROR must be a public host, not this machine or a private network", "PARAM_ERROR must be https",
		"PARAM_ERROR the host is not among those the merchant allows for callbacks"
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
	p.settings(func(s *pb.MerchantSettings) {
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
