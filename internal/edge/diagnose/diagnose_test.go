package diagnose

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// parties are a merchant with two certificates, and a platform.
type parties struct {
	merchant, replaced, platform, publicKey, stranger *rsa.PrivateKey
	known                                             Known
}

const (
	mchid     = "1900000001"
	serial    = "1D90AB34C0FFEE0000000000000000000000AB12"
	oldSerial = "2D90AB34C0FFEE0000000000000000000000AB13"
	platform  = "3D90AB34C0FFEE0000000000000000000000AB14"
	publicID  = "PUB_KEY_ID_0111111111112024010100000000000001"
	apiv3     = "0123456789abcdef0123456789ABCDEF"
	target    = "/v3/pay/transactions/out-trade-no/T-1?mchid=1900000001"
	nonce     = "593BEC0C930BF1AFEB40B4A08C8FB242"
)

var now = time.Unix(1767225600, 0)

var everyone = sync.OnceValue(func() *parties {
	p := &parties{}
	for _, k := range []**rsa.PrivateKey{&p.merchant, &p.replaced, &p.platform, &p.publicKey, &p.stranger} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		*k = key
	}
	from, to := now.AddDate(-1, 0, 0), now.AddDate(4, 0, 0)
	p.known = Known{
		Merchants: []Key{{mchid, serial, &p.merchant.PublicKey, from, to, false}, {mchid, oldSerial, &p.replaced.PublicKey, from, to, false}},
		Platform:  []Key{{"", platform, &p.platform.PublicKey, from, to, false}, {"", publicID, &p.publicKey.PublicKey, time.Time{}, time.Time{}, false}},
		APIv3:     []APIv3Key{{mchid, []byte(apiv3)}},
	}
	return p
})

func sign(t *testing.T, key *rsa.PrivateKey, message string) string {
	t.Helper()
	signature, err := seal.Sign(key, []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func header(signature string) string {
	return fmt.Sprintf(`%s mchid="%s",nonce_str="%s",timestamp="%d",serial_no="%s",signature="%s"`, seal.Scheme, mchid, nonce, now.Unix(), serial, signature)
}

func wrongIDs(r *Report) (ids []string) {
	for _, f := range r.Findings {
		if f.Wrong {
			ids = append(ids, f.ID)
		}
		if f.ZH == "" || f.EN == "" || strings.Contains(f.ZH+f.EN, "%!") {
			ids = append(ids, "worded badly: "+f.ZH+" "+f.EN)
		}
	}
	return ids
}

const body = `{"mchid":"1900000001","description":"茶 <tea> a/b","amount":{"total":100,"currency":"CNY"},"notify_url":"https://shop.example/notify"}`

func post(timestamp, body string) string {
	return "POST\n/v3/pay/transactions/native\n" + timestamp + "\n" + nonce + "\n" + body + "\n"
}

func get(target string) string {
	return fmt.Sprintf("GET\n%s\n%d\n%s\n\n", target, now.Unix(), nonce)
}

// Each way in which requests are signed wrongly is recognised, and nothing else
// is said to be wrong.
func TestMistakesOfRequests(t *testing.T) {
	t.Parallel()
	p := everyone()
	at := fmt.Sprint(now.Unix())
	python := strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(body)
	sum := sha256.Sum256([]byte(get(target)))
	for _, c := range []struct {
		name, message, url, body string
		want                     []string
	}{
		{"right", get(target), target, "", nil},
		{"right, whole address", get(target), "https://api.mch.weixin.qq.com" + target, "", nil},
		{"right, with a body", post(at, body), "/v3/pay/transactions/native", body, nil},
		{"without the query", get("/v3/pay/transactions/out-trade-no/T-1"), target, "", []string{"url_without_query"}},
		{"with the host", get("https://api.mch.weixin.qq.com" + target), target, "", []string{"url_with_host"}},
		{"with another host", get("http://127.0.0.1:9080" + target), "http://127.0.0.1:9080" + target, "", []string{"url_with_host"}},
		{"a question mark", get("/v3/certificates?"), "/v3/certificates", "", []string{"url_question_mark"}},
		{"lower-case method", strings.Replace(get(target), "GET", "get", 1), target, "", []string{"method_case"}},
		{"another method", strings.Replace(get(target), "GET", "POST", 1), target, "", []string{"method"}},
		{"no last newline", strings.TrimSuffix(get(target), "\n"), target, "", []string{"newline_missing"}},
		{"CRLF", strings.ReplaceAll(get(target), "\n", "\r\n"), target, "", []string{"newline_crlf"}},
		{"literal newlines", strings.ReplaceAll(get(target), "\n", `\n`), target, "", []string{"newline_literal"}},
		{"swapped", "GET\n" + target + "\n" + nonce + "\n" + at + "\n\n", target, "", []string{"order_swapped"}},
		{"hashed twice", string(sum[:]), target, "", []string{"hashed_twice"}},
		{"hashed twice, in hex", hex.EncodeToString(sum[:]), target, "", []string{"hashed_twice"}},
		{"spaces", post(at, python), "/v3/pay/transactions/native", body, []string{"body_reserialised"}},
		{"a newline", post(at, body+"\n"), "/v3/pay/transactions/native", body, []string{"body_newline"}},
		{"a newline sent", post(at, body), "/v3/pay/transactions/native", body + "\n", []string{"body_newline"}},
		{"the body twice", post(at, body+body), "/v3/pay/transactions/native", body, []string{"body_twice"}},
		{"no body", post(at, ""), "/v3/pay/transactions/native", body, []string{"body_unsigned"}},
		{"key=value", post(at, "b=2&m=1900000001"), "/v3/pay/transactions/native", `{"m":"1900000001","b":2}`, []string{"body_form"}},
		{"sorted", post(at, `{"a":1,"b":2}`), "/v3/pay/transactions/native", `{"b":2,"a":1}`, []string{"body_sorted"}},
		{"escapes of PHP", post(at, string(quotePHPBody())), "/v3/pay/transactions/native", body, []string{"body_reserialised"}},
		{"the clock read twice", post(fmt.Sprint(now.Unix()-1), body), "/v3/pay/transactions/native", body, []string{"timestamp_twice"}},
		{"milliseconds signed", post(at+"123", body), "/v3/pay/transactions/native", body, []string{"timestamp_unit_mixed"}},
		{"two mistakes", strings.ReplaceAll(get("/v3/pay/transactions/out-trade-no/T-1"), "\n", "\r\n"), target, "", []string{"url_without_query", "newline_crlf"}},
		{"something else", get("/v3/somewhere"), target, "", []string{"message_unknown"}},
	} {
		r := ExamineRequest(Request{URL: c.url, Authorization: header(sign(t, p.merchant, c.message)), Body: []byte(c.body)}, p.known, now)
		if got := wrongIDs(r); !slices.Equal(got, c.want) || r.OK != (c.want == nil) || r.Verified != (c.want == nil) {
			t.Errorf("%s: found %v (ok %v, verified %v), want %v", c.name, got, r.OK, r.Verified, c.want)
		}
	}
}

func quotePHPBody() []byte {
	tree, err := parseTree([]byte(body))
	if err != nil {
		panic(err)
	}
	return tree.write(layout{",", ":", ""}, quotePHP)
}

// The place of the difference is exact.
func TestSpacesAreCounted(t *testing.T) {
	t.Parallel()
	p := everyone()
	signed, sent := `{"amount": {"total": 100}, "x":1}`, `{"amount":{"total":100},"x":1}`
	signed = strings.Replace(signed, `"x":1`, `"x": 1`, 1)
	r := ExamineRequest(Request{URL: "/v3/pay/transactions/native", Authorization: header(sign(t, p.merchant, post(fmt.Sprint(now.Unix()), signed))), Body: []byte(sent)}, p.known, now)
	if len(r.Findings) != 1 || r.Findings[0].At != 10 || !strings.Contains(r.Findings[0].EN, "4 spaces differ, the first at byte 10") || !strings.Contains(r.Findings[0].ZH, "相差 4 个空白字符，第一个在第 10 字节") {
		t.Errorf("%+v", r.Findings)
	}
	if r.Signed != post(fmt.Sprint(now.Unix()), signed) || r.Length != len(r.Message) {
		t.Errorf("signed %q, message %q of %d", r.Signed, r.Message, r.Length)
	}
}

// The header alone is wrong in many ways; the signature in it is right.
func TestMistakesOfTheHeader(t *testing.T) {
	t.Parallel()
	p := everyone()
	signature := sign(t, p.merchant, get(target))
	good := header(signature)
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	replace := strings.Replace
	for _, c := range []struct {
		name, header string
		want         []string
	}{
		{"name in front", "Authorization: " + good, nil},
		{"no scheme", strings.TrimPrefix(good, seal.Scheme+" "), []string{"scheme_missing"}},
		{"bearer", replace(good, seal.Scheme, "Bearer", 1), []string{"scheme"}},
		{"lower-case scheme", strings.ToLower(seal.Scheme) + strings.TrimPrefix(good, seal.Scheme), []string{"scheme_case"}},
		{"no space", replace(good, " ", "", 1), []string{"scheme_space"}},
		{"single quotes", strings.ReplaceAll(good, `"`, `'`), []string{"authorization_quotes", "authorization_quotes", "authorization_quotes", "authorization_quotes", "authorization_quotes"}},
		{"no commas", strings.ReplaceAll(good, `",`, `" `), []string{"authorization_commas"}},
		{"a line break", replace(good, `",n`, "\",\r\nn", 1), []string{"authorization_line_break"}},
		{"no nonce", replace(good, `nonce_str="`+nonce+`",`, "", 1), []string{"authorization_missing", "message_unknown"}},
		{"milliseconds", replace(good, fmt.Sprint(now.Unix()), fmt.Sprint(now.UnixMilli()), 1), []string{"timestamp_milliseconds", "timestamp_unit_mixed"}},
		{"no serial known", replace(good, serial, "4D90AB34C0FFEE0000000000000000000000AB12", 1), []string{"serial_unknown"}},
		{"another serial", replace(good, serial, oldSerial, 1), []string{"key_other"}},
		{"the platform's serial", replace(good, serial, platform, 1), []string{"serial_platform"}},
		{"colons", replace(good, serial, "1D:90:AB:34:C0:FF:EE:00:00:00:00:00:00:00:00:00:00:00:AB:12", 1), []string{"serial_format"}},
		{"base64url", replace(good, signature, base64.URLEncoding.EncodeToString(raw), 1), []string{"signature_base64url"}},
		{"hexadecimal", replace(good, signature, hex.EncodeToString(raw), 1), []string{"signature_hex"}},
		{"escaped", replace(good, signature, url.QueryEscape(signature), 1), []string{"signature_escaped"}},
		{"plus signs lost", replace(good, signature, strings.ReplaceAll(signature, "+", " "), 1), []string{"signature_blank"}},
		{"wrapped", replace(good, signature, signature[:64]+"\n"+signature[64:], 1), []string{"authorization_line_break", "signature_wrapped"}},
		{"no padding", replace(good, signature, strings.TrimRight(signature, "="), 1), []string{"signature_padding"}},
		{"cut off", replace(good, signature, signature[:300], 1), []string{"signature_truncated"}},
		{"base64 twice", replace(good, signature, base64.StdEncoding.EncodeToString([]byte(signature)), 1), []string{"signature_base64_twice"}},
		{"not base64", replace(good, signature, "*"+signature[1:], 1), []string{"signature_base64"}},
		{"another key", replace(good, signature, sign(t, p.stranger, get(target)), 1), []string{"key_wrong"}},
		{"the old key", replace(good, signature, sign(t, p.replaced, get(target)), 1), []string{"key_other"}},
	} {
		if c.name == "plus signs lost" && !strings.Contains(signature, "+") || c.name == "base64url" && !strings.ContainsAny(signature, "+/") {
			continue // this key's signature happens to have none
		}
		r := ExamineRequest(Request{URL: target, Authorization: c.header}, p.known, now)
		if got := wrongIDs(r); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", c.name, got, c.want)
		}
	}
}

// A signature of another kind is recognised by the key it opens with.
func TestOtherKindsOfSignature(t *testing.T) {
	t.Parallel()
	p := everyone()
	one := sha1.Sum([]byte(get(target)))
	two := sha256.Sum256([]byte(get(target)))
	weak, err := rsa.SignPKCS1v15(nil, p.merchant, crypto.SHA1, one[:])
	if err != nil {
		t.Fatal(err)
	}
	pss, err := rsa.SignPSS(rand.Reader, p.merchant, crypto.SHA256, two[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := rsa.SignPKCS1v15(nil, p.merchant, 0, two[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		raw  []byte
		want string
	}{{weak, "hash"}, {pss, "padding_pss"}, {bare, "hash"}} {
		r := ExamineRequest(Request{URL: target, Authorization: header(base64.StdEncoding.EncodeToString(c.raw))}, p.known, now)
		if got := wrongIDs(r); !slices.Equal(got, []string{c.want}) || r.Verified {
			t.Errorf("found %v, want %s", got, c.want)
		}
	}
}

// An old timestamp is a remark, one in the future and another merchant's number
// are mistakes.
func TestTimeAndMerchant(t *testing.T) {
	t.Parallel()
	p := everyone()
	q := Request{URL: "/v3/pay/transactions/native", Authorization: header(sign(t, p.merchant, post(fmt.Sprint(now.Unix()), body))), Body: []byte(body)}
	if r := ExamineRequest(q, p.known, now.Add(time.Hour)); !r.OK || len(r.Findings) != 1 || r.Findings[0].ID != "timestamp_old" {
		t.Errorf("an hour later: %+v", r)
	}
	if r := ExamineRequest(q, p.known, now.Add(-time.Hour)); r.OK || !slices.Equal(wrongIDs(r), []string{"timestamp_ahead"}) {
		t.Errorf("an hour before: %+v", r)
	}
	other := strings.Replace(body, mchid, "1900000002", 1)
	q = Request{URL: q.URL, Authorization: header(sign(t, p.merchant, post(fmt.Sprint(now.Unix()), other))), Body: []byte(other)}
	if r := ExamineRequest(q, p.known, now); !slices.Equal(wrongIDs(r), []string{"mchid_differs"}) {
		t.Errorf("another merchant: %+v", r.Findings)
	}
	if r := ExamineRequest(q, Known{}, now); r.Verified || r.OK {
		t.Errorf("with no key known: %+v", r)
	}
}

func notice(t *testing.T, key *rsa.PrivateKey, id, signed string) Notice {
	t.Helper()
	h := http.Header{}
	h.Set("Wechatpay-Timestamp", fmt.Sprint(now.Unix()))
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", id)
	h.Set("Wechatpay-Signature", sign(t, key, fmt.Sprintf("%d\n%s\n%s\n", now.Unix(), nonce, signed)))
	return Notice{Header: h, Body: []byte(signed)}
}

func sealed(t *testing.T) string {
	t.Helper()
	const nonce = "61f9c719728a"
	ciphertext, err := seal.Seal([]byte(apiv3), nonce, "transaction", []byte(`{"trade_state":"SUCCESS"}`))
	if err != nil {
		t.Fatal(err)
	}
	return `{"id":"1","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"` + ciphertext + `","associated_data":"transaction","nonce":"` + nonce + `"}}`
}

func publicPEM(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	text, err := seal.PublicKeyPEM(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Each way in which notices are verified wrongly is recognised.
func TestMistakesOfNotices(t *testing.T) {
	t.Parallel()
	p := everyone()
	text := sealed(t)
	with := func(change func(n *Notice)) Notice {
		n := notice(t, p.publicKey, publicID, text)
		change(&n)
		return n
	}
	for _, c := range []struct {
		name string
		n    Notice
		want []string
	}{
		{"right", with(func(*Notice) {}), nil},
		{"right key", with(func(n *Notice) { n.With, n.APIv3Key = publicPEM(t, p.publicKey), apiv3 }), nil},
		{"the merchant's certificate", with(func(n *Notice) { n.With = publicPEM(t, p.merchant) }), []string{"verifier_merchant"}},
		{"the platform certificate", with(func(n *Notice) { n.With = publicPEM(t, p.platform) }), []string{"verifier_other"}},
		{"a stranger's", with(func(n *Notice) { n.With = publicPEM(t, p.stranger) }), []string{"verifier_unknown"}},
		{"no PEM", with(func(n *Notice) { n.With = []byte("MIIB") }), []string{"verifier_unreadable"}},
		{"re-serialised", with(func(n *Notice) { n.Body = []byte(strings.ReplaceAll(text, `","`, `", "`)) }), []string{"body_reserialised"}},
		{"trimmed", with(func(n *Notice) { n.Body = append(n.Body, '\n') }), []string{"body_newline"}},
		{"altered", with(func(n *Notice) { n.Body = []byte(strings.Replace(text, "支付成功", "支付失败", 1)) }), []string{"message_unknown"}},
		{"forged", notice(t, p.stranger, publicID, text), []string{"key_wrong"}},
		{"unknown serial", notice(t, p.publicKey, "PUB_KEY_ID_0", text), []string{"serial_unknown"}},
		{"a header lost", with(func(n *Notice) { n.Header.Del("Wechatpay-Nonce") }), []string{"header_missing", "message_unknown"}},
		{"a probe", with(func(n *Notice) { n.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/abc") }), []string{"signature_probe"}},
		{"key with a newline", with(func(n *Notice) { n.APIv3Key = apiv3 + "\n" }), []string{"apiv3_format"}},
		{"key in hexadecimal", with(func(n *Notice) { n.APIv3Key = hex.EncodeToString([]byte(apiv3)) }), []string{"apiv3_format"}},
		{"another key", with(func(n *Notice) { n.APIv3Key = strings.ToUpper(apiv3) }), []string{"apiv3_wrong"}},
		{"key too short", with(func(n *Notice) { n.APIv3Key = apiv3[:31] }), []string{"apiv3_length"}},
	} {
		r := ExamineNotice(c.n, p.known, now)
		if got := wrongIDs(r); !slices.Equal(got, c.want) || r.OK != (c.want == nil) {
			t.Errorf("%s: found %v (ok %v), want %v", c.name, got, r.OK, c.want)
		}
		if strings.Contains(fmt.Sprintf("%+v", r), apiv3) {
			t.Errorf("%s: the report shows the APIv3 key", c.name)
		}
	}
	if r := ExamineNotice(with(func(*Notice) {}), p.known, now); r.Plaintext != `{"trade_state":"SUCCESS"}` {
		t.Errorf("plaintext %q", r.Plaintext)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"POST /v3/a?b=c HTTP/1.1\r\nHost: api.mch.weixin.qq.com\r\nAuthorization: x\r\n\r\n{\"a\": 1}\n",
		"POST /v3/a?b=c HTTP/1.1\nhost: api.mch.weixin.qq.com\nauthorization: x\n\n{\"a\": 1}\n",
		"> POST /v3/a?b=c HTTP/1.1\n> Host: api.mch.weixin.qq.com\n> Authorization: x\n> \n{\"a\": 1}\n",
	} {
		m, err := Parse([]byte(text))
		if err != nil || m.Method != "POST" || m.URL != "https://api.mch.weixin.qq.com/v3/a?b=c" || m.Header.Get("Authorization") != "x" || string(m.Body) != "{\"a\": 1}\n" || m.IsNotice() {
			t.Errorf("%q is read as %+v (%v)", text, m, err)
		}
	}
	if m, err := Parse([]byte("Wechatpay-Serial: a\nWechatpay-Nonce: b\n\n{}")); err != nil || !m.IsNotice() || string(m.Body) != "{}" {
		t.Errorf("a notice without a request line: %+v %v", m, err)
	}
	if _, err := Parse([]byte("hello")); err == nil {
		t.Error("a word is taken for a request")
	}
}

func FuzzExamine(f *testing.F) {
	f.Add("POST", "/v3/a?b", seal.Scheme+` mchid="1",signature="a b"`, []byte(`{"a":[1,"\ud800"]}`), "")
	f.Add("", "http://x", "", []byte(nil), "k")
	text, err := os.ReadFile("../../base/seal/testdata/merchant_pub.pem") // making keys takes longer than fuzzing
	if err != nil {
		f.Fatal(err)
	}
	public, err := seal.ParsePublicKey(text)
	if err != nil {
		f.Fatal(err)
	}
	p := &parties{known: Known{Merchants: []Key{{Mchid: mchid, ID: serial, Public: public}}, Platform: []Key{{ID: publicID, Public: public}}, APIv3: []APIv3Key{{mchid, []byte(apiv3)}}}}
	f.Fuzz(func(t *testing.T, method, address, authorization string, body []byte, key string) {
		if r := ExamineRequest(Request{method, address, authorization, body}, p.known, now); r.Verified {
			t.Error("verified")
		}
		n := Notice{http.Header{"Wechatpay-Signature": {authorization}, "Wechatpay-Timestamp": {method}}, body, []byte(address), key}
		if r := ExamineNotice(n, p.known, now); r.Verified {
			t.Error("verified")
		}
		_, _ = Parse(body) // must not panic
	})
}
