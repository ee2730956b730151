// Package apitest is a platform with one merchant for tests of the merchant API
// and of its products: it signs requests as a client does, and reads answers.
package apitest

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

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/pay"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/products"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The merchant of the tests, and its APIv3 key.
const (
	Mchid    = edgetest.Mchid
	Appid    = edgetest.Appid
	APIv3Key = "0123456789abcdef0123456789ABCDEF"
	Nonce    = "ABCDEFGHIJKLMNOP0123456789abcdef"
	Notify   = "https://shop.example/notify"
)

// Shared is what takes long to make and is not changed by tests.
type Shared struct {
	// Keys is the platform's keystore.
	Keys  *keystore.Store
	keyID string
	// Merchant signs for the merchant, Evil for somebody else.
	Merchant, Evil *rsa.PrivateKey
}

// Share makes what tests share; a test under simulated time calls it before,
// since what it makes outlives the bubble. The keystore's folder is gone when it
// returns: nothing that tests do writes to it.
var Share = sync.OnceValues(func() (*Shared, error) {
	dir, err := os.MkdirTemp("", "wechatv3-keys-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &Shared{}
	if s.Keys, err = keystore.Create(dir, keystore.Options{LogName: "test.example", At: edgetest.Start}); err != nil {
		return nil, err
	}
	if s.keyID, err = s.Keys.PutAPIv3Key(Mchid, APIv3Key, edgetest.Start); err != nil {
		return nil, err
	}
	if s.Merchant, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	s.Evil, err = rsa.GenerateKey(rand.Reader, 2048)
	return s, err
})

// Site is a platform with one merchant whose clock stands at edgetest.Start.
type Site struct {
	*Shared
	T    testing.TB
	Core *edgetest.Core
	API  *wechatv3.API
	// Serial is the serial number of the merchant's certificate.
	Serial string
	// Log is what the API logged.
	Log *bytes.Buffer
}

// Links are the addresses payers are sent to.
var Links = pay.Links{
	Code: func(prepayID string) string { return "https://pay.test.example/pay/" + prepayID },
	H5:   func(o *pb.Order) string { return "https://pay.test.example/h5?prepay_id=" + o.PrepayId + "&package=1" },
}

// New makes a site that serves every product; change edits its configuration.
func New(t testing.TB, change ...func(*wechatv3.Config)) *Site {
	t.Helper()
	s, err := Share()
	if err != nil {
		t.Fatal(err)
	}
	p := &Site{Shared: s, T: t, Core: edgetest.New(t, true), Log: new(bytes.Buffer)}
	cfg := wechatv3.Config{
		Core: p.Core, Keys: s.Keys, Now: func() time.Time { return time.UnixMilli(p.Core.Now()) }, Log: LogTo(p.Log),
	}
	for _, f := range change {
		f(&cfg)
	}
	if cfg.Products == nil {
		cfg.Products = products.All(Links, cfg.Keys)
	}
	if p.API, err = wechatv3.New(cfg); err != nil {
		t.Fatal(err)
	}
	p.Core.Merchant()
	cert := p.Issue(Mchid, &s.Merchant.PublicKey)
	p.Serial = cert.Serial
	p.Core.Must(catalogue.MerchantCert, cert)
	p.Core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: Mchid, KeyId: s.keyID})
	return p
}

// Issue makes a certificate for a merchant without adding it.
func (p *Site) Issue(mchid string, key *rsa.PublicKey) *pb.MerchantCert {
	p.T.Helper()
	der, err := p.Keys.IssueMerchantCert(mchid, "test", key, p.Core.Now())
	if err != nil {
		p.T.Fatal(err)
	}
	cert, err := seal.ParseCertificateDER(der)
	if err != nil {
		p.T.Fatal(err)
	}
	return &pb.MerchantCert{Mchid: mchid, Serial: seal.Serial(cert), Der: der,
		NotBefore: cert.NotBefore.UnixMilli(), NotAfter: cert.NotAfter.UnixMilli()}
}

// Settings changes the merchant's settings.
func (p *Site) Settings(change func(*pb.MerchantSettings)) {
	p.T.Helper()
	s := &pb.MerchantSettings{AllowHttp: true, Strict: true}
	change(s)
	p.Core.Must(catalogue.MerchantSet, &pb.MerchantSet{Mchid: Mchid, Settings: s})
}

// Call is one request; the zero value of a field is what a normal client sends.
type Call struct {
	Method, Target, Body string
	Header               map[string]string // "" removes a header
	// What goes into Authorization; the zero values are right.
	Mchid, Serial, Nonce string
	Skew                 int64 // seconds added to the timestamp
	Key                  *rsa.PrivateKey
	Signed               func(message string) string // what is signed instead
	Authorization        func(proper string) string  // what is sent instead
	Language             string
}

func (c Call) orElse(v, other string) string {
	if v != "" {
		return v
	}
	return other
}

// Request builds the signed request.
func (p *Site) Request(c Call) *http.Request {
	p.T.Helper()
	method := c.Method
	if method == "" {
		method = "GET"
		if c.Body != "" {
			method = "POST"
		}
	}
	address := c.Target // a whole one is left as it is
	if strings.HasPrefix(address, "/") {
		address = "https://api.test.example" + address
	}
	r := httptest.NewRequest(method, address, strings.NewReader(c.Body))
	r.RequestURI = c.Target
	timestamp := strconv.FormatInt(p.Core.Now()/1000+c.Skew, 10)
	n := c.orElse(c.Nonce, Nonce)
	message := string(seal.RequestMessage(method, c.Target, timestamp, n, []byte(c.Body)))
	if c.Signed != nil {
		message = c.Signed(message)
	}
	key := c.Key
	if key == nil {
		key = p.Merchant
	}
	signature, err := seal.Sign(key, []byte(message))
	if err != nil {
		p.T.Fatal(err)
	}
	proper := fmt.Sprintf(`%s mchid="%s",nonce_str="%s",timestamp="%s",serial_no="%s",signature="%s"`,
		seal.Scheme, c.orElse(c.Mchid, Mchid), n, timestamp, c.orElse(c.Serial, p.Serial), signature)
	if c.Authorization != nil {
		proper = c.Authorization(proper)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "test")
	if proper != "" {
		r.Header.Set("Authorization", proper)
	}
	if c.Language != "" {
		r.Header.Set("Accept-Language", c.Language)
	}
	for name, value := range c.Header {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// Reply is an answer as the client sees it.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request to the API, without a network.
func (p *Site) Do(c Call) Reply {
	p.T.Helper()
	w := httptest.NewRecorder()
	p.API.ServeHTTP(w, p.Request(c))
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.T.Fatal(err)
	}
	return Reply{res.StatusCode, res.Header, string(body)}
}

// Code is the API's code of a refusal, "" for a success.
func (r Reply) Code() string {
	_, rest, ok := strings.Cut(r.Body, `{"code":"`)
	if !ok {
		return ""
	}
	code, _, _ := strings.Cut(rest, `"`)
	return code
}

// RequestID is the header written exactly so, as clients that compare case read
// it; "" when it is not there once.
func (r Reply) RequestID() string {
	for name, values := range r.Header {
		if name == "Request-ID" && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

// Field is the first string of that name in the body.
func (r Reply) Field(name string) string {
	_, rest, _ := strings.Cut(r.Body, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// PrepayBody is a prepay request; change edits the text by old, new pairs.
func PrepayBody(number string, change ...string) string {
	body := `{"appid":"` + Appid + `","mchid":"` + Mchid + `","description":"乌龙茶 Oolong","out_trade_no":"` + number +
		`","notify_url":"` + Notify + `","amount":{"total":100,"currency":"CNY"}}`
	if len(change)%2 != 0 {
		panic("change takes pairs")
	}
	edited := strings.NewReplacer(change...).Replace(body)
	if len(change) > 0 && edited == body {
		panic("the edit changes nothing: " + strings.Join(change, " -> "))
	}
	return edited
}

// RefundBody is a refund request.
func RefundBody(order, number string, amount, total int) string {
	return fmt.Sprintf(`{"out_trade_no":"%s","out_refund_no":"%s","amount":{"refund":%d,"total":%d,"currency":"CNY"}}`, order, number, amount, total)
}
