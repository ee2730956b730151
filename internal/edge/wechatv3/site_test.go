package wechatv3

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The merchant of the tests, and its APIv3 key.
const (
	mch    = edgetest.Mchid
	app    = edgetest.Appid
	apiv3  = "0123456789abcdef0123456789ABCDEF"
	nonce  = "ABCDEFGHIJKLMNOP0123456789abcdef"
	notify = "https://shop.example/notify"
)

// shared holds what takes long to make and is not changed by tests.
type shared struct {
	dir            string
	keys           *keystore.Store
	keyID          string
	merchant, evil *rsa.PrivateKey
}

var share = sync.OnceValues(func() (*shared, error) {
	dir, err := os.MkdirTemp("", "wechatv3-keys-")
	if err != nil {
		return nil, err
	}
	s := &shared{dir: dir}
	if s.keys, err = keystore.Create(dir, keystore.Options{LogName: "test.example", At: edgetest.Start}); err != nil {
		return nil, err
	}
	if s.keyID, err = s.keys.PutAPIv3Key(mch, apiv3, edgetest.Start); err != nil {
		return nil, err
	}
	if s.merchant, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	s.evil, err = rsa.GenerateKey(rand.Reader, 2048)
	return s, err
})

func TestMain(m *testing.M) {
	status := m.Run()
	if s, err := share(); err == nil {
		os.RemoveAll(s.dir)
	}
	os.Exit(status)
}

// site is a platform with one merchant whose clock stands at edgetest.Start.
type site struct {
	*shared
	t      testing.TB
	core   *edgetest.Core
	api    *API
	cert   *pb.MerchantCert
	serial string
	log    *bytes.Buffer
}

func newSite(t testing.TB, change ...func(*Config)) *site {
	t.Helper()
	s, err := share()
	if err != nil {
		t.Fatal(err)
	}
	p := &site{shared: s, t: t, core: edgetest.New(t, true), log: new(bytes.Buffer)}
	cfg := Config{
		Core: p.core, Keys: s.keys, Now: func() time.Time { return time.UnixMilli(p.core.Now()) },
		CodeURL: func(prepayID string) string { return "https://pay.test.example/pay/" + prepayID },
		H5URL:   func(o *pb.Order) string { return "https://pay.test.example/h5?prepay_id=" + o.PrepayId + "&package=1" },
		Log:     logTo(p.log),
	}
	for _, f := range change {
		f(&cfg)
	}
	if p.api, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	p.core.Merchant()
	p.cert = p.issue(mch, &s.merchant.PublicKey)
	p.serial = p.cert.Serial
	p.core.Must(machine.MerchantCert, p.cert)
	p.core.Must(machine.MerchantKey, &pb.MerchantKey{Mchid: mch, KeyId: s.keyID})
	return p
}

// issue makes a certificate for a merchant without adding it.
func (p *site) issue(mchid string, key *rsa.PublicKey) *pb.MerchantCert {
	p.t.Helper()
	der, err := p.keys.IssueMerchantCert(mchid, "test", key, p.core.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	cert, err := seal.ParseCertificateDER(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return &pb.MerchantCert{Mchid: mchid, Serial: seal.Serial(cert), Der: der,
		NotBefore: cert.NotBefore.UnixMilli(), NotAfter: cert.NotAfter.UnixMilli()}
}

// settings changes the merchant's settings.
func (p *site) settings(change func(*pb.MerchantSettings)) {
	p.t.Helper()
	s := &pb.MerchantSettings{AllowHttp: true, Strict: true}
	change(s)
	p.core.Must(machine.MerchantSet, &pb.MerchantSet{Mchid: mch, Settings: s})
}

// call is one request; the zero value of a field is what a normal client sends.
type call struct {
	method, target, body string
	header               map[string]string // "" removes a header
	// What goes into Authorization; the zero values are right.
	mchid, serial, nonce string
	skew                 int64 // seconds added to the timestamp
	key                  *rsa.PrivateKey
	signed               func(message string) string // what is signed instead
	authorization        func(proper string) string  // what is sent instead
	language             string
}

func (c call) orElse(v, other string) string {
	if v != "" {
		return v
	}
	return other
}

// request builds the signed request.
func (p *site) request(c call) *http.Request {
	p.t.Helper()
	method := c.method
	if method == "" {
		method = "GET"
		if c.body != "" {
			method = "POST"
		}
	}
	r := httptest.NewRequest(method, "https://api.test.example"+c.target, strings.NewReader(c.body))
	r.RequestURI = c.target
	timestamp := strconv.FormatInt(p.core.Now()/1000+c.skew, 10)
	n := c.orElse(c.nonce, nonce)
	message := string(seal.RequestMessage(method, c.target, timestamp, n, []byte(c.body)))
	if c.signed != nil {
		message = c.signed(message)
	}
	key := c.key
	if key == nil {
		key = p.merchant
	}
	signature, err := seal.Sign(key, []byte(message))
	if err != nil {
		p.t.Fatal(err)
	}
	proper := fmt.Sprintf(`%s mchid="%s",nonce_str="%s",timestamp="%s",serial_no="%s",signature="%s"`,
		seal.Scheme, c.orElse(c.mchid, mch), n, timestamp, c.orElse(c.serial, p.serial), signature)
	if c.authorization != nil {
		proper = c.authorization(proper)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "test")
	if proper != "" {
		r.Header.Set("Authorization", proper)
	}
	if c.language != "" {
		r.Header.Set("Accept-Language", c.language)
	}
	for name, value := range c.header {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// reply is an answer as the client sees it.
type reply struct {
	status int
	header http.Header
	body   string
}

func (p *site) do(c call) reply {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.api.ServeHTTP(w, p.request(c))
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(body)}
}

// code is the API's code of a refusal, "" for a success.
func (r reply) code() string {
	_, rest, ok := strings.Cut(r.body, `{"code":"`)
	if !ok {
		return ""
	}
	code, _, _ := strings.Cut(rest, `"`)
	return code
}

// requestID is the header written exactly so, as clients that compare case read
// it; "" when it is not there once.
func (r reply) requestID() string {
	for name, values := range r.header {
		if name == headerRequestID && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

func (r reply) field(name string) string {
	_, rest, _ := strings.Cut(r.body, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// prepayBody is a prepay request; change edits the text by old, new pairs.
func prepayBody(number string, change ...string) string {
	body := `{"appid":"` + app + `","mchid":"` + mch + `","description":"乌龙茶 Oolong","out_trade_no":"` + number +
		`","notify_url":"` + notify + `","amount":{"total":100,"currency":"CNY"}}`
	if len(change)%2 != 0 {
		panic("change takes pairs")
	}
	edited := strings.NewReplacer(change...).Replace(body)
	if len(change) > 0 && edited == body {
		panic("the edit changes nothing: " + strings.Join(change, " -> "))
	}
	return edited
}

func refundBodyOf(order, number string, amount, total int) string {
	return fmt.Sprintf(`{"out_trade_no":"%s","out_refund_no":"%s","amount":{"refund":%d,"total":%d,"currency":"CNY"}}`, order, number, amount, total)
}
