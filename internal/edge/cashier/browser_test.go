package cashier

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// browser starts Chromium as a phone of 360 by 640 points that speaks lang.
// Without Chromium the test is skipped, except where CI is set.
func browser(t *testing.T, lang string) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is not installed: apt-get install chromium")
		}
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("accept-lang", lang), chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() { cancel(); stop() })
	phone := chromedp.EmulateViewport(360, 640, chromedp.EmulateScale(2), chromedp.EmulateMobile)
	if err := chromedp.Do(ctx, phone); err != nil {
		t.Fatal(err)
	}
	ctx, expire := context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(expire)
	return ctx
}

// step does the actions or ends the test.
func step(ctx context.Context, t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// read does an action that answers something, or ends the test.
func read[T any](ctx context.Context, t *testing.T, a chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// at waits until the page is of the kind.
func at(k kind) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS("main." + string(k)))
}

const (
	heading = chromedp.CSS("h1")
	payNow  = chromedp.CSS("button.first")
)

// fits checks the layout of the page shown, and keeps its picture when
// HOLDFAST_SHOTS names a folder.
func fits(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	if problems := read(ctx, t, chromedp.Evaluate[string](layoutProblems)); problems != "" {
		t.Errorf("%s: %s", name, problems)
	}
	if dir := os.Getenv("HOLDFAST_SHOTS"); dir != "" {
		png := read(ctx, t, chromedp.FullScreenshot(100))
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
			t.Error(err)
		}
	}
}

// layoutProblems finds what a phone's user would stumble over: sideways
// scrolling, and targets smaller than 44 points.
const layoutProblems = `(() => {
	const found = [];
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) found.push("scrolls sideways: " + root.scrollWidth + " > " + root.clientWidth);
	for (const e of document.querySelectorAll("a, button")) {
		const box = e.getBoundingClientRect();
		if (box.height < 44 || box.width < 44) found.push(e.textContent.trim() + " is " + box.width + " by " + box.height);
	}
	return found.join("; ");
})()`

func TestBrowserPaysOnAPhone(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	d.core.Payer("hong", "小红", 50)
	o := d.core.Order("T-10001", nil)
	server := httptest.NewServer(d.http)
	t.Cleanup(server.Close)
	ctx := browser(t, "zh-CN")
	address := server.URL + "/pay/" + o.PrepayId
	step(ctx, t, chromedp.Navigate(address), at(kindPay))
	fits(ctx, t, "pay")
	// Two taps before the first answer. The script swallows the second, so the
	// same form is sent past it too.
	read(ctx, t, chromedp.Evaluate[bool](`fetch(document.forms[0].action, {method: "POST",
		body: new URLSearchParams(new FormData(document.forms[0], document.querySelector("button.first")))}), true`))
	step(ctx, t, chromedp.Click(payNow), at(kindPaid))
	fits(ctx, t, "paid")
	if got := read(ctx, t, chromedp.Text(heading)); got != "支付成功" {
		t.Errorf("after the taps: %s", got)
	}
	step(ctx, t, chromedp.Reload(), at(kindPaid))
	step(ctx, t, chromedp.NavigateBack(), at(kindPaid)) // the code's page knows its attempt
	step(ctx, t, chromedp.Navigate(address+"?lang=en"), at(kindPaid))
	if got := read(ctx, t, chromedp.Text(heading)); got != "Paid" {
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
	d := newDesk(t, true)
	o := d.core.Order("T-10001", nil)
	d.tap(o, d.ming.Uid, myAttempt)
	server := httptest.NewServer(d.http)
	t.Cleanup(server.Close)
	ctx := browser(t, "en")
	step(ctx, t, chromedp.Navigate(server.URL+"/pay/"+o.PrepayId), at(kindAlready))
	fits(ctx, t, "already")
	if got := d.charged(); got != 100 {
		t.Errorf("%d fen moved, want 100", got)
	}
}

// The page that waits ends by itself in the answer.
func TestBrowserWaitsForTheAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	o := d.core.Order("T-10001", nil)
	d.core.Break(func(*pb.Command) (bool, error) { return false, code.Unknown.Err() })
	server := httptest.NewServer(d.http)
	t.Cleanup(server.Close)
	ctx := browser(t, "en")
	step(ctx, t, chromedp.Navigate(server.URL+"/pay/"+o.PrepayId), at(kindPay), chromedp.Click(payNow), at(kindWaiting))
	fits(ctx, t, "waiting")
	attempt := read(ctx, t, chromedp.Evaluate[string](`new URLSearchParams(location.search).get("attempt")`))
	raw, ok := parseAttempt(attempt)
	if !ok {
		t.Fatalf("attempt %q", attempt)
	}
	// The frame that was in doubt turns out to be committed.
	d.core.Must(machine.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: d.ming.Uid, Attempt: raw})
	step(ctx, t, at(kindPaid))
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
	d := newDesk(t, true)
	server := httptest.NewServer(goldenServer(d.http))
	t.Cleanup(server.Close)
	ctx := browser(t, "en")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		step(ctx, t, chromedp.Navigate(server.URL+"/golden/"+filepath.Base(file)), chromedp.WaitVisible(chromedp.CSS("main")))
		fits(ctx, t, "page-"+name)
	}
}
