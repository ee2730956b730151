package webtest

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
)

// The camera looks at a code that a shop shows, and leads to what is to be paid.
func TestTheCameraReadsACode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("zh-CN", "13800000031")
	p.enrol("王小明", 100_00)
	picture, err := os.ReadFile(s.picture(s.order("TEA-000041", 23_00)))
	if err != nil {
		t.Fatal(err)
	}
	defer browser.Show(t, picture)()
	p.step(browser.AllowCamera())
	p.open("/")
	p.tap(`main .button.primary`)
	p.see("#pay")
	p.until(`document.querySelector("#pay").getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	if taps := browser.Read(p.ctx, t, chromedp.Evaluate[int](`window.taps`)); taps > 2 {
		t.Errorf("%d taps from home to paid by the camera, at most 2", taps)
	}
}

// fullDevice has no room for another act once the page says so.
const fullDevice = `{
	const put = IDBObjectStore.prototype.put;
	IDBObjectStore.prototype.put = function (...a) {
		if (window.full && this.name === "acts") throw new DOMException("full", "QuotaExceededError");
		return put.apply(this, a);
	};
}`

// One payment is open in two tabs: what one pays, the other shows. A device that is full
// pays nothing, says so, and pays once there is room.
func TestTwoTabsAndAFullDevice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("zh-CN", "13800000032")
	p.before(fullDevice)
	p.enrol("王小明", 100_00)
	o := s.order("TEA-000042", 23_00)
	p.open("/pay/" + o.PrepayId)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.eval(`(window.other = window.open(location.href), "")`) // another tab
	p.until(`window.other?.document?.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)

	p.eval(`(window.full = true, "")`)
	p.tap("#pay")
	p.reads("设备存储已满")
	p.reads("没有扣款")
	p.fits("full")
	p.eval(`(window.full = false, "")`)
	p.tap(".verdict .button")
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	p.until(`window.other.document.querySelector(".verdict.good") !== null`) // nothing was pressed there
	if got := s.balance(p.uid); got != 77_00 {
		t.Errorf("%d fen are left, want 7700: paid once", got)
	}
}

// The pages are replaced while one is open: what is loaded late and is gone ends in a
// sentence and a button, a payment that is begun is never cut short, and the new version
// is taken when the person says so.
func TestANewVersionInMidFlow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("zh-CN", "13800000033")
	p.enrol("王小明", 500_00)
	p.until(`navigator.serviceWorker.controller !== null`)

	o := s.order("TEA-000043", 23_00)
	p.open("/pay/" + o.PrepayId)
	p.see("#pay")
	s.net.mode.Store(newer)
	p.eval(`(navigator.serviceWorker.ready.then((r) => r.update()), "")`)
	p.until(`navigator.serviceWorker.ready.then === undefined || window.waited || (navigator.serviceWorker.getRegistration().then((r) => (window.waited = !!r?.waiting)), false)`)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	p.tap("#done")
	p.reads("有新版本")
	p.fits("home-new-version")
	p.eval(`(document.documentElement.classList.add("before"), "")`)
	p.tap("button.inline")
	p.see("html:not(.before) .balance .amount") // it was loaded anew
	s.net.mode.Store(passes)

	// Where nothing is kept of the whole version, a part that is gone says so.
	p.step(browser.Keep(false))
	p.step(chromedp.Reload())
	p.see(".days a")
	s.net.mode.Store(deployed)
	p.tap(".days a")
	p.reads("页面已有新版本")
	p.fits("stale")
	p.step(browser.Keep(true))
	s.net.mode.Store(passes)
	p.tap(".screen main .button")
	p.see(".timeline")
	if got := s.balance(p.uid); got != 477_00 {
		t.Errorf("%d fen are left, want 47700", got)
	}
}
