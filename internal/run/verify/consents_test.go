package verify_test

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey/passkeytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/node"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// A node that was taken over makes up a person's payment, once with a signature of its
// own and once with one that the person gave for another act: verify finds both, and
// nothing wrong before.
func TestMadeUpPaymentsAreFound(t *testing.T) {
	t.Parallel()
	cfg := node.Default()
	cfg.Data, cfg.LogName, cfg.Sandbox = filepath.Join(t.TempDir(), "data"), "town", true
	for _, l := range []*string{&cfg.MerchantAPI.Address, &cfg.Admin.Address, &cfg.WalletAPI.Address, &cfg.Inner.Address} {
		*l = "127.0.0.1:0"
	}
	cfg.MerchantAPI.InsecureLoopback, cfg.Admin.InsecureLoopback, cfg.WalletAPI.InsecureLoopback = true, true, true
	cfg.Disk.MinFree, cfg.Disk.MinFreePercent = 64<<20, 0
	cfg.WalletAPI.PasskeySite, cfg.WalletAPI.PasskeyOrigins = "localhost", config.List{"http://localhost"}
	codes := new(admintest.Buffer)
	open := func() trader {
		n, err := node.Open(t.Context(), node.Options{Config: cfg, Version: "test", Log: slog.New(slog.DiscardHandler), Codes: codes})
		if err != nil {
			t.Fatal(err)
		}
		return trader{t, n}
	}
	stopped := func(b trader) []string {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := b.n.Run(ctx); err != nil {
			t.Fatal(err)
		}
		r, err := check(t, cfg.Data)
		if err != nil {
			t.Fatal(err)
		}
		if r.Consents < 2 {
			t.Errorf("%d consents were checked", r.Consents)
		}
		var what []string
		for _, p := range r.Problems {
			what = append(what, p.What)
		}
		return what
	}

	b := open()
	b.ok(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "Tea House", Appids: []string{appid}})
	file, err := walletclient.Create(filepath.Join(t.TempDir(), "wallet.json"), b.n.Addresses().WalletAPI)
	if err != nil {
		t.Fatal(err)
	}
	phone := walletclient.Service(http.DefaultClient, file.URL(), "en", file)
	call(t, phone.SendCode, &pb.SendCodeRequest{Phone: "13800000000", ClientId: "first"})
	point, err := file.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(\d{6})\n`).FindStringSubmatch(codes.String())[1]
	call(t, phone.Enrol, &pb.EnrolRequest{Phone: "13800000000", Code: code, PublicKey: point, Label: "phone", Name: "小明"})
	b.ok(catalogue.PersonTopup, &pb.PersonTopup{Uid: 1, Amount: 10_000, Currency: money.CNY, Ref: "open", Line: "demo"})
	call(t, phone.Pay, &pb.PayRequest{Code: b.order("HONEST-1").PrepayId, ClientId: "a"})
	call(t, phone.SetFreeLimit, &pb.SetFreeLimitRequest{Limit: 100_00})
	hand := passkeytest.New(t, "http://localhost")
	made := call(t, phone.BeginPasskey, &pb.BeginPasskeyRequest{})
	call(t, phone.AddPasskey, &pb.AddPasskeyRequest{Token: made.Token, Credential: hand.Create(made.Options), Label: "finger"})
	raise := &pb.SetFreeLimitRequest{Limit: 150_00}
	asked := call(t, phone.AskPasskey, &pb.AskPasskeyRequest{Call: &pb.AskPasskeyRequest_SetFreeLimit{SetFreeLimit: raise}})
	raise.Grant = call(t, phone.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: hand.Get(asked.Options)}).Grant
	call(t, phone.SetFreeLimit, raise)
	if what := stopped(b); len(what) > 0 {
		t.Fatalf("before anything was made up: %q", what)
	}

	b = open()
	id, err := walletclient.DeviceID(file)
	if err != nil {
		t.Fatal(err)
	}
	b.ok(catalogue.WalletPay, &pb.WalletPay{PrepayId: b.order("FORGED-1").PrepayId, Uid: 1, Attempt: []byte("f"),
		Consent: &pb.Consent{Device: id, Counter: 50, Signed: make([]byte, 32), Signature: make([]byte, 64)}})
	used := b.consentOf(t)
	used.Counter = 51
	b.ok(catalogue.WalletPay, &pb.WalletPay{PrepayId: b.order("FORGED-2").PrepayId, Uid: 1, Attempt: []byte("f"), Consent: used})
	// The assertion that was kept, for an act that nobody asked the passkey for.
	moved := b.entryOf(t, catalogue.PasskeyUse).Consent
	moved.Counter, moved.Assertion.Challenge.Number, moved.Assertion.Challenge.Until = 52, 2, b.n.Replica().Now()+60_000
	b.ok(catalogue.PasskeyUse, &pb.PasskeyUse{Uid: 1, Consent: moved})
	what := strings.Join(stopped(b), "\n")
	for _, want := range []string{"did not sign", "has the consent that entry", "it is for another challenge"} {
		if !strings.Contains(what, want) {
			t.Errorf("%q is not among\n%s", want, what)
		}
	}
}

func call[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) *A {
	t.Helper()
	a, err := f(context.Background(), connect.NewRequest(q))
	if err != nil {
		t.Fatalf("%T: %v", q, err)
	}
	return a.Msg
}

func (b trader) order(no string) *pb.Order {
	b.t.Helper()
	return b.ok(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: 300,
		Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/n",
	}).(*pb.Order)
}
