package webtest

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// authenticator gives the phone a lock that knows its owner.
func (p *phone) authenticator() (id webauthn.AuthenticatorID) {
	p.Helper()
	p.step(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		made, err := cdp.Call(ctx, tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
		if err == nil {
			id = made.AuthenticatorID
		}
		return err
	}))
	return id
}

// knows says whether the lock knows who touches it.
func (p *phone) knows(id webauthn.AuthenticatorID, verified bool) {
	p.Helper()
	p.step(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: verified})
		return err
	}))
}

// A phone's own lock is added with the PIN, pays what the PIN would have paid without a
// further tap, falls back to the PIN when it does not know who touches it, and goes.
func TestAPasskeyInPlaceOfThePIN(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("zh-CN", "13800000021")
	lock := p.authenticator()
	p.enrol("王小明", 900_00)
	p.open("/settings/passkeys")
	p.see("#add-passkey")
	p.fits("passkeys-none")
	p.tap("#add-passkey")
	p.see("dialog[open] .pinpad")
	p.focused(".pinpad")
	p.step(chromedp.KeyEvent(pin))
	p.see(".rows button")
	p.fits("passkeys")

	p.open("/pay/" + s.order("TEA-000031", 300_00).PrepayId)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	if got := s.balance(p.uid); got != 600_00 {
		t.Errorf("%d fen are left, want 60000", got)
	}

	p.knows(lock, false)
	p.open("/pay/" + s.order("TEA-000032", 300_00).PrepayId)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.reads("通行密钥没有确认")
	p.fits("confirm-passkey")
	p.focused(".pinpad")
	p.step(chromedp.KeyEvent(pin))
	p.see(".verdict.good")
	p.knows(lock, true)

	p.open("/settings/passkeys")
	p.see(".rows button")
	p.tap(".rows button")
	p.see("#end-passkey")
	p.fits("passkey-end")
	p.tap("#end-passkey")
	p.until(`document.querySelector(".rows") === null`)
}

// Somebody sees what may go and what of it is used; once blocked, they see why, what
// still works, report a problem with what they paid before, and say their word against the
// block.
func TestLimitsAndABlock(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("en", "13800000022")
	p.enrol("李雷", 100_00)
	p.open("/settings/limits")
	p.see(".meter")
	p.reads("¥2,000.00")
	p.fits("limits")
	p.open("/months")
	p.see(".chart")
	p.reads("In ¥100.00")
	p.fits("months")
	p.tap(".rows a")
	p.see(".chip")
	p.see(".days .came")
	p.fits("bills-of-a-month")

	p.open("/pay/" + s.order("TEA-000051", 23_00).PrepayId)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	s.do(catalogue.PersonBlock, &pb.PersonBlock{Uid: p.uid, Blocked: true, Reason: "a test"})
	p.open("/bills")
	p.until(`document.querySelector(".days a")?.textContent.includes("23.00")`)
	p.tap(".days a")
	p.see(".timeline")
	p.tap("#wrong")
	p.see(".rows button")
	p.tap(".rows button")
	p.see(".verdict.wait") // it is taken, with the time of the answer
	if made := s.report(1); made.Uid != p.uid || made.Mchid == "" {
		t.Errorf("the report is %v", made)
	}
	p.open("/")
	p.see(".banner.bad")
	p.fits("home-blocked")
	p.tap(".banner.bad a")
	p.see("textarea")
	p.fits("block")
	p.write("textarea", "I was at home all day.")
	p.tap("#appeal")
	p.reads("waiting for an answer")
	p.fits("block-appealed")
}
