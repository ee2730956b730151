package wallet_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/walletclient"
)

const mchid, appid = "1900000001", "wx0123456789abcdef"

// bank is a platform with people's phones around it.
type bank struct {
	// mute: no code can be sent.
	mute  bool
	t     *testing.T
	core  *edgetest.Core
	url   string
	views *lookedAt
	// config is how the server works, for a test that runs another one.
	config wallet.Config

	mu    sync.Mutex
	codes map[string]string // the last one sent to each phone number
	sent  int
}

// Send implements wallet.Sender.
func (b *bank) Send(_ context.Context, m wallet.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mute {
		return errors.New("the sender is down")
	}
	b.codes[m.Phone], b.sent = m.Code, b.sent+1
	return nil
}

type noViews struct{}

func (noViews) History(string, uint32, uint64, int) ([]*pb.HistoryLine, error) { return nil, nil }
func (noViews) Next() uint64                                                   { return 1 }
func (noViews) List(pb.Kind, string, view.Mark, int) ([]view.Mark, error)      { return nil, nil }
func (noViews) Told(string, uint64, uint64, int) ([]uint64, error)             { return nil, nil }

func open(t *testing.T) *bank {
	t.Helper()
	b := &bank{t: t, core: edgetest.New(t, true), codes: map[string]string{}, views: new(lookedAt)}
	b.config = wallet.Config{
		Core: b.core, Personal: edgetest.Sealer(t, b.core), Views: b.views, Sender: b, Log: slog.New(slog.DiscardHandler),
		Now: b.core.Now, Wall: time.Now,
		Passkeys: party(t), TillLink: func(token []byte) string { return paylink.Till("https://pay.example.com", token) },
	}
	s := httptest.NewServer(wallet.NewServer(b.config))
	t.Cleanup(s.Close)
	b.url = s.URL
	b.core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "茶铺", Appids: []string{appid}})
	return b
}

// phone is somebody's device.
type phone struct {
	pbconnect.WalletServiceClient
	device walletclient.Device
	number string
}

func (b *bank) phone(number string) *phone {
	b.t.Helper()
	d, err := walletclient.NewMemory()
	if err != nil {
		b.t.Fatal(err)
	}
	return &phone{WalletServiceClient: walletclient.Service(http.DefaultClient, b.url, "en", d), device: d, number: number}
}

// enrolled is a phone with a wallet and money in it.
func (b *bank) enrolled(number string, fen int64) *phone {
	b.t.Helper()
	p := b.phone(number)
	b.code(p)
	must(b.t, p.Enrol, p.enrolment(b))
	b.core.Sleep(60_000)
	if fen > 0 {
		uid := b.uid(p)
		b.core.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: uid, Amount: fen, Currency: money.CNY, Ref: number, Line: "demo"})
	}
	return p
}

func (b *bank) uid(p *phone) (uid uint64) {
	b.t.Helper()
	id, err := walletclient.DeviceID(p.device)
	if err != nil {
		b.t.Fatal(err)
	}
	return uidOf(b, id)
}

func (b *bank) code(p *phone) {
	b.t.Helper()
	must(b.t, p.SendCode, &pb.SendCodeRequest{Phone: p.number, ClientId: rand.Text()})
}

func (p *phone) enrolment(b *bank) *pb.EnrolRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	point, err := p.device.PublicKey()
	if err != nil {
		b.t.Fatal(err)
	}
	return &pb.EnrolRequest{Phone: p.number, Code: b.codes[p.number], PublicKey: point, Label: "test", Name: "小明"}
}

func must[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) *A {
	t.Helper()
	a, err := f(context.Background(), connect.NewRequest(q))
	if err != nil {
		t.Fatalf("%T: %v", q, err)
	}
	return a.Msg
}

// refused is how a call was refused.
func refused[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) code.Code {
	t.Helper()
	_, err := f(context.Background(), connect.NewRequest(q))
	if err == nil {
		t.Fatalf("%T was not refused", q)
	}
	c, ok := rpc.CodeOf(err)
	if !ok {
		t.Fatalf("%T: %v, which names no outcome", q, err)
	}
	return c
}

func (b *bank) order(no string, fen int64) *pb.Order {
	b.t.Helper()
	return b.core.Must(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: fen, Currency: money.CNY,
		Description: "乌龙茶", NotifyUrl: "https://shop.example/n",
	}).(*pb.Order)
}

// Somebody gets a wallet with a phone number and a code, and pays an order's code.
func TestEnrolAndPay(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming := b.enrolled("+8613800000001", 500_00)
	o := b.order("TEA-0001", 3_00)
	link := "https://pay.example.com/pay/" + o.PrepayId
	v := must(t, ming.ShowPayable, &pb.ShowPayableRequest{Code: link})
	if v.Merchant != "茶铺" || v.Total != 3_00 || v.State != "ok" || v.NeedsPin {
		t.Errorf("the code asks for %v", v)
	}
	pay := &pb.PayRequest{Code: link, ClientId: "tea"}
	first := must(t, ming.Pay, pay)
	again := must(t, ming.Pay, pay) // the answer was lost
	if first.TransactionId == "" || again.TransactionId != first.TransactionId {
		t.Errorf("paid as %v, and again as %v", first, again)
	}
	w := must(t, ming.ShowWallet, &pb.ShowWalletRequest{})
	if w.Balance != 497_00 || w.SpentDay != 3_00 || w.Name != "小明" || len(w.Devices) != 1 || !w.Devices[0].This {
		t.Errorf("the wallet is %v", w)
	}
	if got := refused(t, b.enrolled("+8613800000002", 1_00).Pay, pay); got != code.OrderPaid {
		t.Errorf("another's payment of the order: %s", got)
	}
}

// Above what the person chose, the PIN is asked for; it is good for one act.
func TestPINAboveTheLimit(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming := b.enrolled("+8613800000001", 900_00)
	pay := &pb.PayRequest{Code: b.order("BIG-0001", 300_00).PrepayId, ClientId: "big"}
	if got := refused(t, ming.Pay, pay); got != code.PinNeeded {
		t.Errorf("without a PIN: %s", got)
	}
	if got := refused(t, ming.CheckPin, &pb.CheckPinRequest{Pin: "246801"}); got != code.PinNotSet {
		t.Errorf("checking a PIN that is not set: %s", got)
	}
	blind := make([]byte, 16)
	for _, easy := range []string{"111111", "123456", "654321", "12345", "12345a"} {
		if got := refused(t, ming.SetPin, &pb.SetPinRequest{Pin: easy, Blind: blind}); got != code.PinHashInvalid {
			t.Errorf("PIN %s: %s", easy, got)
		}
	}
	if got := refused(t, ming.SetPin, &pb.SetPinRequest{Pin: "246801"}); got != code.PinHashInvalid {
		t.Errorf("a PIN that the signed text would give away: %s", got)
	}
	must(t, ming.SetPin, &pb.SetPinRequest{Pin: "246801", Blind: blind})
	if got := refused(t, ming.CheckPin, &pb.CheckPinRequest{Pin: "246802"}); got != code.PinWrong {
		t.Errorf("the wrong PIN: %s", got)
	}
	pay.Grant = must(t, ming.CheckPin, &pb.CheckPinRequest{Pin: "246801"}).Grant
	must(t, ming.Pay, pay)
	other := &pb.PayRequest{Code: b.order("BIG-0002", 300_00).PrepayId, ClientId: "big2", Grant: pay.Grant}
	if got := refused(t, ming.Pay, other); got != code.PinTryUnknown {
		t.Errorf("the grant used again: %s", got)
	}
}

// A thousand guesses at once get five tries.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming := b.enrolled("+8613800000001", 0)
	must(t, ming.SetPin, &pb.SetPinRequest{Pin: "246801", Blind: make([]byte, 16)})
	var compared, locked atomic.Int64
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			_, err := ming.CheckPin(context.Background(), connect.NewRequest(&pb.CheckPinRequest{Pin: fmt.Sprintf("9000%02d", n)}))
			switch c, _ := rpc.CodeOf(err); c {
			case code.PinWrong:
				compared.Add(1)
			case code.PinLocked:
				locked.Add(1)
			default:
				t.Errorf("a guess: %v", err)
			}
		})
	}
	wg.Wait()
	if compared.Load() != 5 || locked.Load() != 95 {
		t.Errorf("%d guesses were compared, %d refused", compared.Load(), locked.Load())
	}
	if got := refused(t, ming.CheckPin, &pb.CheckPinRequest{Pin: "246801"}); got != code.PinLocked {
		t.Errorf("the right PIN while locked: %s", got)
	}
}

// Whoever is turned away is told when to come again, in their language.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	s := wallet.NewServer(wallet.Config{Log: slog.New(slog.DiscardHandler)})
	for path, want := range map[string]gate.Class{
		pbconnect.WalletServicePayProcedure: gate.Pay, pbconnect.WalletServiceShowWalletProcedure: gate.Query,
		pbconnect.WalletServiceSendCodeProcedure: gate.Rest, "/": gate.Rest,
	} {
		if got := s.Asked(httptest.NewRequest(http.MethodPost, path, nil)); got.Class != want || !got.Payer {
			t.Errorf("%s asks for %v", path, got)
		}
	}
	r := httptest.NewRequest(http.MethodPost, pbconnect.WalletServicePayProcedure, strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.Refuse(w, r, gate.Refusal{After: 3})
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "3" || !strings.Contains(w.Body.String(), "系统繁忙") {
		t.Errorf("refused with %d, %v: %s", w.Code, w.Header(), w.Body)
	}
}

// A code is wrong, old or sent too often; who has no wallet learns nothing by it.
func TestCodes(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.phone("+8613800000009")
	b.code(p)
	e := p.enrolment(b)
	right := e.Code
	e.Code = "000000"
	if e.Code == right {
		e.Code = "000001"
	}
	if got := refused(t, p.Enrol, e); got != code.CodeWrong {
		t.Errorf("a wrong code: %s", got)
	}
	if got := refused(t, p.SendCode, &pb.SendCodeRequest{Phone: p.number, ClientId: "next"}); got != code.CodeTooSoon {
		t.Errorf("another code at once: %s", got)
	}
	e.Code, e.Name = right, ""
	if got := refused(t, p.Enrol, e); got != code.DetailsNeeded {
		t.Errorf("no name: %s", got)
	}
	for _, name := range []string{"a\u202eb", "line\nline", "a name that is much longer than forty characters are"} {
		if e.Name = name; refused(t, p.Enrol, e) != code.TextInvalid {
			t.Errorf("name %q is taken", name)
		}
	}
	b.core.Sleep(5 * 60_000)
	e.Name = "小明"
	if got := refused(t, p.Enrol, e); got != code.CodeExpired {
		t.Errorf("an old code: %s", got)
	}
	for _, number := range []string{"", "12", "+0123456789", "call me", "+86138000000001234"} {
		if got := refused(t, p.SendCode, &pb.SendCodeRequest{Phone: number, ClientId: "x"}); got != code.PhoneTagInvalid {
			t.Errorf("phone number %q: %s", number, got)
		}
	}
}

// The same request for a code, repeated, sends one code.
func TestOneCodeForOneRequest(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.phone("+8613800000009")
	for range 3 {
		must(t, p.SendCode, &pb.SendCodeRequest{Phone: p.number, ClientId: "once"})
	}
	if b.sent != 1 {
		t.Errorf("%d codes were sent", b.sent)
	}
}

// Who found a phone's session but not its key moves nothing; nor does a device that
// was ended, or one that signs with another's number.
func TestOnlyTheDeviceActs(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, thief := b.enrolled("+8613800000001", 100_00), b.phone("+8613800000001")
	if got := refused(t, thief.ShowWallet, &pb.ShowWalletRequest{}); got != code.DeviceUnknown {
		t.Errorf("a device that is not enrolled: %s", got)
	}
	bare := pbconnect.NewWalletServiceClient(http.DefaultClient, b.url, connect.WithProtoJSON())
	if _, err := bare.ShowWallet(context.Background(), connect.NewRequest(&pb.ShowWalletRequest{})); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("an unsigned call: %v", err)
	}
	b.core.Sleep(60_000)
	second := b.phone("+8613800000001")
	b.code(second)
	must(t, second.Enrol, second.enrolment(b))
	id, err := walletclient.DeviceID(second.device)
	if err != nil {
		t.Fatal(err)
	}
	must(t, second.ShowWallet, &pb.ShowWalletRequest{})
	must(t, ming.EndDevice, &pb.EndDeviceRequest{Device: id})
	if got := refused(t, second.ShowWallet, &pb.ShowWalletRequest{}); got != code.DeviceUnknown {
		t.Errorf("a device that was ended: %s", got)
	}
	b.core.Sleep(60_000)
	second.number = "+8613800000007" // the phone is given away
	b.code(second)
	if e := must(t, second.Enrol, second.enrolment(b)); !e.Fresh {
		t.Errorf("its new owner's wallet is %v", e)
	}
	if w := must(t, second.ShowWallet, &pb.ShowWalletRequest{}); len(w.Devices) != 1 {
		t.Errorf("the phone shows %v", w)
	}
	must(t, second.EndDevice, &pb.EndDeviceRequest{Device: id})
	if got := refused(t, second.Pay, &pb.PayRequest{Code: b.order("ENDED-1", 1).PrepayId, ClientId: "x"}); got != code.DeviceUnknown {
		t.Errorf("a payment by a device that was ended: %s", got)
	}
}

// A code that could not be sent can be asked for again at once, by the same request or
// another, and does not count; but a sender that is down costs no more than five an hour.
func TestACodeThatCouldNotBeSent(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming := b.phone("+8613800000001")
	ask := func(id string) *pb.SendCodeRequest { return &pb.SendCodeRequest{Phone: ming.number, ClientId: id} }
	mute := func(is bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.mute = is
	}
	mute(true)
	for _, id := range []string{"a", "a", "b", "c"} {
		if got := refused(t, ming.SendCode, ask(id)); got != code.CodeNotSent {
			t.Errorf("a code that could not be sent came out as %s", got)
		}
	}
	mute(false)
	must(t, ming.SendCode, ask("c"))
	if got := refused(t, ming.SendCode, ask("d")); got != code.CodeTooSoon {
		t.Errorf("after one that was sent: %s", got)
	}
	for range 4 { // the four that failed have not used up the hour
		b.core.Sleep(30_000)
		must(t, ming.SendCode, ask(rand.Text()))
	}
	must(t, ming.Enrol, ming.enrolment(b))
	hua := b.phone("+8613800000002")
	mute(true)
	for i := range 6 {
		if got := refused(t, hua.SendCode, &pb.SendCodeRequest{Phone: hua.number, ClientId: rand.Text()}); got != code.CodeNotSent {
			t.Errorf("try %d came out as %s", i, got)
		}
	}
	if got := refused(t, hua.SendCode, &pb.SendCodeRequest{Phone: hua.number, ClientId: rand.Text()}); got != code.CodeTooSoon {
		t.Errorf("with a sender that is down for good: %s", got)
	}
}
