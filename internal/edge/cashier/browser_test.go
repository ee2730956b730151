package cashier

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) { browser.Main(m) }

// at waits until the page is of the kind.
func at(k kind) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS("main." + string(k)))
}

const (
	heading = chromedp.CSS("h1")
	payNow  = chromedp.CSS("button.first")
)

// layoutProblems finds what a phone's user would stumble over: sideways
// scrolling, targets smaller than 44 points, and text whose contrast is below
// 4.5 (3 when it is large; WCAG 2.2, 1.4.3).
const layoutProblems = `(() => {
	const found = [];
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) found.push("scrolls sideways: " + root.scrollWidth + " > " + root.clientWidth);
	for (const e of document.querySelectorAll("a, button")) {
		const box = e.getBoundingClientRect();
		if (box.height < 44 || box.width < 44) found.push(e.textContent.trim() + " is " + box.width + " by " + box.height);
	}
	const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
	const light = (colour) => {
		const [r, g, b] = parts(colour).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const colour = getComputedStyle(e).backgroundColor;
			if ((parts(colour)[3] ?? 1) > 0) return colour;
		}
		return "rgb(255, 255, 255)";
	};
	for (const e of document.body.querySelectorAll("*")) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
		const style = getComputedStyle(e), size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
		const [a, b] = [light(style.color), light(behind(e))].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < (large ? 3 : 4.5)) found.push(e.textContent.trim() + " has contrast " + ratio.toFixed(2));
	}
	return found.join("; ");
})()`

// largeProblems finds what large text breaks: what leaves the screen or its button, and
// text that did not grow with the rest.
const largeProblems = `(() => {
	const found = [], root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) found.push("scrolls sideways: " + root.scrollWidth + " > " + root.clientWidth);
	for (const e of document.querySelectorAll("button, .go, dd, .amount")) {
		if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 || e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 0 && e.tagName === "BUTTON") {
			found.push(e.textContent.trim() + " outgrows its place");
		}
	}
	for (const e of document.querySelectorAll("p, dt, dd, button, a, legend, h1")) {
		if (e.className !== "amount" && parseFloat(getComputedStyle(e).fontSize) < 26) found.push(e.textContent.trim() + " did not grow");
	}
	return found.join("; ");
})()`

// fits checks the layout of the page shown, light and dark.
func fits(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	browser.Read(ctx, t, chromedp.Evaluate[string](`document.documentElement.style.fontSize = "200%"`))
	if problems := browser.Read(ctx, t, chromedp.Evaluate[string](largeProblems)); problems != "" {
		t.Errorf("%s at 200 %% text: %s", name, problems)
	}
	browser.Read(ctx, t, chromedp.Evaluate[string](`document.documentElement.style.fontSize = ""`))
	for _, mode := range []string{"dark", "light"} {
		browser.Step(ctx, t, browser.Scheme(mode))
		if problems := browser.Read(ctx, t, chromedp.Evaluate[string](layoutProblems)); problems != "" {
			t.Errorf("%s, %s: %s", name, mode, problems)
		}
	}
}

// pictures keeps a page of one language as it looks on both screens, light and dark, when there is
// a folder to keep them in.
func pictures(ctx context.Context, t *testing.T, kind, lang string) {
	t.Helper()
	dir := os.Getenv(browser.Shots)
	if dir == "" {
		return
	}
	for _, v := range []browser.View{browser.Large, browser.Small} {
		browser.Step(ctx, t, browser.On(v))
		for _, mode := range []string{"dark", "light"} {
			browser.Step(ctx, t, browser.Scheme(mode))
			file := filepath.Join(dir, fmt.Sprintf("cashier-%s-%d-%s-%s.png", kind, v.Wide, lang, mode))
			if err := os.WriteFile(file, browser.Picture(ctx, t, v), 0o644); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestBrowserPaysOnAPhone(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	d.core.Payer("hong", "小红", 50)
	o := d.core.Order("T-10001", nil)
	server := httptest.NewServer(d.http)
	t.Cleanup(server.Close)
	ctx := browser.Phone(t, "zh-CN")
	address := server.URL + "/pay/" + o.PrepayId
	browser.Step(ctx, t, chromedp.Navigate(address), at(kindPay))
	fits(ctx, t, "pay")
	// Two taps before the first answer. The script swallows the second, so the
	// same form is sent past it too.
	browser.Read(ctx, t, chromedp.Evaluate[bool](`fetch(document.forms[0].action, {method: "POST",
		body: new URLSearchParams(new FormData(document.forms[0], document.querySelector("button.first")))}), true`))
	browser.Step(ctx, t, chromedp.Click(payNow), at(kindPaid))
	fits(ctx, t, "paid")
	if got := browser.Read(ctx, t, chromedp.Text(heading)); got != "支付成功" {
		t.Errorf("after the taps: %s", got)
	}
	browser.Step(ctx, t, chromedp.Reload(), at(kindPaid))
	browser.Step(ctx, t, chromedp.NavigateBack(), at(kindPaid)) // the code's page knows its attempt
	browser.Step(ctx, t, chromedp.Navigate(address+"?lang=en"), at(kindPaid))
	if got := browser.Read(ctx, t, chromedp.Text(heading)); got != "Paid" {
		t.Errorf("in English: %s", got)
	}
	if got := d.charged(); got != 100 {
		t.Errorf("%d fen moved, want 100", got)
	}
}

// Another phone scans the same code: it learns that the order is paid, and
// keeps nothing of the first one's.
func TestBrowserScansAPaidCode(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	d.tap(o, d.ming.Uid, myAttempt)
	server := httptest.NewServer(d.http)
	t.Cleanup(server.Close)
	ctx := browser.Phone(t, "en")
	browser.Step(ctx, t, chromedp.Navigate(server.URL+"/pay/"+o.PrepayId), at(kindAlready))
	fits(ctx, t, "already")
	if got := d.charged(); got != 100 {
		t.Errorf("%d fen moved, want 100", got)
	}
}

// The page that waits ends by itself in the answer.
func TestBrowserWaitsForTheAnswer(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	d.core.Break(func(*pb.Command) (bool, error) { return false, code.Unknown.Err() })
	server := httptest.NewServer(d.http)
	t.Cleanup(server.Close)
	ctx := browser.Phone(t, "en")
	browser.Step(ctx, t, chromedp.Navigate(server.URL+"/pay/"+o.PrepayId), at(kindPay), chromedp.Click(payNow), at(kindWaiting))
	fits(ctx, t, "waiting")
	attempt := browser.Read(ctx, t, chromedp.Evaluate[string](`new URLSearchParams(location.search).get("attempt")`))
	raw, ok := parseAttempt(attempt)
	if !ok {
		t.Fatalf("attempt %q", attempt)
	}
	// The frame that was in doubt turns out to be committed.
	d.core.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: d.ming.Uid, Attempt: raw})
	browser.Step(ctx, t, at(kindPaid))
	if got := d.charged(); got != 100 {
		t.Errorf("%d fen moved, want 100", got)
	}
}

// Every page fits a phone in both languages.
func TestBrowserLayoutOfEveryPage(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.html")
	if err != nil || len(files) != 2*len(kinds) {
		t.Fatalf("golden pages: %v %v", files, err)
	}
	d := newSite(t, true)
	server := httptest.NewServer(goldenServer(d.http))
	t.Cleanup(server.Close)
	ctx := browser.Phone(t, "en")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		browser.Step(ctx, t, chromedp.Navigate(server.URL+"/golden/"+filepath.Base(file)), chromedp.WaitVisible(chromedp.CSS("main")))
		fits(ctx, t, name)
		kind, lang, _ := strings.Cut(name, ".")
		pictures(ctx, t, kind, lang)
	}
}
