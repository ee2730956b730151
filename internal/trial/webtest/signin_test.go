package webtest

import (
	"bytes"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

const atWork = `document.querySelector(".connection .good") !== null`

// An owner signs a tablet in by the code that it shows, which has no secret in it; the
// tablet adds a passkey and signs in with that the next time; the phone signs it out.
func TestAnOwnerSignsATabletIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ming, tablet := s.newPhone("zh-CN", "13800000051"), s.newPhone("zh-CN", "the tablet")
	tablet.authenticator()
	ming.enrol("王小明", 0)
	s.do(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "柜台一", Token: bytes.Repeat([]byte{7}, till.TokenSize)})
	s.do(catalogue.StaffAdd, &pb.StaffAdd{Mchid: edgetest.Mchid, Ref: "owner", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_OWNER}, Uid: ming.uid})

	tablet.open("/till/")
	tablet.see("#by-wallet")
	tablet.fits("till-sign-in")
	tablet.tap("#by-wallet")
	tablet.see(".qr")
	tablet.fits("till-by-wallet")
	code, digits := tablet.eval(`document.querySelector(".copyable code").textContent`), tablet.eval(`document.querySelector(".digits").textContent`)
	ming.step(chromedp.Navigate(code))
	ming.see("#sign-in")
	if got := ming.eval(`document.querySelector(".digits").textContent`); got != digits {
		t.Errorf("the phone shows %s, the tablet %s", got, digits)
	}
	ming.fits("sign-in")
	ming.tap("#sign-in")
	ming.focused(".pinpad")
	ming.step(chromedp.KeyEvent(pin))
	ming.reads("已登录")
	tablet.until(atWork) // nothing was pressed

	tablet.tap("#to-more")
	tablet.tap("#add-passkey")
	tablet.until(`document.querySelector(".more .note") !== null`)
	tablet.fits("till-passkeys")
	tablet.tap("#sign-out")
	tablet.tap("#by-passkey")
	tablet.until(atWork)

	ming.open("/work")
	ming.see(".rows button")
	ming.fits("work")
	ming.tap(".rows button")
	ming.tap("#end-work")
	ming.until(`document.querySelector(".rows button") === null`)
	tablet.step(chromedp.Reload())
	tablet.see("#by-wallet")
}
