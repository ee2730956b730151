package wallet_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// till reads codes.
type till struct {
	*judge.Judge
	b *bank
}

func (b *bank) till() *till {
	b.t.Helper()
	b.core.Must(catalogue.TillAdd, &pb.TillAdd{Mchid: mchid, Name: "counter", Token: make([]byte, 16)})
	return &till{b: b, Judge: &judge.Judge{Core: b.core, Tags: b.config.Personal, Wall: time.Now, Node: 1}}
}

func charge(no string, fen int64, shown string) judge.Charge {
	return judge.Charge{Till: 1, Code: shown, Actor: "till/1", Order: &pb.OrderCreate{
		Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_MICROPAY, Total: fen, Currency: money.CNY, Description: "奶茶",
	}}
}

func (l *till) charge(no string, fen int64, shown string) (*pb.Order, code.Code) {
	l.b.t.Helper()
	o, out, err := l.Pay(l.b.t.Context(), charge(no, fen, shown))
	if err != nil {
		l.b.t.Fatal(err)
	}
	return o, out
}

// codes are what the phone makes codes with.
func (p *phone) codes(b *bank) *walletclient.PayCodes {
	b.t.Helper()
	k, err := walletclient.New(p.device, walletclient.Options{URLs: []string{b.url}}).RenewPayCodes(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return k
}

func next(t *testing.T, k *walletclient.PayCodes, at time.Time) string {
	t.Helper()
	shown, err := k.Next(at)
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

// A code pays once. Repeating the till's call is the same payment, even after the code
// has run out; two purchases in one minute differ by the tap.
func TestAShownCodePays(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, l := b.enrolled("+8613800000001", 100_00), b.till()
	k, now := ming.codes(b), time.Now()
	first, second := next(t, k, now), next(t, k, now)
	o, out := l.charge("SHOWN-1", 3_00, first)
	if out != code.OK || o.State != pb.TradeState_TRADE_STATE_SUCCESS {
		t.Fatalf("charged: %s, %v", out, o)
	}
	if o, out := l.charge("SHOWN-2", 4_00, second[:6]+" "+second[6:]); out != code.OK || o.State != pb.TradeState_TRADE_STATE_SUCCESS {
		t.Errorf("the second of a minute: %s", out)
	}
	if _, out := l.charge("SHOWN-3", 3_00, first); out != code.PayCodeUsed {
		t.Errorf("used again: %s", out)
	}
	if _, out := l.charge("SHOWN-1", 3_01, first); out != code.OrderNoUsed {
		t.Errorf("repeated with another amount: %s", out)
	}
	l.Wall = func() time.Time { return now.Add(5 * time.Minute) }
	if again, out := l.charge("SHOWN-1", 3_00, first); out != code.OK || again.Id != o.Id {
		t.Errorf("repeated after it had run out: %s, %v", out, again)
	}
	if _, out := l.charge("SHOWN-4", 3_00, next(t, k, now)); out != code.PayCodeExpired {
		t.Errorf("shown five minutes ago: %s", out)
	}
	if got := must(t, ming.ShowWallet, &pb.ShowWalletRequest{}).Balance; got != 93_00 {
		t.Errorf("the payer has %d", got)
	}
	// Business time may be moved; codes go by the wall clock.
	b.core.Sleep(20 * 24 * 3600_000)
	l.Wall = time.Now
	if _, out := l.charge("SHOWN-5", 3_00, next(t, k, now)); out != code.OK {
		t.Errorf("after business time was moved: %s", out)
	}
}

// Nobody learns whether an alias is somebody's, and after ten codes that are not good a
// till reads none for a while, good ones too.
func TestGuessedCodes(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, l := b.enrolled("+8613800000001", 100_00), b.till()
	k := ming.codes(b)
	good := next(t, k, time.Now())
	digit := "0"
	if strings.HasSuffix(good, "0") {
		digit = "1"
	}
	for _, shown := range []string{"", "17" + good[2:], good + "1", "二" + good[1:], "holdfast:receive/00"} {
		if _, out := l.charge("GUESS-0", 1, shown); out != code.PayCodeInvalid {
			t.Errorf("%q: %s", shown, out)
		}
	}
	var guesses sync.WaitGroup
	for n := range 20 {
		shown := good[:17] + digit
		if n%2 == 0 {
			shown = fmt.Sprintf("10%09d%s", (int(k.Alias)+n+1)%1e9, good[11:])
		}
		guesses.Go(func() {
			_, out, err := l.Pay(t.Context(), charge(fmt.Sprint("GUESS-", n), 1, shown))
			if err != nil || out != code.PayCodeWrong && out != code.PayCodesTooMany {
				t.Errorf("guess %d: %s, %v", n, out, err)
			}
		})
	}
	guesses.Wait()
	if _, out := l.charge("GUESS-21", 1, good); out != code.PayCodesTooMany {
		t.Errorf("a good code after twenty that were not: %s", out)
	}
	b.core.Sleep(10 * 60_000)
	if _, out := l.charge("GUESS-21", 1, good); out != code.OK {
		t.Errorf("ten minutes later: %s", out)
	}
}

// Above what goes without a PIN the person is asked, and pays or declines.
func TestThePersonIsAsked(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua, l := b.enrolled("+8613800000001", 900_00), b.enrolled("+8613800000002", 0), b.till()
	must(t, ming.SetPin, &pb.SetPinRequest{Pin: "246813", Blind: make([]byte, 16)})
	k, now := ming.codes(b), time.Now()
	o, out := l.charge("ASKED-1", 300_00, next(t, k, now))
	if out != code.OK || o.State != pb.TradeState_TRADE_STATE_USERPAYING {
		t.Fatalf("charged: %s, %v", out, o)
	}
	list := must(t, ming.ListAsked, &pb.ListAskedRequest{}).Asked
	if len(list) != 1 || list[0].Order != o.Id || list[0].State != "waiting" || list[0].Merchant != "茶铺" || list[0].Until == 0 {
		t.Fatalf("asked %v", list)
	}
	if got := refused(t, ming.AnswerAsked, &pb.AnswerAskedRequest{Order: o.Id, Pay: true}); got != code.PinNeeded {
		t.Errorf("paid without the PIN: %s", got)
	}
	if got := refused(t, hua.AnswerAsked, &pb.AnswerAskedRequest{Order: o.Id, Pay: true}); got != code.AskNotFound {
		t.Errorf("another's: %s", got)
	}
	grant := must(t, ming.CheckPin, &pb.CheckPinRequest{Pin: "246813"}).Grant
	q := &pb.AnswerAskedRequest{Order: o.Id, Pay: true, Grant: grant}
	if a := must(t, ming.AnswerAsked, q); a.State != "paid" || a.Entry == 0 {
		t.Errorf("answered %v", a)
	}
	if a := must(t, ming.AnswerAsked, q); a.State != "paid" {
		t.Errorf("answered again %v", a)
	}
	o, _ = l.charge("ASKED-2", 300_00, next(t, k, now))
	if a := must(t, ming.AnswerAsked, &pb.AnswerAskedRequest{Order: o.Id}); a.State != "closed" {
		t.Errorf("declined %v", a)
	}
	o, _ = l.charge("ASKED-3", 300_00, next(t, k, now))
	b.core.Sleep(2 * 60_000)
	b.core.Must(catalogue.Tick, &pb.Tick{})
	if a := must(t, ming.ShowAsked, &pb.ShowAskedRequest{Order: o.Id}); a.State != "closed" {
		t.Errorf("two minutes later it is %v", a)
	}
	if list := must(t, ming.ListAsked, &pb.ListAskedRequest{}).Asked; len(list) != 0 {
		t.Errorf("still asked %v", list)
	}
	// Blocked, ended, renewed: each its own refusal.
	b.core.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: b.uid(ming), Blocked: true, Reason: "lost"})
	if _, out := l.charge("ASKED-4", 1_00, next(t, k, now)); out != code.PersonBlocked {
		t.Errorf("of somebody who is blocked: %s", out)
	}
	b.core.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: b.uid(ming)})
	id, err := walletclient.DeviceID(ming.device)
	if err != nil {
		t.Fatal(err)
	}
	must(t, ming.EndDevice, &pb.EndDeviceRequest{Device: id})
	if _, out := l.charge("ASKED-5", 1_00, next(t, k, now)); out != code.DeviceUnknown {
		t.Errorf("of a device that was ended: %s", out)
	}
}

// Cash for a shown code asks like a payment, and is answered like one.
func TestThePersonIsAskedForCash(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua, l := b.enrolled("+8613800000001", 900_00), b.enrolled("+8613800000002", 0), b.till()
	must(t, ming.SetPin, &pb.SetPinRequest{Pin: "246813", Blind: make([]byte, 16)})
	li := b.core.Must(catalogue.StaffAdd, &pb.StaffAdd{Mchid: mchid, Ref: "li", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}).(*pb.StaffMember)
	b.core.Must(catalogue.ShiftOpen, &pb.ShiftOpen{Till: 1, Number: 1, Staff: li.Id, Float: 700_00})
	k, now := ming.codes(b), time.Now()
	hand := func(id, shown string) code.Code {
		t.Helper()
		m, out, err := l.Cash(t.Context(), charge("", 0, shown), &pb.CodeCash{Till: 1, ClientId: id, Kind: pb.CashKind_CASH_KIND_OUT, Amount: 300_00, Staff: li.Id})
		if err != nil || out == code.OK && m.State != pb.CashState_CASH_STATE_WAITING {
			t.Fatal(m, err)
		}
		return out
	}
	first := next(t, k, now)
	if out := hand("k1", first); out != code.OK {
		t.Fatal(out)
	}
	list := must(t, ming.ListAsked, &pb.ListAskedRequest{}).Asked
	if len(list) != 1 || list[0].Order != 0 || list[0].Cash.GetClientId() != "k1" || list[0].State != "waiting" || list[0].Merchant != "茶铺" || list[0].Total != 300_00 {
		t.Fatalf("asked %v", list)
	}
	q := &pb.AnswerAskedRequest{Cash: list[0].Cash, Pay: true}
	if got := refused(t, ming.AnswerAsked, q); got != code.PinNeeded {
		t.Errorf("paid without the PIN: %s", got)
	}
	if got := refused(t, hua.AnswerAsked, q); got != code.AskNotFound {
		t.Errorf("another's: %s", got)
	}
	if got := refused(t, hua.ShowAsked, &pb.ShowAskedRequest{Cash: list[0].Cash}); got != code.AskNotFound {
		t.Errorf("another's is shown: %s", got)
	}
	q.Grant = must(t, ming.CheckPin, &pb.CheckPinRequest{Pin: "246813"}).Grant
	if a, again := must(t, ming.AnswerAsked, q), must(t, ming.AnswerAsked, q); a.State != "paid" || a.Entry == 0 || again.Entry != a.Entry {
		t.Errorf("answered %v, and again %v", a, again)
	}
	if out := hand("k2", first); out != code.PayCodeUsed {
		t.Errorf("used again: %s", out)
	}
	if out := hand("k2", next(t, k, now)); out != code.OK {
		t.Fatal(out)
	}
	if a := must(t, ming.AnswerAsked, &pb.AnswerAskedRequest{Cash: &pb.AskedCash{Till: 1, ClientId: "k2"}}); a.State != "closed" {
		t.Errorf("declined %v", a)
	}
	hand("k3", next(t, k, now))
	b.core.Sleep(2 * 60_000)
	if a := must(t, ming.ShowAsked, &pb.ShowAskedRequest{Cash: &pb.AskedCash{Till: 1, ClientId: "k3"}}); a.State != "closed" || a.Until != 0 {
		t.Errorf("two minutes later it is %v", a)
	}
	if list := must(t, ming.ListAsked, &pb.ListAskedRequest{}).Asked; len(list) != 0 {
		t.Errorf("still asked %v", list)
	}
	if got := must(t, ming.ShowWallet, &pb.ShowWalletRequest{}).Balance; got != 600_00 {
		t.Errorf("the wallet has %d", got)
	}
}

// One code is read a thousand times, for a thousand orders: one of them is paid.
func TestAThousandReadingsOfOneCode(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, l := b.enrolled("+8613800000001", 100_00), b.till()
	shown := next(t, ming.codes(b), time.Now())
	outcomes := make(chan code.Code, 1000)
	var tills sync.WaitGroup
	for n := range cap(outcomes) {
		tills.Go(func() {
			c := charge(fmt.Sprintf("RACE-%04d", n), 1_00, shown)
			_, out, err := l.Pay(t.Context(), c)
			if err != nil {
				t.Error(err)
			}
			outcomes <- out
		})
	}
	tills.Wait()
	close(outcomes)
	count := map[code.Code]int{}
	for out := range outcomes {
		count[out]++
	}
	if count[code.OK] != 1 || count[code.PayCodeUsed] != 999 {
		t.Errorf("outcomes %v", count)
	}
	if got := must(t, ming.ShowWallet, &pb.ShowWalletRequest{}).Balance; got != 99_00 {
		t.Errorf("the payer has %d", got)
	}
}

// A person's code pays them, what it asks for and nothing else, until they replace it.
func TestReceiveCodes(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua := b.enrolled("+8613800000001", 100_00), b.enrolled("+8613800000002", 0)
	free := must(t, hua.MakeReceiveCode, &pb.MakeReceiveCodeRequest{}).Code
	fixed := must(t, hua.MakeReceiveCode, &pb.MakeReceiveCodeRequest{Amount: 12_50}).Code
	if !strings.HasPrefix(fixed, free+"/") || strings.Contains(free, "13800000002") {
		t.Errorf("made %s and %s", free, fixed)
	}
	found := must(t, ming.FindPayee, &pb.FindPayeeRequest{Code: free})
	if found.Name != "**明" || found.Payee == "" || found.Amount != 0 {
		t.Fatalf("found %v", found)
	}
	must(t, ming.Transfer, &pb.TransferRequest{Payee: found.Payee, Amount: 1_00, ClientId: "a"})
	found = must(t, ming.FindPayee, &pb.FindPayeeRequest{Code: fixed})
	if found.Amount != 12_50 {
		t.Errorf("found %v", found)
	}
	if got := refused(t, ming.Transfer, &pb.TransferRequest{Payee: found.Payee, Amount: 12_49, ClientId: "b"}); got != code.AmountFixed {
		t.Errorf("another amount: %s", got)
	}
	must(t, ming.Transfer, &pb.TransferRequest{Payee: found.Payee, Amount: 12_50, ClientId: "b"})
	for _, altered := range []string{strings.Replace(fixed, "/1250/", "/1/", 1), strings.Replace(fixed, "/1250/", "/-1250/", 1), fixed[:len(fixed)-1], free[:len(free)-1], free + "/12", "https://pay.example/x"} {
		if got := refused(t, ming.FindPayee, &pb.FindPayeeRequest{Code: altered}); got != code.PayCodeInvalid {
			t.Errorf("%s: %s", altered, got)
		}
	}
	mine := must(t, hua.FindPayee, &pb.FindPayeeRequest{Code: free}).Payee
	if got := refused(t, hua.Transfer, &pb.TransferRequest{Payee: mine, Amount: 1, ClientId: "c"}); got != code.TransferToSelf {
		t.Errorf("to oneself: %s", got)
	}
	again := must(t, hua.MakeReceiveCode, &pb.MakeReceiveCodeRequest{Fresh: true}).Code
	for _, old := range []string{free, fixed} {
		if v := must(t, ming.FindPayee, &pb.FindPayeeRequest{Code: old}); v.Payee != "" || v.Name != "" || v.Amount != 0 {
			t.Errorf("a code that was replaced finds %v", v)
		}
	}
	b.core.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: b.uid(hua), Blocked: true, Reason: "lost"})
	if v := must(t, ming.FindPayee, &pb.FindPayeeRequest{Code: again}); v.Payee != "" || v.Name != "" {
		t.Errorf("somebody who is blocked is found: %v", v)
	}
}
