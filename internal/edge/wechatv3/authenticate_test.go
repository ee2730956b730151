package wechatv3_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	queryTarget = "/v3/pay/transactions/out-trade-no/T-UNKNOWN?mchid=" + apitest.Mchid
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
	p := apitest.New(t)
	s := apitest.NewTranscript(p, "auth")
	body := apitest.PrepayBody("T-AUTH-1")
	s.See("no header on a pay path", apitest.Call{Target: queryTarget, Authorization: instead("")}, "401 SIGN_ERROR")
	s.See("no header elsewhere", apitest.Call{Target: "/v3/certificates", Authorization: instead("")}, "401 SIGN_ERROR")
	s.See("Bearer on a pay path", apitest.Call{Target: queryTarget, Authorization: instead("Bearer x")}, "401 SIGN_ERROR")
	s.See("Bearer elsewhere", apitest.Call{Target: "/v3/certificates", Authorization: instead("Bearer x")}, "401 SIGN_ERROR")
	s.See("another algorithm", apitest.Call{Target: queryTarget, Authorization: replaced("SHA256-RSA2048", "SM2-WITH-SM3")}, "401 SIGN_ERROR")
	s.See("a value is missing", apitest.Call{Target: "/v3/certificates", Authorization: replaced(`,nonce_str="`+apitest.Nonce+`"`, "")}, "401 SIGN_ERROR")
	s.See("301 s slow", apitest.Call{Target: queryTarget, Skew: -301}, "401 SIGN_ERROR")
	s.See("301 s fast", apitest.Call{Target: queryTarget, Skew: 301}, "401 SIGN_ERROR")
	s.See("clock before signature", apitest.Call{Target: queryTarget, Skew: -301, Key: p.Evil}, "401 SIGN_ERROR")
	s.See("299 s slow", apitest.Call{Target: queryTarget, Skew: -299}, "404 ORDER_NOT_EXIST")
	s.See("299 s fast", apitest.Call{Target: queryTarget, Skew: 299}, "404 ORDER_NOT_EXIST")
	s.See("unknown merchant", apitest.Call{Target: queryTarget, Mchid: "1900000999", Key: p.Evil}, "401 SIGN_ERROR")
	s.See("no merchant number at all", apitest.Call{Target: queryTarget, Mchid: "shop-1", Key: p.Evil}, "401 SIGN_ERROR")
	s.See("unknown serial", apitest.Call{Target: queryTarget, Serial: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"}, "401 SIGN_ERROR")
	s.See("the platform's serial", apitest.Call{Target: queryTarget, Serial: p.Keys.SigningCert(p.Core.Now()).ID()}, "401 SIGN_ERROR")
	s.See("wrong key", apitest.Call{Target: apitest.Native, Body: body, Key: p.Evil}, "401 SIGN_ERROR")
	s.See("body altered", apitest.Call{Target: apitest.Native, Body: body, Signed: replaced(`"total":100`, `"total":1`)}, "401 SIGN_ERROR")
	s.See("query altered", apitest.Call{Target: queryTarget, Signed: replaced("T-UNKNOWN", "T-OTHER")}, "401 SIGN_ERROR")
	s.See("signature is no base64", apitest.Call{Target: queryTarget, Authorization: replaced(`signature="`, `signature="-`)}, "401 SIGN_ERROR")
	s.See("in English", apitest.Call{Target: queryTarget, Key: p.Evil, Language: "fr, en-GB;q=0.8"}, "401 SIGN_ERROR")
	s.See("header and body name different merchants", apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-AUTH-2", apitest.Mchid, "1900000002")}, "400 PARAM_ERROR")
	s.See("header and query name different merchants", apitest.Call{Target: strings.Replace(queryTarget, apitest.Mchid, "1900000002", 1)}, "400 PARAM_ERROR")
	s.See("no User-Agent on certificates", apitest.Call{Target: "/v3/certificates", Authorization: instead(""), Header: map[string]string{"User-Agent": ""}}, "400 INVALID_REQUEST")
	s.See("no Accept on refunds", apitest.Call{Target: apitest.Refunds + "/R1", Header: map[string]string{"Accept": ""}}, "400 INVALID_REQUEST")
	s.See("neither on a pay path", apitest.Call{Target: queryTarget, Header: map[string]string{"Accept": "", "User-Agent": ""}}, "404 ORDER_NOT_EXIST")
	s.See("unknown path", apitest.Call{Target: "/v3/pay/transactions/nowhere", Body: "{}"}, "404 RESOURCE_NOT_EXISTS")
	s.See("a slash too many", apitest.Call{Method: "POST", Target: "//v3/pay/transactions/native", Body: "{}"}, "404 RESOURCE_NOT_EXISTS")
	s.See("version 2", apitest.Call{Method: "POST", Target: "/pay/unifiedorder", Body: "<xml/>"}, "404")
	s.See("wrong method", apitest.Call{Method: "PUT", Target: apitest.Native, Body: body}, "405 INVALID_REQUEST")
	s.Compare()
	if strings.Contains(p.Log.String(), "level=ERROR") {
		t.Errorf("refusals were logged as errors:\n%s", p.Log)
	}
}

// Whatever known clients send is understood.
func TestClientQuirksVerify(t *testing.T) {
	t.Parallel()
	p := apitest.New(t, func(c *wechatv3.Config) { c.PathPrefix = "/sandbox" })
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
	bare := strings.TrimSuffix(queryTarget, "?mchid="+apitest.Mchid)
	const closeTarget = "/v3/pay/transactions/out-trade-no/T-UNKNOWN/close"
	for name, c := range map[string]apitest.Call{
		"php and axios order":              {Target: queryTarget, Authorization: fields("mchid", "serial_no", "timestamp", "nonce_str", "signature")},
		"python order":                     {Target: queryTarget, Authorization: fields("mchid", "nonce_str", "signature", "timestamp", "serial_no")},
		"white space after commas":         {Target: queryTarget, Authorization: func(s string) string { return strings.ReplaceAll(s, `",`, `", `) }},
		"lower-case serial":                {Target: queryTarget, Serial: strings.ToLower(p.Serial)},
		"serial with zeros in front":       {Target: queryTarget, Serial: "00" + p.Serial},
		"short nonce":                      {Target: queryTarget, Nonce: "k3v9x1"},
		"nonce of one character":           {Target: queryTarget, Nonce: "7"},
		"node-v3 on another host":          {Target: queryTarget, Signed: replaced("/v3/", "https://api.test.example/v3/")},
		"node-v3 over plain http":          {Target: queryTarget, Signed: replaced("/v3/", "http://api.test.example/v3/")},
		"python's empty first query item":  {Target: bare + "?&mchid=" + apitest.Mchid},
		"escaped path":                     {Target: "/v3/pay/transactions/out-trade-no/T%2DUNKNOWN?mchid=" + apitest.Mchid},
		"star and bar raw":                 {Target: "/v3/pay/transactions/out-trade-no/T*UN|KN?mchid=" + apitest.Mchid},
		"star and bar escaped":             {Target: "/v3/pay/transactions/out-trade-no/T%2AUN%7CKN?mchid=" + apitest.Mchid},
		"prefix that was signed":           {Target: "/sandbox" + queryTarget},
		"prefix added after signing":       {Target: "/sandbox" + queryTarget, Signed: replaced("/sandbox/v3", "/v3")},
		"prefix removed after signing":     {Target: queryTarget, Signed: replaced("/v3", "/sandbox/v3")},
		"whole address on request line":    {Target: "https://api.test.example" + queryTarget, Signed: replaced("https://api.test.example", "")},
		"body-less POST":                   {Method: "POST", Target: closeTarget},
		"node-v3's body-less POST":         {Method: "POST", Target: closeTarget, Signed: dropLast},
		"node-v3's, whole address as well": {Method: "POST", Target: closeTarget, Signed: func(m string) string { return dropLast(replaced("/v3/", "https://api.test.example/v3/")(m)) }},
	} {
		got := p.Do(c)
		want := "404 ORDER_NOT_EXIST"
		if c.Method == "POST" {
			want = "400 PARAM_ERROR" // the signature passed; mchid is missing in the body
		}
		if have := strings.TrimSpace(http.StatusText(got.Status)); got.Status == 401 || got.Code() == "" || !strings.HasSuffix(want, got.Code()) {
			t.Errorf("%s: %d %s %s", name, got.Status, have, got.Body)
		}
	}
}

// A variant must not let one request pass for another, and none is tried when
// the switch is off.
func TestVariantsAreNarrow(t *testing.T) {
	t.Parallel()
	p, strict := apitest.New(t), apitest.New(t, func(c *wechatv3.Config) { c.StrictSigning = true })
	node := apitest.Call{Target: queryTarget, Signed: replaced("/v3/", "https://api.test.example/v3/")}
	if got := strict.Do(node); got.Status != 401 {
		t.Errorf("strict: %d %s", got.Status, got.Body)
	}
	if got := strict.Do(apitest.Call{Target: queryTarget}); got.Status != 404 {
		t.Errorf("strict refuses the plain message: %d %s", got.Status, got.Body)
	}
	body := `{"mchid":"` + apitest.Mchid + `"}`
	for name, c := range map[string]apitest.Call{
		"another host":           {Target: queryTarget, Signed: replaced("/v3/", "https://elsewhere.example/v3/")},
		"newline left out, body": {Target: "/v3/pay/transactions/out-trade-no/T-UNKNOWN/close", Body: body, Signed: func(m string) string { return m[:len(m)-1] }},
		"body not signed":        {Target: "/v3/pay/transactions/out-trade-no/T-UNKNOWN/close", Body: body, Signed: replaced(body, "")},
		"prefix without one set": {Target: queryTarget, Signed: replaced("/v3/", "/sandbox/v3/")},
		"another method":         {Target: queryTarget, Signed: replaced("GET", "POST")},
		"a query left out":       {Target: queryTarget, Signed: replaced("?mchid="+apitest.Mchid, "")},
		"a query left out, mark": {Target: queryTarget, Signed: replaced("?mchid="+apitest.Mchid, "?")},
		"another nonce":          {Target: queryTarget, Signed: replaced(apitest.Nonce, strings.ToLower(apitest.Nonce))},
	} {
		if got := p.Do(c); got.Status != 401 || got.Code() != "SIGN_ERROR" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

// A bare question mark at the end of the target says nothing, so it is signed and
// sent, or one of the two.
func TestBareQuestionMark(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	const certificates = "/v3/certificates"
	for name, c := range map[string]apitest.Call{
		"sent and signed": {Target: certificates + "?"},
		"sent":            {Target: certificates + "?", Signed: replaced(certificates+"?", certificates)},
		"signed":          {Target: certificates, Signed: replaced(certificates, certificates+"?")},
	} {
		if got := p.Do(c); got.Status != 200 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestCertificateStates(t *testing.T) {
	t.Parallel()
	const day = 24 * 3600_000
	message := func(p *apitest.Site, c apitest.Call) string {
		t.Helper()
		got := p.Do(c)
		if got.Status != 401 || !strings.Contains(got.Body, "sign_information") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		return got.Field("message")
	}
	ask := apitest.Call{Target: queryTarget}

	expired := apitest.New(t)
	expired.Core.Sleep(6 * 365 * day)
	if m := message(expired, ask); m != "商户证书已过期" {
		t.Errorf("expired: %s", m)
	}
	early := apitest.New(t)
	early.Core.Sleep(-2 * day)
	if m := message(early, ask); m != "商户证书尚未生效" {
		t.Errorf("not yet valid: %s", m)
	}
	revoked := apitest.New(t)
	revoked.Core.Must(catalogue.MerchantCertRevoke, &pb.MerchantCertRevoke{Mchid: apitest.Mchid, Serial: revoked.Serial})
	if m := message(revoked, ask); m != "商户证书已作废" {
		t.Errorf("revoked: %s", m)
	}
	next := revoked.Issue(apitest.Mchid, &revoked.Evil.PublicKey)
	revoked.Core.Must(catalogue.MerchantCert, next)
	if m := message(revoked, ask); m != "已更换证书，请使用新证书" {
		t.Errorf("revoked and replaced: %s", m)
	}
	if got := revoked.Do(apitest.Call{Target: queryTarget, Serial: next.Serial, Key: revoked.Evil}); got.Status != 404 {
		t.Errorf("the new certificate: %d %s", got.Status, got.Body)
	}
	bare := apitest.New(t)
	bare.Core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: "1900000077", Name: "x"})
	if m := message(bare, apitest.Call{Target: queryTarget, Mchid: "1900000077"}); m != "商户未申请过证书。" {
		t.Errorf("no certificate: %s", m)
	}
}

// Two certificates are valid side by side.
func TestSecondCertificate(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	second := p.Issue(apitest.Mchid, &p.Evil.PublicKey)
	p.Core.Must(catalogue.MerchantCert, second)
	for _, c := range []apitest.Call{{Target: queryTarget}, {Target: queryTarget, Serial: second.Serial, Key: p.Evil}} {
		if got := p.Do(c); got.Status != 404 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	if got := p.Do(apitest.Call{Target: queryTarget, Serial: second.Serial}); got.Status != 401 {
		t.Errorf("one certificate's serial with the other's Key: %d %s", got.Status, got.Body)
	}
}

func TestSignInformation(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	body := `{"说明":"` + strings.Repeat("长", 500) + `"}` + "\n"
	got := p.Do(apitest.Call{Target: apitest.Native, Body: body, Key: p.Evil})
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
	if err := json.Unmarshal([]byte(got.Body), &envelope); err != nil {
		t.Fatal(err)
	}
	d := envelope.Detail
	if d.Detail.Issue != "sign not match" || d.Field != "signature" || d.Location != "authorization" || d.Sign.Method != "POST" || d.Sign.URL != apitest.Native {
		t.Errorf("%+v", d)
	}
	if want := len("POST\n"+apitest.Native+"\n1772337600\n"+apitest.Nonce+"\n") + len(body) + 1; d.Sign.Length != want {
		t.Errorf("sign_message_length %d, want %d", d.Sign.Length, want)
	}
	if want := "POST\n" + apitest.Native + "\n1772337600\n" + apitest.Nonce + "\n" + `{"说明` + "\n"; d.Sign.Truncated != want {
		t.Errorf("truncated_sign_message %q, want %q", d.Sign.Truncated, want)
	}
	long := p.Do(apitest.Call{Target: queryTarget + "&x=" + strings.Repeat("y", 9000), Key: p.Evil})
	if long.Status != 401 || len(long.Body) > 4000 {
		t.Errorf("a long target is shown in %d bytes", len(long.Body))
	}
}
