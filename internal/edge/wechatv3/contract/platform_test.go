package contract

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/pay"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/products"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	appid       = "wx00000000000000c0"
	apiv3       = "ContractContractContract01234567"
	callbackURL = "https://shop.example/notify"
	base        = "https://pay.test.example"
	line        = "test"
)

// redirect leads requests to WeChat Pay's host to ours, after they were signed.
type redirect struct {
	to   *url.URL
	next http.RoundTripper
}

func (r *redirect) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.URL.Host != "api.mch.weixin.qq.com" {
		return nil, fmt.Errorf("a request to %s would leave this machine", q.URL.Host)
	}
	led := q.Clone(q.Context())
	led.URL.Scheme, led.URL.Host, led.Host = r.to.Scheme, r.to.Host, r.to.Host
	return r.next.RoundTrip(led)
}

// platform is one node for all tests; each test has a merchant of its own.
type platform struct {
	core   *edgetest.Core
	keys   *keystore.Store
	client *http.Client
}

var shared *platform

// quiet stands in for a *testing.T where a platform outlives any single test.
type quiet struct{ testing.TB }

func (quiet) Helper()                         {}
func (quiet) Fatal(args ...any)               { panic(fmt.Sprint(args...)) }
func (quiet) Fatalf(form string, args ...any) { panic(fmt.Sprintf(form, args...)) }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "contract-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	now := time.Now().UnixMilli()
	keys, err := keystore.Create(dir, keystore.Options{LogName: "contract.example", At: now})
	if err != nil {
		panic(err)
	}
	shared = &platform{core: edgetest.New(quiet{}, true), keys: keys}
	shared.core.Sleep(now - edgetest.Start)
	links := pay.Links{
		Code: func(prepayID string) string { return cashier.CodeURL(base, prepayID) },
		H5:   func(o *pb.Order) string { return cashier.H5URL(base, o) },
	}
	api, err := wechatv3.New(wechatv3.Config{
		Core: shared.core, Keys: keys, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Products: products.All(links, keys),
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewUnstartedServer(api)
	server.Config = wechatv3.NewServer(api, nil, nil)
	server.Start()
	to, err := url.Parse(server.URL)
	if err != nil {
		panic(err)
	}
	led := &redirect{to: to, next: http.DefaultTransport}
	http.DefaultTransport = led
	shared.client = &http.Client{Transport: led, Timeout: 10 * time.Second}
	status := m.Run()
	server.Close()
	os.RemoveAll(dir)
	os.Exit(status)
}

// shop is one merchant with its software.
type shop struct {
	*platform
	t      *testing.T
	mchid  string
	serial string
	key    *rsa.PrivateKey
}

var shops atomic.Int64

// newShop adds a merchant in the given key mode.
func newShop(t *testing.T, mode pb.KeyMode) *shop {
	t.Helper()
	s := &shop{platform: shared, t: t, mchid: fmt.Sprint(1900000100 + shops.Add(1))}
	var err error
	if s.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	der, err := s.keys.IssueMerchantCert(s.mchid, "contract", &s.key.PublicKey, now)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := seal.ParseCertificateDER(der)
	if err != nil {
		t.Fatal(err)
	}
	s.serial = seal.Serial(cert)
	keyID, err := s.keys.PutAPIv3Key(s.mchid, apiv3, now)
	if err != nil {
		t.Fatal(err)
	}
	s.core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: s.mchid, Name: "contract", Appids: []string{appid},
		Settings: &pb.MerchantSettings{Strict: true, KeyMode: mode}})
	s.core.Must(catalogue.MerchantCert, &pb.MerchantCert{Mchid: s.mchid, Serial: s.serial, Der: der,
		NotBefore: cert.NotBefore.UnixMilli(), NotAfter: cert.NotAfter.UnixMilli()})
	s.core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: s.mchid, KeyId: keyID})
	return s
}

// sdk makes a client of the SDK that downloads certificates and keeps them up
// to date, as its documentation advises.
func (s *shop) sdk() *core.Client {
	s.t.Helper()
	return s.sdkWith(option.WithWechatPayAutoAuthCipher(s.mchid, s.serial, s.key, apiv3))
}

func (s *shop) sdkWith(opts ...core.ClientOption) *core.Client {
	s.t.Helper()
	client, err := core.NewClient(context.Background(), append(opts, option.WithHTTPClient(s.client))...)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// payer adds a person with money.
func (s *shop) payer() *pb.Person {
	s.t.Helper()
	p := s.core.Must(catalogue.PersonAdd, &pb.PersonAdd{Ref: "payer/" + s.mchid, Name: "Payer", Appids: []string{appid}}).(*pb.Person)
	s.core.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: 100_000, Currency: money.CNY, Ref: "open/" + s.mchid, Line: line})
	return p
}

// pay pays what a prepay_id stands for.
func (s *shop) pay(prepayID string, p *pb.Person) *pb.Order {
	s.t.Helper()
	return s.core.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: prepayID, Uid: p.Uid, Attempt: []byte("attempt")}).(*pb.Order)
}

// see reads the state.
func (s *shop) see(f func(table.Reader)) {
	s.t.Helper()
	if err := s.core.Read(func(r table.Reader) error { f(r); return nil }); err != nil {
		s.t.Fatal(err)
	}
}
