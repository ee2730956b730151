package webtest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// tablet is a browser on a counter, with whoever works there.
type tablet struct {
	*phone
	token []byte // of the till's printed code
}

// newTablet gives the shop a till, and opens its page by a sign-in link.
func (s *site) newTablet(lang string, scripts ...string) *tablet {
	s.Helper()
	p := &tablet{phone: s.newPhone(lang, "the tablet"), token: bytes.Repeat([]byte{7}, till.TokenSize)}
	s.do(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "柜台一", Token: p.token})
	for _, script := range append(scripts, ears) {
		p.before(script)
	}
	p.on(browser.View{Wide: 360, High: 740})
	p.step(chromedp.Navigate(s.cashier("li")))
	p.see(".enter")
	p.until(`document.querySelector(".connection .good") !== null`)
	if left := p.eval(`location.href + JSON.stringify(localStorage) + document.cookie`); strings.Contains(left, "hft_") || strings.Contains(left, "hfs_") {
		s.Errorf("a secret is left in reach of scripts: %s", left)
	}
	return p
}

// cashier is a link by which a new cashier signs in.
func (s *site) cashier(ref string) string {
	s.Helper()
	m := s.do(catalogue.StaffAdd, &pb.StaffAdd{Mchid: edgetest.Mchid, Ref: ref, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}).(*pb.StaffMember)
	secret, hash := staffauth.NewSecret(staffauth.Token, m.Id)
	s.do(catalogue.StaffToken, &pb.StaffToken{Id: m.Id, Hash: hash})
	return paylink.SignIn(s.url, secret)
}

// rings waits until something is announced, looks at it, and clears it away.
func (p *tablet) rings(kind, amount string) {
	p.Helper()
	p.see(".announced." + kind)
	p.until(`document.querySelector(".announced .amount").textContent.includes("` + amount + `")`)
	p.fits("till-" + kind)
	p.eval(`(document.querySelector("#seen")?.click(), "")`) // a payment in time goes by itself
	p.until(`document.querySelector(".announced") === null`)
}

// A till hears what is paid by its printed code, charges the code that a hand scanner
// types and one that its camera sees, shows a code, says loudly what comes late, goes on by
// itself when the platform is back, takes cash, gives a payment back, and its shift ends.
func TestTill(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ming := s.newPhone("zh-CN", "13800000011")
	ming.enrol("王小明", 500_00)
	p := s.newTablet("zh-CN")
	p.fits("till-enter")

	p.scansAShownCode(ming)
	p.seesAShownCode(ming)
	p.showsCodes(ming)
	p.worksInCash(ming)
	p.paidByThePrintedCode(ming)
	p.givesBack()
	p.looksAround()
	if got := s.balance(ming.uid); got != 500_00-12_50-23_00-4_00-5_00-6_00+50_00-20_00+12_50 {
		t.Errorf("the customer has %d fen in the end", got)
	}
}

// paidByThePrintedCode scans the code on the counter with the phone's own camera: the
// page that comes leads to the wallet, where the amount is typed.
func (p *tablet) paidByThePrintedCode(payer *phone) {
	p.Helper()
	link := paylink.Till(p.site.node.Addresses().Cashier, p.token)
	payer.hosts = append(payer.hosts, p.site.node.Addresses().Cashier)
	payer.step(chromedp.Navigate(link))
	payer.see("main.till")
	payer.checked("landing")
	if leads := payer.eval(`document.querySelector("nav .go").pathname`); leads != paylink.Till("", p.token) {
		p.Errorf("the landing page leads to %s", leads)
	}
	payer.open(paylink.Till("", p.token)) // through the network that the test has in its hands
	payer.focused(".amountpad")
	payer.step(chromedp.KeyEvent("12.50"))
	payer.until(`document.querySelector("#pay")?.textContent.includes("12.50")`)
	payer.fits("printed")
	payer.tap("#pay")
	payer.see(".verdict.good")
	p.rings("paid", "12.50")
}

// scansAShownCode has a hand scanner type the code that a phone shows, with the focus in
// the amount.
func (p *tablet) scansAShownCode(payer *phone) {
	p.Helper()
	payer.open("/paycode")
	code := payer.payCode()
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent(code + "\r"))
	p.reads("先输入金额")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("23"))
	p.until(`document.querySelector("#show").textContent.includes("23.00")`)
	p.step(chromedp.KeyEvent(code + "\r"))
	p.rings("paid", "23.00")
	p.plays(tunePaid, "收款 23.00 元")
	p.until(`document.querySelector(".amountpad input")?.value === ""`)
}

// seesAShownCode holds the phone's code before the tablet's camera.
func (p *tablet) seesAShownCode(payer *phone) {
	p.Helper()
	payer.open("/paycode")
	payer.payCode()
	shown := browser.Read(payer.ctx, p.T, chromedp.Screenshot(chromedp.CSS(".qr")))
	p.step(browser.AllowCamera())
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("4"))
	p.until(`document.querySelector("#show").textContent.includes("4.00")`)
	defer browser.Show(p.T, shown)()
	p.tap("#scan")
	p.rings("paid", "4.00")
	p.plays(tunePaid, "收款 4.00 元")
	if p.eval(`String(document.querySelector("video")?.srcObject ?? "given back")`) != "given back" {
		p.Error("the camera was not given back")
	}
}

// showsCodes shows a code that is paid, one that is paid when the next customer is
// there, and one while the platform is away, which is cancelled.
func (p *tablet) showsCodes(payer *phone) {
	p.Helper()
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("5\r"))
	p.see(".sale .qr")
	p.fits("till-code")
	p.paidBy(payer)
	p.rings("paid", "5.00")
	p.plays(tunePaid, "收款 5.00 元")

	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("6\r"))
	p.see(".sale .qr")
	payer.scans(p)
	p.tap("#next")
	p.see(".enter")
	payer.tap("#pay")
	payer.see(".verdict.good")
	p.see(".announced.late") // and it stays until somebody has seen it
	p.plays(tuneLate, "注意，刚才那笔到账 6.00 元")
	p.rings("late", "6.00")

	browser.Read(p.ctx, p.T, chromedp.Evaluate[bool](`navigator.serviceWorker.ready.then(() => true)`, chromedp.EvalAwaitPromise))
	p.step(chromedp.Reload()) // from now on the page is kept here
	p.until(`navigator.serviceWorker.controller !== null`)
	p.site.net.mode.Store(gone)
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("7\r"))
	p.see(".lost")
	p.fits("till-lost")
	p.step(chromedp.Reload())
	p.see(".lost") // whoever reloads the page without a network has it, and what was begun
	p.site.net.mode.Store(passes)
	p.see(".sale .qr") // by itself
	p.until(`document.querySelector(".connection .good") !== null`)
	p.tap("#cancel")
	p.see("#new")
	p.tap("#new")
	p.see(".enter")
}

// scans reads the code on the tablet from a photograph.
func (p *phone) scans(of *tablet) {
	p.Helper()
	photo := p.site.file("till.png", browser.Read(of.ctx, p.T, chromedp.Screenshot(chromedp.CSS(".sale .qr"))))
	p.open("/scan")
	p.see(".camera.off")
	p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{photo}))
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
}

func (p *tablet) paidBy(payer *phone) {
	p.Helper()
	payer.scans(p)
	payer.tap("#pay")
	payer.see(".verdict.good")
}

// worksInCash opens a shift, puts cash into a wallet, and ends the shift with a fen
// missing.
func (p *tablet) worksInCash(customer *phone) {
	p.Helper()
	p.tap("#to-cash")
	p.see("#open-shift")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("100"))
	p.until(`document.querySelector("#open-shift").textContent.includes("100.00")`)
	p.fits("till-open-shift")
	p.tap("#open-shift")
	p.see("#put")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("50"))
	p.until(`document.querySelector("#put").textContent.includes("50.00")`)
	p.write("input[name=phone]", customer.number)
	p.fits("till-cash")
	p.tap("#put")
	p.see(".verdict.good")
	p.tap("#cash-done")
	p.until(`document.querySelectorAll(".list .came").length === 1`)
	p.tap("#cash-out")
	p.see(".qr")
	p.fits("till-cash-out")
	customer.open(paylink.Till("", p.token))
	customer.tap(`.tabs button[aria-pressed="false"]`)
	customer.focused(".amountpad")
	customer.step(chromedp.KeyEvent("20"))
	customer.until(`document.querySelector("#pay")?.textContent.includes("20.00")`)
	customer.fits("cash-out")
	customer.tap("#pay")
	customer.see(".verdict.good")
	p.rings("out", "20.00")
	p.plays(tuneLate, "请付现金 20.00 元")
	p.tap("#cash-shift")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("129.99"))
	p.until(`document.querySelector("#end-shift").textContent.includes("129.99")`)
	p.fits("till-end-shift")
	p.tap("#end-shift")
	p.reads("少了 ¥0.01")
	p.fits("till-ended")
}

// givesBack refunds the first payment of the day.
func (p *tablet) givesBack() {
	p.Helper()
	p.tap("#to-today")
	p.until(`document.querySelectorAll(".payments .line").length >= 4`)
	p.fits("till-today")
	p.eval(`([...document.querySelectorAll("main .payments .line")].find((e) => e.textContent.includes("12.50")).click(), "")`)
	p.see("#refund")
	p.fits("till-payment")
	p.tap("#refund")
	p.see("#give")
	p.write("input[name=reason]", "收错金额")
	p.until(`document.querySelector("#give").getAttribute("aria-disabled") === "false"`)
	p.fits("till-refund")
	p.tap("#give")
	p.see("dialog .verdict.good, dialog .verdict.wait")
	p.until(`[...document.querySelectorAll(".takings")].some((e) => e.textContent.includes("12.50"))`)
	p.step(chromedp.KeyEvent("\x1b"))
	p.until(`document.querySelector("dialog[open]") === null`)
}

// looksAround opens what is left, on a wide screen and in the other language too.
func (p *tablet) looksAround() {
	p.Helper()
	p.tap("#to-more")
	p.see("input[name=good]")
	for _, good := range [][3]string{{"乌龙茶", "18", "¥18.00"}, {"茉莉花茶", "12.5", "¥12.50"}, {"白瓷茶杯", "36", "¥36.00"}} {
		p.write("input[name=good]", good[0])
		p.write("input[name=price]", good[1])
		p.tap("#add-good")
		p.reads(good[2])
	}
	p.write("input[name=channel]", "微信")
	p.write("input[name=link]", "wxp://f2f0abcdef")
	p.tap("#add-channel")
	p.reads("wxp://f2f0abcdef")
	p.fits("till-settings")
	p.on(browser.Large)
	p.tap(".speak")
	p.tap("#to-sell")
	p.see(".queue .line")
	p.tap(`.tabs button[aria-pressed="false"]`)
	p.tap(".pick")
	p.until(`document.querySelector("#show").textContent.includes("18.00")`)
	p.fits("till-goods")
	p.tap("#show")
	p.see(".sale .qr")
	p.fits("till-goods-code")
	p.step(chromedp.Reload())
	p.see(".sale .qr") // what was begun is there again
	p.tap("#next")
	p.see(".enter")
	p.tap("#to-today")
	p.see(".takings")
	p.checked("till-today, wide")
}
