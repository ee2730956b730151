package webtest

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// before runs a script on every page before the page's own.
func (p *phone) before(script string) {
	p.Helper()
	p.step(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	}))
}

// anHourAhead is a clock that somebody set wrong.
const anHourAhead = `{
	const right = Date;
	Date = class extends right {
		constructor(...a) { a.length === 0 ? super(right.now() + 3_600_000) : super(...a); }
		static now() { return right.now() + 3_600_000; }
	};
}`

// noCamera refuses the camera on pages that say so, and has none on the others.
const noCamera = `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", location.search === "?refused" ? "NotAllowedError" : "NotFoundError"); };`

// A phone whose clock is an hour wrong gets a wallet and pays all the same; what it scans
// that is nothing to pay, an order that was closed, and being blocked in mid-payment each
// have their own sentence, and nothing is charged.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("zh-CN", "13800000005")
	p.before(anHourAhead)
	p.before(noCamera)
	p.enrol("赵六", 100_00)

	p.open("/scan?refused")
	p.see(".camera.off")
	p.reads("没有相机权限")
	p.open("/scan")
	p.see(".camera.off")
	p.reads("相机不可用")
	for text, want := range map[string]string{"wxp://f2f0somebody": "微信支付", "https://qr.alipay.com/fkx1": "支付宝", "hello": "不是本钱包能付的码"} {
		p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{s.drawn(text)}))
		p.reads(want)
	}
	for _, name := range []string{s.file("no-picture.png", []byte("no picture")), s.blank()} {
		p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{s.drawn("hello")}))
		p.reads("不是本钱包能付的码")
		p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{name}))
		p.reads("图片里没有看到付款码")
	}
	p.fits("scan-nothing")

	p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{s.faint(s.picture(s.order("FAINT-001", 100)))}))
	p.see("#pay")
	p.eval(`(history.back(), "")`) // the browser may show the page before as it left it, without a load
	p.until(`document.querySelector("#pay") === null`)

	closed := s.order("CLOSED-01", 100)
	s.do(catalogue.OrderClose, &pb.OrderClose{Mchid: edgetest.Mchid, OutTradeNo: closed.OutTradeNo})
	p.open("/pay/" + closed.PrepayId)
	p.reads("商家已关闭这笔订单")
	p.fits("closed-order")

	p.open("/pay/" + s.order("TEA-000010", 23_00).PrepayId)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	s.do(catalogue.PersonBlock, &pb.PersonBlock{Uid: p.uid, Blocked: true, Reason: "a test"})
	p.tap("#pay")
	p.see(".verdict.bad")
	p.reads("没有扣款")
	p.fits("blocked")
	s.do(catalogue.PersonBlock, &pb.PersonBlock{Uid: p.uid, Blocked: false, Reason: "the test is over"})
	p.tap(".foot .button.primary") // and goes on with the same payment
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	if got := s.balance(p.uid); got != 77_00 {
		t.Errorf("%d fen are left, want 7700", got)
	}

	old := s.order("OLD-00001", 100)
	s.do(catalogue.AdvanceClock, &pb.AdvanceClock{AdvanceMs: 3 * stamp.Hour, Attempt: "three hours"})
	p.open("/pay/" + old.PrepayId)
	p.reads("付款码已失效")
	p.fits("expired")
}

// In a browser that keeps no keys the page says so, and where to open it.
func TestABrowserThatHoldsNoWallet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, script := range map[string]string{
		"no-storage": `Object.defineProperty(window, "indexedDB", { get: () => ({ open() { throw new DOMException("no", "SecurityError"); } }) });`,
		"no-crypto":  `Object.defineProperty(crypto, "subtle", { get: () => undefined });`,
	} {
		p := s.newPhone("en", name)
		p.before(script)
		p.open("/")
		p.reads("This browser can't hold a wallet")
		p.fits(name)
	}
}

// drawn is a picture of a code with a text.
func (s *site) drawn(text string) string {
	s.Helper()
	png, err := drawing.PNG(text)
	if err != nil {
		s.Fatal(err)
	}
	return s.file("code.png", png)
}

// blank is a picture of a white wall.
func (s *site) blank() string {
	s.Helper()
	wall := image.NewGray(image.Rect(0, 0, 300, 300))
	for i := range wall.Pix {
		wall.Pix[i] = 240
	}
	var out bytes.Buffer
	if err := png.Encode(&out, wall); err != nil {
		s.Fatal(err)
	}
	return s.file("blank.png", out.Bytes())
}

// faint is a picture of a screen in the sun: hardly any contrast.
func (s *site) faint(file string) string {
	s.Helper()
	f, err := os.Open(file)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	sharp, err := png.Decode(f)
	if err != nil {
		s.Fatal(err)
	}
	pale := image.NewGray(sharp.Bounds())
	for y := pale.Rect.Min.Y; y < pale.Rect.Max.Y; y++ {
		for x := pale.Rect.Min.X; x < pale.Rect.Max.X; x++ {
			r, _, _, _ := sharp.At(x, y).RGBA()
			pale.SetGray(x, y, color.Gray{Y: uint8(170 + r>>8*50/255)})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, pale); err != nil {
		s.Fatal(err)
	}
	return s.file("faint.png", out.Bytes())
}

func (s *site) file(name string, data []byte) string {
	s.Helper()
	file := filepath.Join(s.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		s.Fatal(err)
	}
	return file
}
