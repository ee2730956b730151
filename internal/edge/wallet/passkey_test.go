package wallet_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey/passkeytest"
	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

const site, page = "pay.example.com", "https://pay.example.com"

func party(t *testing.T) *passkey.Party {
	t.Helper()
	p, err := passkey.New(passkey.Site{ID: site, Origins: []string{page}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// add makes and adds a passkey.
func (p *phone) add(t *testing.T, a *passkeytest.Authenticator, grant uint64) *pb.WalletView {
	t.Helper()
	asked := must(t, p.BeginPasskey, &pb.BeginPasskeyRequest{})
	return must(t, p.AddPasskey, &pb.AddPasskeyRequest{Token: asked.Token, Credential: a.Create(asked.Options), Label: "指纹", Grant: grant})
}

// A passkey is added, pays what it was asked for and nothing else, is shown, and goes.
func TestAPasskeyPaysForWhatItWasAskedFor(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.enrolled("+8613800000001", 5_000_00)
	a := passkeytest.New(t, page)
	if v := p.add(t, a, 0); len(v.Passkeys) != 1 || v.Passkeys[0].Label != "指纹" || v.Passkeys[0].UsedAt != 0 {
		t.Fatalf("the wallet shows %v", v.Passkeys)
	}
	if got := refused(t, p.SetPin, &pb.SetPinRequest{Pin: "246813", Blind: make([]byte, 16)}); got != code.PinNeeded {
		t.Errorf("a PIN beside the passkey takes %v", got)
	}

	tea := &pb.PayRequest{Code: b.order("TEA-0001", 300_00).PrepayId, ClientId: "tea"}
	cake := &pb.PayRequest{Code: b.order("CAKE-001", 300_00).PrepayId, ClientId: "tea"}
	if got := refused(t, p.Pay, tea); got != code.PinNeeded {
		t.Fatalf("without the passkey: %v", got)
	}
	asked := must(t, p.AskPasskey, &pb.AskPasskeyRequest{Call: &pb.AskPasskeyRequest_Pay{Pay: tea}})
	signed := &pb.CheckPasskeyRequest{Token: asked.Token, Credential: a.Get(asked.Options)}
	grant := must(t, p.CheckPasskey, signed).Grant
	if again := must(t, p.CheckPasskey, signed).Grant; again != grant {
		t.Errorf("repeated, the check gave grant %d and then %d", grant, again)
	}
	cake.Grant = grant
	if got := refused(t, p.Pay, cake); got != code.PinTryUnknown {
		t.Errorf("another payment with the grant: %v", got)
	}
	tea.Grant = grant
	paid := must(t, p.Pay, tea)
	if again := must(t, p.Pay, tea); again.TransactionId != paid.TransactionId {
		t.Errorf("paid twice: %v, %v", paid, again)
	}
	if got := refused(t, p.CheckPasskey, signed); got != code.ChallengeOver {
		t.Errorf("the assertion again, once its grant is used: %v", got)
	}

	// It goes with a grant of its own, of the act of taking it away.
	end := &pb.EndPasskeyRequest{Credential: a.ID}
	if got := refused(t, p.EndPasskey, end); got != code.PinNeeded {
		t.Errorf("removed by the device alone: %v", got)
	}
	asked = must(t, p.AskPasskey, &pb.AskPasskeyRequest{Call: &pb.AskPasskeyRequest_EndPasskey{EndPasskey: end}})
	end.Grant = must(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: a.Get(asked.Options)}).Grant
	if v := must(t, p.EndPasskey, end); len(v.Passkeys) != 0 {
		t.Errorf("after it was removed the wallet shows %v", v.Passkeys)
	}
	if got := refused(t, p.AskPasskey, &pb.AskPasskeyRequest{Call: &pb.AskPasskeyRequest_EndPasskey{EndPasskey: end}}); got != code.PasskeyUnknown {
		t.Errorf("asked for a passkey that is gone: %v", got)
	}
}

// What does not come from this site's page, for this challenge, by an authenticator that
// knew its owner, is refused.
func TestAssertionsThatDoNotFit(t *testing.T) {
	t.Parallel()
	b := open(t)
	p, other := b.enrolled("+8613800000001", 5_000_00), b.enrolled("+8613800000002", 0)
	a := passkeytest.New(t, page)
	a.Counts, a.Count = true, 7
	p.add(t, a, 0)
	other.add(t, passkeytest.New(t, page), 0)
	call := &pb.AskPasskeyRequest{Call: &pb.AskPasskeyRequest_Pay{Pay: &pb.PayRequest{Code: b.order("TEA-0001", 300_00).PrepayId, ClientId: "tea"}}}

	asked := must(t, p.AskPasskey, call)
	for what, change := range map[string]func(*passkeytest.Authenticator){
		"another origin":         func(a *passkeytest.Authenticator) { a.Origin = "https://pay.example.com.evil.example" },
		"the page without TLS":   func(a *passkeytest.Authenticator) { a.Origin = "http://pay.example.com" },
		"another site":           func(a *passkeytest.Authenticator) { a.Site = "evil.example" },
		"an owner it didn't see": func(a *passkeytest.Authenticator) { a.Unverified = true },
		"a passkey of nobody":    func(a *passkeytest.Authenticator) { a.ID = []byte("another one of 16") },
	} {
		changed := *a
		change(&changed)
		if got := refused(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: changed.Get(asked.Options)}); got != code.AssertionWrong {
			t.Errorf("%s: %v", what, got)
		}
	}
	if got := refused(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: "{}"}); got != code.AssertionWrong {
		t.Errorf("no credential: %v", got)
	}
	signed := a.Get(asked.Options)
	if got := refused(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: must(t, p.AskPasskey, call).Token, Credential: passkeytest.New(t, page).Get(asked.Options)}); got != code.AssertionWrong {
		t.Errorf("another's key: %v", got)
	}
	if got := refused(t, other.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: signed}); got != code.PasskeyInvalid {
		t.Errorf("another's token: %v", got)
	}
	forged := slices.Clone(asked.Token)
	forged[len(forged)-1] ^= 1
	if got := refused(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: forged, Credential: signed}); got != code.PasskeyInvalid {
		t.Errorf("a forged token: %v", got)
	}
	must(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: signed})

	// A copy of the authenticator counts from where the copy was made.
	asked = must(t, p.AskPasskey, call)
	a.Count -= 2
	if got := refused(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: a.Get(asked.Options)}); got != code.PasskeyCounterBack {
		t.Errorf("a count that went back: %v", got)
	}
	// A challenge is good for two minutes, and until the next is met.
	a.Count = 20
	asked = must(t, p.AskPasskey, call)
	b.core.Sleep(1)
	second := must(t, p.AskPasskey, call)
	must(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: second.Token, Credential: a.Get(second.Options)})
	if got := refused(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: a.Get(asked.Options)}); got != code.ChallengeOver {
		t.Errorf("the first of two challenges after the second: %v", got)
	}
	asked = must(t, p.AskPasskey, call)
	b.core.Sleep(2 * 60_000)
	if got := refused(t, p.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: a.Get(asked.Options)}); got != code.ChallengeOver {
		t.Errorf("two minutes later: %v", got)
	}
}

// Making one is bound to this site and this challenge too.
func TestPasskeysThatDoNotFit(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.enrolled("+8613800000001", 0)
	asked := must(t, p.BeginPasskey, &pb.BeginPasskeyRequest{})
	for what, change := range map[string]func(*passkeytest.Authenticator){
		"another origin":         func(a *passkeytest.Authenticator) { a.Origin = "https://evil.example" },
		"another site":           func(a *passkeytest.Authenticator) { a.Site = "evil.example" },
		"an owner it didn't see": func(a *passkeytest.Authenticator) { a.Unverified = true },
	} {
		a := passkeytest.New(t, page)
		change(a)
		if got := refused(t, p.AddPasskey, &pb.AddPasskeyRequest{Token: asked.Token, Credential: a.Create(asked.Options), Label: "x"}); got != code.AssertionWrong {
			t.Errorf("%s: %v", what, got)
		}
	}
	a := passkeytest.New(t, page)
	made := &pb.AddPasskeyRequest{Token: asked.Token, Credential: a.Create(asked.Options), Label: "x"}
	must(t, p.AddPasskey, made)
	if v := must(t, p.AddPasskey, made); len(v.Passkeys) != 1 {
		t.Errorf("added again there are %d", len(v.Passkeys))
	}
	b.core.Sleep(2 * 60_000)
	if got := refused(t, p.AddPasskey, made); got != code.ChallengeOver {
		t.Errorf("two minutes later: %v", got)
	}
	cfg := b.config
	cfg.Passkeys = nil
	off := httptest.NewServer(wallet.NewServer(cfg))
	defer off.Close()
	if got := refused(t, walletclient.Service(http.DefaultClient, off.URL, "en", p.device).BeginPasskey, &pb.BeginPasskeyRequest{}); got != code.PasskeysOff {
		t.Errorf("where no site is configured: %v", got)
	}
}
