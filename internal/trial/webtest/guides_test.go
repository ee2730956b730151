package webtest

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
)

// guides are the pages' guides, with the screens that they show of a phone and of a wide
// screen.
var guides = []struct {
	name, wide string
	small      []string
}{
	{"wallet", "home-bills", []string{"home-bills", "confirm", "paid", "paycode"}},
	{"till", "till-goods", []string{"till-enter", "till-code", "till-paid", "till-today"}},
	{"shop", "shop-cart", []string{"shop-goods", "shop-checkout", "cashier-pay", "shop-paid"}},
}

// modes are the variants that stand beside and above each other in a guide.
var modes = []string{"light", "dark"}

// Lays what make pictures took out for the guides, in both languages and themes and on
// both screens. HOLDFAST_GUIDES names the folder with the pictures.
func TestGuidePictures(t *testing.T) {
	dir := os.Getenv("HOLDFAST_GUIDES")
	if dir == "" {
		t.Skip("make pictures lays out what it took")
	}
	shots := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(shots.Close)
	ctx := browser.Phone(t, "en")
	browser.Step(ctx, t, chromedp.Navigate(shots.URL))
	lay := func(name string, wide int, files []string) {
		t.Helper()
		picture := laid(ctx, t, wide, files)
		if err := os.WriteFile(filepath.Join("../../../docs/guides/pictures", name+".webp"), picture, 0o644); err != nil {
			t.Error(err)
		}
	}
	for _, g := range guides {
		var large []string
		for _, lang := range []string{"zh", "en"} {
			var small []string
			for _, mode := range modes {
				for _, s := range g.small {
					small = append(small, fmt.Sprintf("%s-360-%s-%s.png", s, lang, mode))
				}
				large = append(large, fmt.Sprintf("%s-1280-%s-%s.png", g.wide, lang, mode))
			}
			lay(g.name+"-"+lang, 4, small)
		}
		lay(g.name+"-wide", 2, large)
	}
}

// laid is a WebP of pictures beside each other, so many to a row.
func laid(ctx context.Context, t *testing.T, wide int, files []string) []byte {
	t.Helper()
	shape, each := "9 / 16", 240
	if wide == 2 {
		shape, each = "16 / 10", 560
	}
	var body strings.Builder
	fmt.Fprintf(&body, `<main style="display:grid;grid-template-columns:repeat(%d,%dpx);gap:12px">`, wide, each)
	for _, f := range files {
		fmt.Fprintf(&body, `<img src="/%s" style="width:%dpx;aspect-ratio:%s;object-fit:cover;object-position:top;border:1px solid #8888;border-radius:8px">`, html.EscapeString(f), each, shape)
	}
	body.WriteString("</main>")
	browser.Step(ctx, t, chromedp.EmulateViewport(int64(wide*(each+12)-12), 100))
	browser.Read(ctx, t, chromedp.Evaluate[bool](fmt.Sprintf(`(document.body.style.margin = 0, document.body.innerHTML = %q,
		Promise.all([...document.images].map((i) => i.decode())).then(() => true))`, body.String()), chromedp.EvalAwaitPromise))
	high := browser.Read(ctx, t, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	browser.Step(ctx, t, chromedp.EmulateViewport(int64(wide*(each+12)-12), high))
	return browser.Read(ctx, t, chromedp.Action[[]byte](func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		quality := int64(70)
		r, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
		return r.Data, err
	}))
}
