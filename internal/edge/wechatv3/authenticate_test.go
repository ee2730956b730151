package wechatv3

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	queryTarget   = "/v3/pay/transactions/out-trade-no/T-UNKNOWN?mchid=" + mch
	nativeTarget  = "/v3/pay/transactions/native"
	refundsTarget = "/v3/refund/domestic/refunds"
)

func replaced(old, new string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("nothing to replace in " + s)
		}
		return strings.Replace(s, old, new, 1)
	}
}

func instead(s string) func(string) string { return func(string) string { return s } }

// Every refusal of authentication, in the words of the live service.
func TestAuthGolden(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	s := newTranscript(p, "auth")
	body := prepayBody("T-AUTH-1")
	s.see("no header on a pay path", call{target: queryTarget, authorization: instead("")}, "401 SIGN_ERROR")
	s.see("no header elsewhere", call{target: "/v3/certificates", authorization: instead("")}, "401 SIGN_ERROR")
	s.see("Bearer on a pay path", call{target: queryTarget, authorization: instead("Bearer x")}, "401 SIGN_ERROR")
	s.see("Bearer elsewhere", call{target: "/v3/certificates", authorization: instead("Bearer x")}, "401 SIGN_ERROR")
	s.see("another algorithm", call{target: queryTarget, authorization: replaced("SHA256-RSA2048", "SM2-WITH-SM3")}, "401 SIGN_ERROR")
	s.see("a value is missing", call{target: "/v3/certificates", authorization: replaced(`,nonce_str="`+nonce+`"`, "")}, "401 SIGN_ERROR")
	s.see("301 s slow", call{target: queryTarget, skew: -301}, "401 SIGN_ERROR")
	s.see("301 s fast", call{target: queryTarget, skew: 301}, "401 SIGN_ERROR")
	s.see("clock before signature", call{target: queryTarget, skew: -301, key: p.evil}, "401 SIGN_ERROR")
	s.see("299 s slow", call{target: queryTarget, skew: -299}, "404 ORDER_NOT_EXIST")
	s.see("299 s fast", call{target: queryTarget, skew: 299}, "404 ORDER_NOT_EXIST")
	s.see("unknown merchant", call{target: queryTarget, mchid: "1900000999", key: p.evil}, "401 SIGN_ERROR")
	s.see("no merchant number at all", call{target: queryTarget, mchid: "shop-1", key: p.evil}, "401 SIGN_ERROR")
	s.see("unknown serial", call{target: queryTarget, serial: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"}, "401 SIGN_ERROR")
	s.see("the platform's serial", call{target: queryTarget, serial: p.keys.SigningCert(p.core.Now()).ID()}, "401 SIGN_ERROR")
	s.see("wrong key", call{target: nativeTarget, body: body, key: p.evil}, "401 SIGN_ERROR")
	s.see("body altered", call{target: nativeTarget, body: body, signed: replaced(`"total":100`, `"total":1`)}, "401 SIGN_ERROR")
	s.see("query altered", call{target: queryTarget, signed: replaced("T-UNKNOWN", "T-OTHER")}, "401 SIGN_ERROR")
	s.see("signature is no base64", call{target: queryTarget, authorization: replaced(`signature="`, `signature="-`)}, "401 SIGN_ERROR")
	s.see("in English", call{target: queryTarget, key: p.evil, language: "fr, en-GB;q=0.8"}, "401 SIGN_ERROR")
	s.see("header and body name different merchants", call{target: nativeTarget, body: prepayBody("T-AUTH-2", mch, "1900000002")}, "400 PARAM_ERROR")
	s.see("header and query name different merchants", call{target: strings.Replace(queryTarget, mch, "1900000002", 1)}, "400 PARAM_ERROR")
	s.see("no User-Agent on certificates", call{target: "/v3/certificates", authorization: instead(""), header: map[string]string{"User-Agent": ""}}, "400 INVALID_REQUEST")
	s.see("no Accept on refunds", call{target: refundsTarget + "/R1", header: map[string]string{"Accept": ""}}, "400 INVALID_REQUEST")
	s.see("neither on a pay path", call{target: queryTarget, header: map[string]string{"Accept": "", "User-Agent": ""}}, "404 ORDER_NOT_EXIST")
	s.see("unknown path", call{target: "/v3/pay/transactions/nowhere", body: "{}"}, "404")
	s.see("wrong method", call{method: "PUT", target: nativeTarget, body: body}, "405")
	s.compare()
	if strings.Contains(p.log.String(), "level=ERROR") {
		t.Errorf("refusals were logged as errors:\n%s", p.log)
	}
}

// Whatever known clients send is understood.
func TestClientQuirksVerify(t *testing.T) {
	t.Parallel()
	p := newSite(t, func(c *Config) { c.PathPrefix = "/sandbox" })
	fields := func(order ...string) func(string) string {
		return func(proper string) string {
			scheme, rest, _ := strings.Cut(proper, " ")
			pairs := strings.Split(rest, ",")
			var out []string
			for _, name := range order {
				for _, pair := range pairs {
					if strings.HasPrefix(pair, name+"=") {
						out = append(out, pair)
					}
				}
			}
			return scheme + " " + strings.Join(out, ",")
		}
	}
	dropLast := func(m string) string { return m[:len(m)-1] }
	bare := strings.TrimSuffix(queryTarget, "?mchid="+mch)
	const closeTarget = "/v3/pay/transactions/out-trade-no/T-UNKNOWN/close"
	for name, c := range map[string]call{
		"php and axios order":              {target: queryTarget, authorization: fields("mchid", "serial_no", "timestamp", "nonce_str", "signature")},
		"python order":                     {target: queryTarget, authorization: fields("mchid", "nonce_str", "signature", "timestamp", "serial_no")},
		"white space after commas":         {target: queryTarget, authorization: func(s string) string { return strings.ReplaceAll(s, `",`, `", `) }},
		"lower-case serial":                {target: queryTarget, serial: strings.ToLower(p.serial)},
		"serial with zeros in front":       {target: queryTarget, serial: "00" + p.serial},
		"short nonce":                      {target: queryTarget, nonce: "k3v9x1"},
		"nonce of one character":           {target: queryTarget, nonce: "7"},
		"node-v3 on another host":          {target: queryTarget, signed: replaced("/v3/", "https://api.test.example/v3/")},
		"node-v3 over plain http":          {target: queryTarget, signed: replaced("/v3/", "http://api.test.example/v3/")},
		"python's empty first query item":  {target: bare + "?&mchid=" + mch},
		"escaped path":                     {target: "/v3/pay/transactions/out-trade-no/T%2DUNKNOWN?mchid=" + mch},
		"star and bar raw":                 {target: "/v3/pay/transactions/out-trade-no/T*UN|KN?mchid=" + mch},
		"star and bar escaped":             {target: "/v3/pay/transactions/out-trade-no/T%2AUN%7CKN?mchid=" + mch},
		"prefix that was signed":           {target: "/sandbox" + queryTarget},
		"prefix added after signing":       {target: "/sandbox" + queryTarget, signed: replaced("/sandbox/v3", "/v3")},
		"prefix removed after signing":     {target: queryTarget, signed: replaced("/v3", "/sandbox/v3")},
		"whole address on request line":    {target: "https://api.test.example" + queryTarget, signed: replaced("https://api.test.example", "")},
		"body-less POST":                   {method: "POST", target: closeTarget},
		"node-v3's body-less POST":         {method: "POST", target: closeTarget, signed: dropLast},
		"node-v3's, whole address as well": {method: "POST", target: closeTarget, signed: func(m string) string { return dropLast(replaced("/v3/", "https://api.test.example/v3/")(m)) }},
	} {
		got := p.do(c)
		want := "404 ORDER_NOT_EXIST"
		if c.method == "POST" {
			want = "400 PARAM_ERROR" // the signature passed; mchid is missing in the body
		}
		if have := strings.TrimSpace(http.StatusText(got.status)); got.status == 401 || !strings.HasSuffix(want, got.code()) {
			t.Errorf("%s: %d %s %s", name, got.status, have, got.body)
		}
	}
}

// A variant must not let one request pass for another, and none is tried when
// the switch is off.
func TestVariantsAreNarrow(t *testing.T) {
	t.Parallel()
	p, strict := newSite(t), newSite(t, func(c *Config) { c.StrictSigning = true })
	node := call{target: queryTarget, signed: replaced("/v3/", "https://api.test.example/v3/")}
	if got := strict.do(node); got.status != 401 {
		t.Errorf("strict: %d %s", got.status, got.body)
	}
	if got := strict.do(call{target: queryTarget}); got.status != 404 {
		t.Errorf("strict refuses the plain message: %d %s", got.status, got.body)
	}
	body := `{"mchid":"` + mch + `"}`
	for name, c := range map[string]call{
		"another host":           {target: queryTarget, signed: replaced("/v3/", "https://elsewhere.example/v3/")},
		"newline left out, body": {target: "/v3/pay/transactions/out-trade-no/T-UNKNOWN/close", body: body, signed: func(m string) string { return m[:len(m)-1] }},
		"body not signed":        {target: "/v3/pay/transactions/out-trade-no/T-UNKNOWN/close", body: body, signed: replaced(body, "")},
		"prefix without one set": {target: queryTarget, signed: replaced("/v3/", "/sandbox/v3/")},
		"another method":         {target: queryTarget, signed: replaced("GET", "POST")},
		"another nonce":          {target: queryTarget, signed: replaced(nonce, strings.ToLower(nonce))},
	} {
		if got := p.do(c); got.status != 401 || got.code() != "SIGN_ERROR" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestCertificateStates(t *testing.T) {
	t.Parallel()
	const day = 24 * 3600_000
	message := func(p *site, c call) string {
		t.Helper()
		got := p.do(c)
		if got.status != 401 || !strings.Contains(got.body, "sign_information") {
			t.Errorf("%d %s", got.status, got.body)
		}
		return got.field("message")
	}
	ask := call{target: queryTarget}

	expired := newSite(t)
	expired.core.Sleep(6 * 365 * day)
	if m := message(expired, ask); m != "商户证书已过期" {
		t.Errorf("expired: %s", m)
	}
	early := newSite(t)
	early.core.Sleep(-2 * day)
	if m := message(early, ask); m != "商户证书尚未生效" {
		t.Errorf("not yet valid: %s", m)
	}
	revoked := newSite(t)
	revoked.core.Must(machine.MerchantCertRevoke, &pb.MerchantCertRevoke{Mchid: mch, Serial: revoked.serial})
	if m := message(revoked, ask); m != "商户证书已作废" {
		t.Errorf("revoked: %s", m)
	}
	next := revoked.issue(mch, &revoked.evil.PublicKey)
	revoked.core.Must(machine.MerchantCert, next)
	if m := message(revoked, ask); m != "已更换证书，请使用新证书" {
		t.Errorf("revoked and replaced: %s", m)
	}
	if got := revoked.do(call{target: queryTarget, serial: next.Serial, key: revoked.evil}); got.status != 404 {
		t.Errorf("the new certificate: %d %s", got.status, got.body)
	}
	bare := newSite(t)
	bare.core.Must(machine.MerchantAdd, &pb.MerchantAdd{Mchid: "1900000077", Name: "x"})
	if m := message(bare, call{target: queryTarget, mchid: "1900000077"}); m != "商户未申请过证书。" {
		t.Errorf("no certificate: %s", m)
	}
}

// Two certificates are valid side by side.
func TestSecondCertificate(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	second := p.issue(mch, &p.evil.PublicKey)
	p.core.Must(machine.MerchantCert, second)
	for _, c := range []call{{target: queryTarget}, {target: queryTarget, serial: second.Serial, key: p.evil}} {
		if got := p.do(c); got.status != 404 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := p.do(call{target: queryTarget, serial: second.Serial}); got.status != 401 {
		t.Errorf("one certificate's serial with the other's key: %d %s", got.status, got.body)
	}
}

func TestSignInformation(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	body := `{"说明":"` + strings.Repeat("长", 500) + `"}` + "\n"
	got := p.do(call{target: nativeTarget, body: body, key: p.evil})
	var envelope struct {
		Detail struct {
			Detail   struct{ Issue string }
			Field    string
			Location string
			Sign     struct {
				Method    string
				Length    int    `json:"sign_message_length"`
				Truncated string `json:"truncated_sign_message"`
				URL       string
			} `json:"sign_information"`
		}
	}
	if err := json.Unmarshal([]byte(got.body), &envelope); err != nil {
		t.Fatal(err)
	}
	d := envelope.Detail
	if d.Detail.Issue != "sign not match" || d.Field != "signature" || d.Location != "authorization" || d.Sign.Method != "POST" || d.Sign.URL != nativeTarget {
		t.Errorf("%+v", d)
	}
	if want := len("POST\n"+nativeTarget+"\n1772337600\n"+nonce+"\n") + len(body) + 1; d.Sign.Length != want {
		t.Errorf("sign_message_length %d, want %d", d.Sign.Length, want)
	}
	if want := "POST\n" + nativeTarget + "\n1772337600\n" + nonce + "\n" + `{"说明` + "\n"; d.Sign.Truncated != want {
		t.Errorf("truncated_sign_message %q, want %q", d.Sign.Truncated, want)
	}
	long := p.do(call{target: queryTarget + "&x=" + strings.Repeat("y", 9000), key: p.evil})
	if long.status != 401 || len(long.body) > 4000 {
		t.Errorf("a long target is shown in %d bytes", len(long.body))
	}
}
