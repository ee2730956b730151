package webtest

import (
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
)

// Somebody shows a code to be paid by, somebody else photographs it and pays; the first
// one's home page tells it by itself. The code for tills is there without a network.
func TestShownCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lei := s.newPhone("en", "13800000007")
	lei.enrol("李雷", 0)
	lei.open("/receive")
	lei.see(".qr")
	lei.fits("receive")
	photo := s.file("photo.png", browser.Read(lei.ctx, t, chromedp.Screenshot(chromedp.CSS(".qr"))))
	lei.open("/")
	lei.reads("Live")

	ming := s.newPhone("zh-CN", "13800000006")
	ming.enrol("王小明", 100_00)
	ming.open("/scan")
	ming.see(".camera.off")
	ming.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{photo}))
	ming.see("#sure")
	ming.reads("**雷")
	ming.tap("#sure")
	ming.focused(".amountpad")
	ming.step(chromedp.KeyEvent("8"))
	ming.tap("#pay")
	ming.see(".verdict.good")
	lei.until(`document.querySelector(".days .came")?.textContent.includes("8.00")`) // nothing was pressed

	ming.until(`navigator.serviceWorker.controller !== null`)
	ming.open("/paycode")
	first := ming.payCode()
	ming.fits("paycode")
	s.net.mode.Store(gone)
	ming.step(chromedp.Reload())
	if second := ming.payCode(); second == first {
		t.Errorf("the same code was shown twice: %s", first)
	}
	s.net.mode.Store(passes)
}

var spaces = regexp.MustCompile(`\s`)

// payCode is the code that is shown, as a till reads it.
func (p *phone) payCode() string {
	p.Helper()
	p.see(".bars")
	code := spaces.ReplaceAllString(p.eval(`document.querySelector(".digits").textContent`), "")
	if _, ok := paycode.Parse(code); !ok {
		p.Errorf("%q is no code for tills", code)
	}
	return code
}
