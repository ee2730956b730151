package webtest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdpnet "github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// scenery is a photograph that is larger than may be sent, in bytes and in pixels.
func (s *site) scenery() string {
	s.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 1600, 1200))
	for y := range 1200 {
		for x := range 1600 {
			m.Set(x, y, color.RGBA{R: uint8(x * y), G: uint8(x ^ y), B: uint8(x + y), A: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		s.Fatal(err)
	}
	return s.file("front.jpg", b.Bytes())
}

const pictured = `document.querySelector("canvas.picture")?.width > 4`

// Somebody applies for a shop with a picture while the network is away, reads why it was
// refused, applies again, hears of the approval on the home page, also when it is opened
// anew, gets the sheet, sees each payment by the code as it comes, and moves what the shop
// took.
func TestAShopByPhone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ming, hua := s.newPhone("zh-CN", "13800000041"), s.newPhone("en", "13800000042")
	ming.before(files)
	ming.enrol("王小明", 0)
	ming.open("/settings")
	ming.tap(`a[href="/shops"]`)
	ming.see("#open-shop")
	ming.fits("shops-none")
	ming.tap("#open-shop")
	ming.appliesForAShop(s.scenery())
	s.do(catalogue.ShopDecide, &pb.ShopDecide{Id: 1, Refusal: pb.ShopRefusal_SHOP_REFUSAL_PICTURE_UNCLEAR})
	ming.reads("看不清") // by itself
	ming.ownHeaders()
	ming.tap(".speak")
	ming.reads("made out")
	ming.tap(".speak")
	ming.reads("看不清")
	ming.fits("shop-refused")

	ming.tap(".foot button")
	ming.see("input[name=shop]")
	ming.write("input[name=shop]", "王记面馆")
	ming.step(chromedp.SetUploadFiles(chromedp.CSS(`input[name=camera]`), []string{s.scenery()}))
	ming.until(pictured)
	ming.tap("#apply")
	ming.reads("等待审核")
	ming.open("/")
	ming.reads("实时") // it hears what happens
	token := bytes.Repeat([]byte{9}, till.TokenSize)
	s.do(catalogue.ShopDecide, &pb.ShopDecide{Id: 2, Approve: true, TillToken: token})
	ming.see(".banner.good") // nothing was pressed
	ming.fits("home-shop-approved")
	ming.step(chromedp.Reload())
	ming.see(".banner.good") // whoever opens the page later is told too
	ming.tap(".banner.good a")
	ming.getsTheSheet()

	hua.enrol("韩梅梅", 100_00)
	ming.seesPayments(hua, paylink.Till("", token))
	ming.movesTakings()
	ming.seesADecisionBeforeTheStream()
}

const asksAboutShops = `String(performance.getEntriesByType("resource").filter((e) => e.name.endsWith("Shop") || e.name.endsWith("Shops")).length)`

// seesPayments has the page of an open shop, and the home page, show what another phone
// pays there; the page asks for nothing.
func (p *phone) seesPayments(payer *phone, link string) {
	p.Helper()
	p.until(`document.querySelector("#as-of").textContent.includes("实时")`)
	asked := p.eval(asksAboutShops)
	payer.pays(link, "12.50")
	p.until(`document.querySelector(".card .amount")?.textContent.includes("12.50")`)
	payer.pays(link, "0.50")
	p.until(`document.querySelector(".card .amount")?.textContent.includes("13.00")`)
	if now := p.eval(asksAboutShops); now != asked {
		p.Errorf("the page asked %s times about its shop, and %s times by the end", asked, now)
	}

	p.open("/")
	p.reads("实时")
	if p.eval(`String(document.querySelector(".banner.good"))`) != "null" {
		p.Errorf("what was looked at is told once more:\n%s", p.says())
	}
	payer.pays(link, "7")
	p.reads("收到 ¥7.00")
	p.fits("home-shop-paid")
	p.tap(".banner.good a")
	p.until(`document.querySelector(".card .amount")?.textContent.includes("20.00")`)
}

// pays pays an amount by a printed code.
func (p *phone) pays(link, amount string) {
	p.Helper()
	p.open(link)
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent(amount))
	p.until(fmt.Sprintf(`document.querySelector("#pay")?.textContent.includes(%q)`, amount))
	p.tap("#pay")
	p.see(".verdict.good")
}

// seesADecisionBeforeTheStream applies once more. What is decided after the page has
// looked, and before its stream stands, is seen when it does.
func (p *phone) seesADecisionBeforeTheStream() {
	p.Helper()
	p.open("/shops/new")
	p.see("input[name=shop]")
	p.write("input[name=shop]", "王记面馆二店")
	p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[name=file]`), []string{p.site.scenery()}))
	p.until(pictured)
	p.tap("#apply")
	p.reads("等待审核")
	p.site.net.mode.Store(deaf)
	p.open("/shops/3")
	p.reads("等待审核")
	p.site.do(catalogue.ShopDecide, &pb.ShopDecide{Id: 3, Refusal: pb.ShopRefusal_SHOP_REFUSAL_DOUBLE})
	p.site.net.mode.Store(passes)
	p.reads("无需再次申请")
}

// ownHeaders has the page say by itself which language it wants, as it does in people's
// hands.
func (p *phone) ownHeaders() {
	p.Helper()
	p.step(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, cdpnet.SetExtraHTTPHeaders, cdpnet.SetExtraHTTPHeadersParams{Headers: cdpnet.Headers{}})
		return err
	}))
}

// appliesForAShop fills in the form that is open. What is sent into a dead network gets
// there by itself.
func (p *phone) appliesForAShop(photo string) {
	p.Helper()
	p.see("input[name=shop]")
	p.tap("#apply")
	p.reads("请附一张照片")
	p.fits("shop-nothing-said")
	p.write("input[name=shop]", "面馆")
	p.write("input[name=category]", "小吃")
	p.eval(`(() => { const e = document.querySelector("select"); e.value = "restaurant"; e.dispatchEvent(new Event("change", { bubbles: true })); return ""; })()`)
	p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[name=file]`), []string{photo}))
	p.until(pictured)
	p.fits("shop-new")
	p.site.net.mode.Store(gone)
	p.tap("#apply")
	p.reads("正在提交申请")
	p.fits("shop-sending")
	p.site.net.mode.Store(passes)
	p.reads("等待审核")
	p.reads("餐馆")
	p.until(pictured)
	p.fits("shop-waiting")
}

// getsTheSheet has the sheet of an open shop drawn.
func (p *phone) getsTheSheet() {
	p.Helper()
	p.see("#sheets")
	p.see(".qr")
	p.until(pictured)
	p.fits("shop-open")
	p.tap("#sheets button")
	p.until(`(window.kept ?? "").startsWith("%PDF")`)
}

// movesTakings moves the 20 yuan that the open shop took.
func (p *phone) movesTakings() {
	p.Helper()
	p.tap("#take")
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("99"))
	p.reads("店里只有")
	p.fits("takings-too-much")
	p.tap("#all")
	p.until(`document.querySelector("#move").textContent.includes("20.00")`)
	p.fits("takings")
	p.tap("#move")
	p.see(".verdict.good")
	p.fits("takings-moved")
	if got := p.site.balance(p.uid); got != 20_00 {
		p.Errorf("the owner has %d fen, want 2000", got)
	}
	p.tap("#done")
	p.see("#sheets")
	p.until(`document.querySelector("#take")?.getAttribute("aria-disabled") === "true"`)
	p.open("/bills")
	p.reads("店铺收款转入")
	p.open("/shops")
	p.until(`document.querySelectorAll(".rows li").length === 2`)
	p.fits("shops")
}
