package cashier

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Making a key takes a tenth of a second: two serve all tests.
var invocationKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// certify adds an API certificate of the merchant for key.
func certify(d *site, key *rsa.PrivateKey, serial int64) {
	d.Helper()
	begin := time.UnixMilli(edgetest.Start).Add(-time.Hour)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: edgetest.Mchid},
		NotBefore: begin, NotAfter: begin.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		d.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		d.Fatal(err)
	}
	d.core.Must(catalogue.MerchantCert, &pb.MerchantCert{Mchid: edgetest.Mchid, Serial: seal.Serial(parsed), Der: der,
		NotBefore: parsed.NotBefore.UnixMilli(), NotAfter: parsed.NotAfter.UnixMilli()})
}

func signed(t *testing.T, key *rsa.PrivateKey, message string) string {
	t.Helper()
	signature, err := seal.Sign(key, []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// jsapiSite has a JSAPI order of 小明's and the invocation a merchant makes of it.
func jsapiSite(t *testing.T) (*site, *pb.Order, url.Values) {
	t.Helper()
	d := newSite(t, true)
	certify(d, invocationKeys()[0], 0x5157F09E)
	o := d.core.Order("T-10001", func(c *pb.OrderCreate) {
		c.Product, c.Openid = pb.Product_PRODUCT_JSAPI, d.ming.Openids[0].Openid
	})
	call := url.Values{"appId": {edgetest.Appid}, "timeStamp": {"1772337600"}, "nonceStr": {"593BEC0C930BF1AFEB40B4A08C8FB242"},
		"package": {"prepay_id=" + o.PrepayId}, "signType": {"RSA"}}
	call.Set("paySign", signed(t, invocationKeys()[0], jsapiMessage(call)))
	return d, o, call
}

func jsapiMessage(call url.Values) string {
	return call.Get("appId") + "\n" + call.Get("timeStamp") + "\n" + call.Get("nonceStr") + "\n" + call.Get("package") + "\n"
}

// invokeAs sends an invocation the way a merchant's page does: from another
// site, as a form.
func invokeAs(d *site, path string, call url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(call.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Accept-Language", d.lang)
	return d.do(r)
}

func TestJSAPIInvocationPays(t *testing.T) {
	t.Parallel()
	d, o, call := jsapiSite(t)
	d.core.Payer("hong", "小红", 5000)
	w := invokeAs(d, "/cashier/jsapi", call)
	if w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	page := d.get(w.Header().Get("Location"))
	if kindOf(page) != kindPay || strings.Contains(page.Body.String(), "小红") || !strings.Contains(page.Body.String(), "小明") {
		t.Errorf("the page of an order placed for 小明: %s", page.Body)
	}
	address, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	form := address.Query()
	form.Set("attempt", myAttempt)
	form.Set("payer", "1")
	if got := kindOf(d.get(d.post(address.Path, form).Header().Get("Location"))); got != kindPaid || d.charged() != 100 {
		t.Errorf("%s, %d fen", got, d.charged())
	}
	if w := d.post("/pay/"+o.PrepayId, url.Values{"attempt": {otherAttempt}, "payer": {"1"}}); kindOf(w) != kindScene {
		t.Errorf("paying without the invocation: %s", kindOf(w))
	}
}

// A mini program's parameters have no appId, and the SDK's JSON spells the
// names its own way; an answer in JSON is for clients without a page.
func TestJSAPIInvocationAsJSON(t *testing.T) {
	t.Parallel()
	d, o, call := jsapiSite(t)
	body := map[string]string{"prepay_id": o.PrepayId}
	for name := range call {
		if name != "appId" {
			body[name] = call.Get(name)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/cashier/jsapi", strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Accept", "application/json")
	w := d.do(r)
	got := decode(t, w)
	if w.Code != 200 || got["prepay_id"] != o.PrepayId || kindOf(d.get(got["pay_url"].(string))) != kindPay {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, bad := range []string{`{"timeStamp":1772337600}`, `[]`, `{`, `{"a":"` + strings.Repeat("x", maxForm) + `"}`} {
		r := httptest.NewRequest("POST", "/cashier/jsapi", strings.NewReader(bad))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json")
		if w := d.do(r); w.Code != 400 || decode(t, w)["code"] != "PARAM_ERROR" {
			t.Errorf("%.30s: %d %s", bad, w.Code, w.Body)
		}
	}
}

// Each usual mistake is named.
func TestJSAPIMistakesAreNamed(t *testing.T) {
	t.Parallel()
	key, stranger := invocationKeys()[0], invocationKeys()[1]
	resign := func(k *rsa.PrivateKey, edit func(string) string) func(*testing.T, url.Values) {
		return func(t *testing.T, call url.Values) { call.Set("paySign", signed(t, k, edit(jsapiMessage(call)))) }
	}
	set := func(name, value string) func(*testing.T, url.Values) {
		return func(_ *testing.T, call url.Values) { call.Set(name, value) }
	}
	cases := []struct {
		name, says string
		change     func(*testing.T, url.Values)
	}{
		{"bare prepay_id signed", "not the bare prepay_id", resign(key, func(m string) string { return strings.Replace(m, "prepay_id=", "", 1) })},
		{"no last newline", "last line&#39;s newline is missing", resign(key, func(m string) string { return strings.TrimSuffix(m, "\n") })},
		{"escaped newlines", "backslash and n", resign(key, func(m string) string { return strings.ReplaceAll(m, "\n", `\n`) })},
		{"CRLF", `not \r\n`, resign(key, func(m string) string { return strings.ReplaceAll(m, "\n", "\r\n") })},
		{"swapped lines", "they are swapped", resign(key, func(m string) string {
			l := strings.Split(m, "\n")
			return l[0] + "\n" + l[2] + "\n" + l[1] + "\n" + l[3] + "\n"
		})},
		{"another key", "sign the four lines above", resign(stranger, func(m string) string { return m })},
		{"not base64", "standard base64", set("paySign", "???")},
		{"MD5", "signType must be RSA", set("signType", "MD5")},
		{"milliseconds", "these are milliseconds", set("timeStamp", "1772337600000")},
		{"no timeStamp", "string of seconds", set("timeStamp", "")},
		{"long nonce", "1 to 32 characters", set("nonceStr", strings.Repeat("n", 33))},
		{"other appId", "differs from the one", set("appId", "wx0000000000000000")},
		{"no prefix", "package must be prepay_id=", set("package", "wx123")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, _, call := jsapiSite(t)
			c.change(t, call)
			w := invokeAs(d, "/cashier/jsapi", call)
			if w.Code != 400 || kindOf(w) != kindBadCall || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%d, want %q in %s", w.Code, c.says, w.Body)
			}
		})
	}
}

func TestInvocationOfWhatItIsNotFor(t *testing.T) {
	t.Parallel()
	d, o, call := jsapiSite(t)
	if w := invokeAs(d, "/cashier/app", url.Values{"prepayid": {o.PrepayId}, "package": {"Sign=WXPay"}}); kindOf(w) != kindScene || w.Code != 403 {
		t.Errorf("a JSAPI order by the app: %d %s", w.Code, kindOf(w))
	}
	if w := invokeAs(d, "/cashier/app", url.Values{"package": {"Sign=WXPay"}}); kindOf(w) != kindBadCall {
		t.Errorf("no prepayid: %s", kindOf(w))
	}
	call.Set("package", "prepay_id=wx20260301120000ffffffffffffffffffff")
	if w := invokeAs(d, "/cashier/jsapi", call); kindOf(w) != kindUnknown || w.Code != 404 {
		t.Errorf("an unknown prepay_id: %d %s", w.Code, kindOf(w))
	}
	// Only certificates that are valid now may sign.
	call.Set("package", "prepay_id="+o.PrepayId)
	d.core.Must(catalogue.MerchantCertRevoke, &pb.MerchantCertRevoke{Mchid: edgetest.Mchid, Serial: "5157F09E"})
	if w := invokeAs(d, "/cashier/jsapi", call); kindOf(w) != kindBadCall || !strings.Contains(w.Body.String(), "no valid API certificate") {
		t.Errorf("a revoked certificate: %s", w.Body)
	}
}

func TestAppInvocationPays(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	certify(d, invocationKeys()[0], 1)
	certify(d, invocationKeys()[1], 2)
	o := d.core.Order("T-10001", func(c *pb.OrderCreate) { c.Product = pb.Product_PRODUCT_APP })
	call := url.Values{"appid": {edgetest.Appid}, "partnerid": {edgetest.Mchid}, "prepayid": {o.PrepayId},
		"package": {"Sign=WXPay"}, "noncestr": {"n"}, "timestamp": {"1772337600"}}
	message := edgetest.Appid + "\n1772337600\nn\n" + o.PrepayId + "\n"
	call.Set("sign", signed(t, invocationKeys()[1], message)) // any of the certificates will do
	w := invokeAs(d, "/cashier/app", call)
	if w.Code != 303 || kindOf(d.get(w.Header().Get("Location"))) != kindPay {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for change, says := range map[string]string{"partnerid": "partnerid must be the mchid", "package": "Sign=WXPay"} {
		bad := url.Values{}
		for name := range call {
			bad.Set(name, call.Get(name))
		}
		bad.Set(change, "x")
		if w := invokeAs(d, "/cashier/app", bad); kindOf(w) != kindBadCall || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %s", change, w.Body)
		}
	}
	call.Set("sign", signed(t, invocationKeys()[0], strings.Replace(message, o.PrepayId, "prepay_id="+o.PrepayId, 1)))
	if w := invokeAs(d, "/cashier/app", call); !strings.Contains(w.Body.String(), "JSAPI form") {
		t.Errorf("signed as JSAPI: %s", w.Body)
	}
}

// The wire reference's vector for paySign's message (its inputs, four lines).
func TestInvocationMessageOfTheReference(t *testing.T) {
	t.Parallel()
	s := &scene{prepayID: "wx26112221580621e9b071c00d9e093b0000", order: &pb.Order{Appid: "wx2421b1c4370ec43b", Product: pb.Product_PRODUCT_JSAPI}}
	got := string(invocationMessage(s, url.Values{"timestamp": {"1554208460"}, "noncestr": {"593BEC0C930BF1AFEB40B4A08C8FB242"}}))
	want := "wx2421b1c4370ec43b\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\nprepay_id=wx26112221580621e9b071c00d9e093b0000\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzReturnAddress(f *testing.F) {
	for _, seed := range []string{"https://shop.example/done", "javascript:alert(1)", "https://a@b", "http://[::1]:80/", "https://\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		back := readReturn(url.Values{"redirect_url": {raw}})
		if back == nil {
			return
		}
		u, err := url.Parse(back.url)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Host != back.host {
			t.Errorf("%q goes to %q, shown as %q", raw, back.url, back.host)
		}
	})
}
