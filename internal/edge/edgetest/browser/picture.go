package browser

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// View is a screen on which pages are looked at.
type View struct {
	Wide, High int64
	// Hand is a phone's: its points are two dots wide.
	Hand bool
}

// The screens on which every page has to look right: a small phone and a desk.
var (
	Small = View{Wide: 360, High: 640, Hand: true}
	Large = View{Wide: 1280, High: 800}
)

// On shows the page on a screen.
func On(v View) chromedp.Action[chromedp.Void] {
	if v.Hand {
		return chromedp.EmulateViewport(v.Wide, v.High, chromedp.EmulateScale(2), chromedp.EmulateMobile)
	}
	return chromedp.EmulateViewport(v.Wide, v.High)
}

// tall is how high a screen has to be to show all of the page, or of what lies over it.
const tall = `(() => {
	const over = document.querySelector("dialog[open]"), all = document.querySelector(".announced");
	if (all) return 0;
	return over ? over.scrollHeight + 64 : document.documentElement.scrollHeight;
})()`

// front puts a window before others of its phone: what is behind is not drawn.
var front = chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
	_, err := cdp.Call(ctx, tab, page.BringToFront, cdp.Empty{})
	return err
})

// Picture is the whole page as PNG, on a screen of that width that is as high as the page
// is: what sticks to the bottom of a screen is at the bottom of the picture.
func Picture(ctx context.Context, t *testing.T, v View) []byte {
	t.Helper()
	Step(ctx, t, front)
	grown := v
	for range 2 { // on a higher screen a page may have more room between its lines
		if high := Read(ctx, t, chromedp.Evaluate[int64](tall)); high > grown.High {
			grown.High = high
			Step(ctx, t, On(grown))
		}
	}
	if grown != v {
		defer Step(ctx, t, On(v))
	}
	return Read(ctx, t, chromedp.CaptureScreenshot())
}
