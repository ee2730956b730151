package webtest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Two fresh phones get wallets; one pays from a picture in three taps, loses the answer
// of a payment, is reloaded without a network and learns the truth, gives the other
// money and throws a packet that the other opens.
func TestTwoPhones(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ming := s.newPhone("zh-CN", "13800000001")
	ming.enrol("王小明", 500_00)
	lei := s.newPhone("en", "13800000002")
	lei.enrol("李雷", 0)

	ming.paysFromAPicture()
	ming.losesAnAnswer()
	ming.transfers(lei)
	ming.throwsTo(lei)
	ming.looksAround()

	text := s.log.String()
	for _, secret := range []string{"13800000001", "王小明", pin} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %s", secret)
		}
	}
	if kept := ming.eval(`JSON.stringify(localStorage)`); strings.Contains(kept, "1380000") || strings.Contains(kept, "小明") {
		t.Errorf("local storage has %s", kept)
	}
}

// paysFromAPicture counts taps from home to paid.
func (p *phone) paysFromAPicture() {
	p.Helper()
	o := p.site.order("TEA-000001", 23_00)
	p.open("/")
	p.see(".balance .amount")
	p.fits("home")
	p.tap(`main .button.primary`)
	p.see(".camera.off")
	p.fits("scan")
	p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{p.site.picture(o)}))
	p.see("#pay")
	p.until(`document.querySelector("#pay").getAttribute("aria-disabled") === "false"`)
	p.fits("confirm")
	p.tap("#pay")
	p.see(".verdict.good")
	taps := browser.Read(p.ctx, p.T, chromedp.Evaluate[int](`window.taps + 1`)) // one chooses the picture
	if taps > 3 {
		p.Errorf("%d taps from home to paid, at most 3", taps)
	}
	p.fits("paid")
	if got := p.site.balance(p.uid); got != 477_00 {
		p.Errorf("%d fen are left, want 47700", got)
	}
	// The back button does not lead to the button that pays.
	p.step(chromedp.NavigateBack())
	p.see(".balance .amount")
	p.open("/pay/" + o.PrepayId)
	p.see(".verdict.good")
}

// losesAnAnswer pays while answers are lost, above what needs no PIN: the page says that
// nothing is charged twice, survives a reload without a network, and ends in the truth.
func (p *phone) losesAnAnswer() {
	p.Helper()
	o := p.site.order("TEA-000002", 250_00)
	p.until(`navigator.serviceWorker.controller !== null`)
	p.open("/pay/" + o.PrepayId)
	p.see("#pay")
	p.tap("#pay")
	p.see("dialog[open] .pinpad")
	p.fits("confirm-pin")
	p.site.net.mode.Store(losesPay)
	p.step(chromedp.KeyEvent(pin))
	p.see(".verdict.wait")
	p.reads("不会重复扣款")
	p.until(`document.querySelector(".foot .button") !== null`) // it is late by now: a way to ask, and a way on
	p.fits("paying")
	p.site.net.mode.Store(gone)
	p.step(chromedp.Reload())
	p.see(".verdict.wait")
	p.reads("不会重复扣款")
	if p.site.net.lost.Load() == 0 {
		p.Error("no answer was lost")
	}
	p.site.net.mode.Store(passes)
	p.see(".verdict.good")
	if got := p.site.balance(p.uid); got != 227_00 {
		p.Errorf("%d fen are left, want 22700: charged once", got)
	}
	p.tap("#done")
	p.until(`document.querySelectorAll(".days li").length === 3`)
}

func (p *phone) transfers(to *phone) {
	p.Helper()
	p.tap(`a[href="/transfer"]`)
	p.write("input[name=phone]", to.number+"\r")
	p.see("#sure")
	p.reads("**雷")
	p.fits("payee")
	p.tap("#sure")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("66.50"))
	p.until(`document.querySelector("#pay").textContent.includes("66.50")`)
	p.write("input[name=memo]", "午饭\u200f 🍜")
	p.fits("transfer")
	p.tap("#pay")
	p.see(".verdict.good")
	p.fits("sent")
	if got := to.site.balance(to.uid); got != 66_50 {
		p.Errorf("the other has %d fen, want 6650", got)
	}
	to.open("/bills")
	to.reads("66.50")
	to.fits("bills")
	to.tap(".days a")
	to.see(".timeline")
	to.fits("bill")
}

func (p *phone) throwsTo(to *phone) {
	p.Helper()
	p.open("/packets")
	p.see("input[name=total]")
	p.write("input[name=total]", "8.88")
	p.until(`document.querySelector("#pay").getAttribute("aria-disabled") === "false"`)
	p.fits("packet-new")
	p.tap("#pay")
	p.see(".packet.opened")
	p.see(".qr")
	p.fits("packet-sent")
	link := p.eval(`location.hash`)
	to.open("/packet" + link)
	to.see("#open")
	to.fits("packet-closed")
	to.tap("#open")
	to.see(".packet.opened")
	to.until(`document.querySelectorAll(".list li").length === 1`)
	to.fits("packet-opened")
	if got := to.site.balance(to.uid); got <= 66_50 {
		p.Errorf("after the packet the other has %d fen", got)
	}
}

// looksAround opens what is left, in the other language, and every component.
func (p *phone) looksAround() {
	p.Helper()
	for name, path := range map[string]string{"settings": "/settings", "free": "/settings/free", "set-pin": "/settings/pin", "astray": "/nowhere", "no-packet": "/packet#999.abcd", "no-order": "/pay/wx20260301120000ffffffffffffffffffff", "ui": "/ui"} {
		p.open(path)
		p.until(`document.querySelector("main") !== null && document.querySelector(".skeleton") === null || location.pathname === "/ui" && document.querySelector(".toast") !== null`)
		p.fits(name)
	}
	p.open("/")
	p.see(".balance .amount")
	p.tap(".speak")
	p.reads("Balance")
	p.step(chromedp.Reload())
	p.reads("Balance") // remembered
	p.fits("home-bills")
	for _, role := range []string{"Scan", "Transfer", "Red packet", "Bills", "Settings", "Hide the balance", "中文"} {
		if !strings.Contains(p.names(), "|"+role+"|") {
			p.Errorf("no control is called %q: %s", role, p.names())
		}
	}
}

// names are what a screen reader calls the controls.
func (p *phone) names() string {
	return p.eval(`"|" + [...document.querySelectorAll("a, button")].map((e) => e.getAttribute("aria-label") ?? e.textContent.trim()).join("|") + "|"`)
}

// Whoever comes from a merchant's page without a wallet gets one on the way, pays, and
// goes back to the merchant with the truth.
func TestFromTheCashierAndBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.url = s.node.Addresses().WalletAPI
	p := s.newPhone("en", "13800000004")
	p.hosts = append(p.hosts, s.node.Addresses().Cashier)
	o := s.do(catalogue.OrderCreate, &pb.OrderCreate{Mchid: edgetest.Mchid, Appid: edgetest.Appid, OutTradeNo: "H5-000001", Product: pb.Product_PRODUCT_H5,
		Total: 12_50, Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/n"}).(*pb.Order)
	shop := s.node.Addresses().Cashier + "/" // stands in for the merchant's own page
	p.step(chromedp.Navigate(cashier.H5URL(s.node.Addresses().Cashier, o) + "&" + url.Values{"redirect_url": {shop}}.Encode()))
	p.tap(`nav .go`)
	p.enrolHere("韩梅梅")
	p.see("#pay")
	p.uid = p.lastPerson()
	p.topup(100_00)
	p.step(chromedp.Reload())
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	p.fits("paid-for-a-shop")
	p.tap("a.button.primary")
	p.see("main.home")
	if got := s.balance(p.uid); got != 87_50 {
		t.Errorf("%d fen are left, want 8750", got)
	}
	p.eval(`(history.back(), "")`)                              // the browser may show the page as it left it, without a load
	p.until(`document.querySelector(".verdict.good") !== null`) // and not a button that pays
}

// Another language, another theme and a wide screen change no facts.
func TestAFreshPhoneOnAWideScreen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("en", "13800000003")
	for _, wide := range []int64{320, 768, 1280} {
		p.on(browser.View{Wide: wide, High: 800})
		p.open("/")
		p.see("input[name=phone]")
		p.checked(fmt.Sprintf("welcome at %d", wide))
		p.open("/ui")
		p.until(`document.querySelector(".toast") !== null`)
		p.checked(fmt.Sprintf("ui at %d", wide))
	}
}
