package webtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The wallet's screens that lie on nobody's way in the other tests: what waits for the
// other one, what is empty, what is asked before something is given up, and home without
// a network.
func TestScreensOfAWallet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ming, lei := s.newPhone("zh-CN", "13800000051"), s.newPhone("en", "13800000052")
	ming.enrol("王小明", 500_00)
	lei.enrol("李雷", 0)
	ming.sendsWhatWaits(lei)
	ming.open("/reports")
	ming.see(".verdict.info")
	ming.fits("reports-none")
	ming.open("/bills?q=nothing-like-it")
	ming.see(".verdict.info")
	ming.fits("bills-none-found")
	ming.open("/receive")
	ming.see(".qr")
	ming.write("input[name=amount]", "8\r")
	ming.see(".card .amount")
	ming.fits("receive-amount")
	ming.tap("main > .button.quiet")
	ming.see("dialog[open]")
	ming.fits("receive-fresh")
	ming.open("/settings")
	ming.tap(".button.danger")
	ming.see("dialog[open] .button.danger")
	ming.fits("sign-out")
	ming.until(`navigator.serviceWorker.controller !== null`)
	ming.open("/")
	ming.see(".days a")
	s.net.mode.Store(gone)
	ming.step(chromedp.Reload())
	ming.see(".banner.wait")
	ming.fits("home-offline")
	s.net.mode.Store(passes)
}

// sendsWhatWaits transfers what the other one has to accept, who does.
func (p *phone) sendsWhatWaits(to *phone) {
	p.Helper()
	p.open("/transfer")
	p.see("input[name=phone]")
	p.fits("transfer-whom")
	p.write("input[name=phone]", to.number+"\r")
	p.tap("#sure")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("88"))
	p.tap("label.check")
	p.tap("#pay")
	p.see("#done")
	p.fits("transfer-waits")
	to.open("/")
	to.see(".banner.info .inline")
	to.fits("home-transfer-waits")
	to.tap(".banner.info .inline")
	to.see(".foot .button.primary")
	to.fits("transfer-answer")
	to.tap(".foot .button.primary")
	to.see(".verdict.good")
	to.fits("transfer-accepted")
}

// The till's screens that the other tests pass by: signing in, choosing where it stands,
// a day without payments, a customer who is asked, a sale that was cancelled, and the
// other channels.
func TestScreensOfATill(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	fresh := s.newPhone("zh-CN", "a new tablet")
	fresh.open("/till/")
	fresh.see("input[name=token]")
	fresh.fits("till-sign-in")

	ming := s.newPhone("zh-CN", "13800000053")
	ming.enrol("王小明", 900_00)
	p := s.newTablet("zh-CN")
	p.tap("#to-today")
	p.see(".verdict.info")
	p.fits("till-today-none")
	p.tap("#to-sell")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("300"))
	p.tap("#scan")
	p.see("dialog[open] .camera")
	p.fits("till-scan")
	p.step(chromedp.KeyEvent("\x1b"))
	p.until(`document.querySelector("dialog[open]") === null`)
	ming.open("/paycode")
	p.step(chromedp.KeyEvent(ming.payCode() + "\r"))
	p.reads("请顾客在手机上确认")
	p.fits("till-asked")
	p.tap("#cancel")
	p.see("#new")
	p.fits("till-cancelled")
	p.tap("#new")
	p.see(".enter")
	s.net.mode.Store(gone)
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("7\r"))
	p.tap(".lost .side .button:last-child")
	p.see("dialog[open]")
	p.fits("till-other-ways")
	p.step(chromedp.KeyEvent("\x1b"))
	s.net.mode.Store(passes)
	p.see(".sale .qr")

	s.do(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "柜台二", Token: make([]byte, 16)})
	fresh.step(chromedp.Navigate(s.cashier("hua"))) // where the page is open already
	fresh.until(`document.querySelectorAll(".list .line").length === 2`)
	if left := fresh.eval(`location.href`); strings.Contains(left, "hft_") {
		t.Errorf("the token is left in the address: %s", left)
	}
	fresh.fits("till-which")
}

// A merchant's own landing page, on a web server of theirs.
func TestScreenOfTheirOwnLandingPage(t *testing.T) {
	t.Parallel()
	sheet := &drawing.Sheet{Merchant: "示例茶铺", Till: "柜台一", Link: "https://pay.example.com/c/AAAA",
		Back: []drawing.Channel{{Label: "微信", Link: "wxp://f2f0abcdef"}, {Label: "支付宝", Link: "https://qr.alipay.com/fkx1"}}}
	html, err := sheet.Landing()
	if err != nil {
		t.Fatal(err)
	}
	theirs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(html) // the browser may be gone
	}))
	t.Cleanup(theirs.Close)
	p := (&site{T: t, url: theirs.URL}).newPhone("zh-CN", "somebody at the counter")
	p.step(browser.Scheme("light"))
	p.open("/c/AAAA")
	p.see("a.go")
	p.pictures("own-landing")
	if wide := p.eval(sideways); wide != "" {
		t.Error(wide)
	}
}
