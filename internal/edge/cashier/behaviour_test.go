package cashier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// kindOf reads which page an answer is.
func kindOf(w *httptest.ResponseRecorder) kind {
	_, rest, _ := strings.Cut(w.Body.String(), `<main class="`)
	k, _, _ := strings.Cut(rest, `"`)
	return kind(k)
}

// Taps, reloads and the back button of one browser are one payment; another
// browser's are another, and move nothing.
func TestOneAttemptMovesMoneyOnce(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	var wg sync.WaitGroup
	for i := range 40 {
		attempt, want := myAttempt, kindPaid
		if i%2 == 1 {
			attempt, want = otherAttempt, kindAlready
		}
		if i < 2 { // somebody is first
			if got := kindOf(d.tap(o, d.ming.Uid, attempt)); got != want {
				t.Fatalf("tap %d: %s", i, got)
			}
			continue
		}
		wg.Go(func() {
			if got := kindOf(d.tap(o, d.ming.Uid, attempt)); got != want {
				t.Errorf("tap %d: %s, want %s", i, got, want)
			}
		})
	}
	wg.Wait()
	if got := d.charged(); got != 100 {
		t.Errorf("%d fen moved, want 100", got)
	}
}

// A payment whose answer was lost is found by asking again; the tap that
// repeats it is the same payment.
func TestLostAnswerIsFound(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	d.core.Break(func(*pb.Command) (bool, error) { return true, code.Unknown.Err() })
	if got := kindOf(d.tap(o, d.ming.Uid, myAttempt)); got != kindPaid {
		t.Errorf("applied without an answer: %s", got)
	}
	d.core.Break(nil)
	if got := kindOf(d.tap(o, d.ming.Uid, myAttempt)); got != kindPaid {
		t.Errorf("repeated: %s", got)
	}
	if got := d.charged(); got != 100 {
		t.Errorf("%d fen moved, want 100", got)
	}
}

// A node that hangs doesn't hang the payer.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	d.http = New(Config{Core: hanging{d}, Patience: time.Millisecond}).Handler()
	w := d.post("/pay/"+o.PrepayId, url.Values{"attempt": {myAttempt}, "payer": {"1"}})
	if w.Code != http.StatusSeeOther || strings.Contains(w.Header().Get("Location"), "code=") {
		t.Errorf("answer %d to %s", w.Code, w.Header().Get("Location"))
	}
}

type hanging struct{ *site }

func (hanging) Do(ctx context.Context, _ *pb.Command) (catalogue.Result, error) {
	<-ctx.Done()
	return catalogue.Result{}, ctx.Err()
}

// Waiting ends within a minute of the tap whatever the address says.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	path := "/pay/" + d.core.Order("T-10001", nil).PrepayId + "/result?payer=1&attempt=" + myAttempt + "&since="
	if budget := patience.Milliseconds() + waitMs + 2*1000*refreshAfter; budget > 60_000 {
		t.Errorf("a payer may wait %d ms", budget)
	}
	now := d.core.Now()
	for since, want := range map[string]kind{
		fmt.Sprint(now): kindWaiting, fmt.Sprint(now - waitMs + 1): kindWaiting, fmt.Sprint(now - waitMs): kindInDoubt,
		fmt.Sprint(now + 1): kindInDoubt, "x": kindInDoubt, "": kindInDoubt,
	} {
		w := d.get(path + since)
		if got := kindOf(w); got != want {
			t.Errorf("since %q: %s, want %s", since, got, want)
		}
		if refreshes := strings.Contains(w.Body.String(), `http-equiv="refresh"`); refreshes != (want == kindWaiting) {
			t.Errorf("since %q: refreshes itself: %v", since, refreshes)
		}
	}
}

// What an address claims never becomes a payment on the page.
func TestResultComesFromTheState(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	for _, claim := range []string{"code=0", "code=26", "code=82", "code=4294967296", "code=x", "code=7"} {
		got := kindOf(d.get("/pay/" + o.PrepayId + "/result?payer=1&attempt=" + myAttempt + "&" + claim))
		if got == kindPaid || got == kindAlready || got == "" {
			t.Errorf("%s: %s", claim, got)
		}
	}
	d.tap(o, d.ming.Uid, myAttempt)
	for _, claim := range []string{"code=26&payer=1&attempt=" + myAttempt, "payer=1&attempt=" + myAttempt} {
		if got := kindOf(d.get("/pay/" + o.PrepayId + "/result?" + claim)); got != kindPaid {
			t.Errorf("%s: %s", claim, got)
		}
	}
	for _, claim := range []string{"payer=2&attempt=" + myAttempt, "payer=1&attempt=" + otherAttempt, "payer=1&attempt=", ""} {
		if got := kindOf(d.get("/pay/" + o.PrepayId + "/result?" + claim)); got != kindAlready {
			t.Errorf("%q: %s", claim, got)
		}
	}
}

// Outside a sandbox no form pays: nobody is enrolled, so nobody could be asked.
func TestNobodyPaysOutsideASandbox(t *testing.T) {
	t.Parallel()
	d := newSite(t, false)
	o := d.core.Order("T-10001", nil)
	w := d.tap(o, d.ming.Uid, myAttempt)
	if kindOf(w) != kindNoWallet || w.Code != http.StatusForbidden || d.charged() != 0 {
		t.Errorf("%s, status %d, %d fen", kindOf(w), w.Code, d.charged())
	}
	if strings.Contains(d.get("/pay/"+o.PrepayId).Body.String(), "小明") {
		t.Error("the page names payers outside a sandbox")
	}
}

func TestReceiptIsForWhoPaid(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	path := "/pay/" + o.PrepayId + "/receipt?attempt="
	if w := d.get(path + myAttempt); w.Code != http.StatusNotFound {
		t.Errorf("before the payment: %d", w.Code)
	}
	page := d.tap(o, d.ming.Uid, myAttempt).Body.String()
	if !strings.Contains(page, path+myAttempt) {
		t.Error("the result lacks the receipt's link")
	}
	w := d.get(path + myAttempt)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"checkpoint": "note"`) || !strings.Contains(w.Header().Get("Content-Disposition"), "receipt-42000") {
		t.Errorf("receipt: %d %v %s", w.Code, w.Header(), w.Body)
	}
	for _, other := range []string{otherAttempt, "", "x"} {
		if w := d.get(path + other); w.Code != http.StatusNotFound {
			t.Errorf("with attempt %q: %d", other, w.Code)
		}
	}
	d.http = New(Config{Core: d, Receipt: func(context.Context, *pb.Order) (*pb.Receipt, error) { return nil, errors.New("no checkpoint") }}).Handler()
	if w := d.get(path + myAttempt); kindOf(w) != kindUnavailable {
		t.Errorf("no receipt yet: %s", kindOf(w))
	}
}

// A prepay_id can be made up from an order's number. Only who holds one that the
// order was really given sees merchant, amount and what became of it.
func TestAMadeUpPrepayIDTellsNothing(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	madeUp := ident.PrepayID(o.Id, d.core.Now(), stamp.Business, []byte("not the seed"))
	check := func(when string) {
		t.Helper()
		for _, path := range []string{"/pay/" + madeUp, "/pay/" + madeUp + "/result?payer=1&attempt=" + otherAttempt} {
			w := d.get(path)
			if kindOf(w) != kindReplaced {
				t.Errorf("%s: %s shows page %s", when, path, kindOf(w))
			}
			for _, secret := range []string{"¥1.00", o.Description, o.OutTradeNo, "42000"} {
				if strings.Contains(w.Body.String(), secret) {
					t.Errorf("%s: %s tells %q", when, path, secret)
				}
			}
		}
	}
	check("unpaid")
	if page := d.tap(o, d.ming.Uid, myAttempt).Body.String(); !strings.Contains(page, "¥1.00") {
		t.Fatalf("the payer does not see what was paid: %s", page)
	}
	check("paid")
}

func TestClosedOrderInDoubtIsAnswered(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	d.core.Must(catalogue.OrderClose, &pb.OrderClose{Mchid: o.Mchid, OutTradeNo: o.OutTradeNo})
	if got := kindOf(d.get("/pay/" + o.PrepayId + "/result?payer=1&attempt=" + myAttempt)); got != kindClosed {
		t.Errorf("in doubt about a closed order: %s", got)
	}
}

// The clock of a sandbox is business time: pages follow it.
func TestPagesFollowTheSandboxClock(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	d.core.Must(catalogue.AdvanceClock, &pb.AdvanceClock{AdvanceMs: 3 * stamp.Hour, Attempt: "a"})
	if got := kindOf(d.get("/pay/" + o.PrepayId)); got != kindStale {
		t.Errorf("three hours later: %s", got)
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "zh", "fr": "zh", "en": "en", "en-US,en;q=0.9,zh;q=0.8": "en", "zh-TW,en;q=0.5": "zh", "en;q=0.1, zh-CN;q=0.2": "zh",
		"de, en;q=0.3": "en", "en;q=x, zh": "zh", "*": "zh", "en;q=0": "zh", "EN-gb": "en",
	} {
		if got := accepted(header); got != want {
			t.Errorf("Accept-Language %q: %s, want %s", header, got, want)
		}
	}
	d := newSite(t, true)
	path := "/pay/" + d.core.Order("T-10001", nil).PrepayId
	w := d.get(path + "?lang=zh")
	if !strings.Contains(w.Body.String(), `lang="zh-CN"`) {
		t.Error("?lang=zh is not Chinese")
	}
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Language", "en")
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	if !strings.Contains(d.do(r).Body.String(), `lang="zh-CN"`) {
		t.Error("the choice is not remembered")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	for _, w := range []*httptest.ResponseRecorder{d.get("/pay/" + o.PrepayId), d.get("/pay/none"), d.tap(o, 1, myAttempt)} {
		if got := w.Header().Get("Content-Security-Policy"); got != policy {
			t.Errorf("Content-Security-Policy %q", got)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", w.Header())
		}
		if strings.Contains(w.Body.String(), "<style") || strings.Contains(w.Body.String(), "style=") || strings.Contains(w.Body.String(), "onclick") {
			t.Error("the page has inline style or script, which its own policy forbids")
		}
	}
	for _, file := range []string{"cashier.css", "cashier.js"} {
		if w := d.get("/cashier/static/" + file); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d", file, w.Code)
		}
	}
	for _, file := range []string{"page.html", "..%2fcashier.go", "none"} {
		if w := d.get("/cashier/static/" + file); w.Code != 404 {
			t.Errorf("%s: %d", file, w.Code)
		}
	}
}

// Whoever goes astray gets a page, with any method.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	for path, want := range map[string]kind{"/favicon.ico": kindAstray, "/pay/": kindUnknown, "/pay/a/b": kindUnknown} {
		if w := d.get(path); w.Code != http.StatusNotFound || kindOf(w) != want {
			t.Errorf("%s: %d %s", path, w.Code, kindOf(w))
		}
	}
	if w := d.post("/pay", url.Values{}); w.Code != http.StatusNotFound || kindOf(w) != kindAstray {
		t.Errorf("POST /pay: %d %s", w.Code, kindOf(w))
	}
}

// Names and descriptions come from merchants and payers: they are text.
func TestNothingIsMarkup(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	d.core.Payer("evil", `<script>alert(1)</script>`, 100)
	o := d.core.Order("T-10001", func(c *pb.OrderCreate) { c.Description = `"><img src=x onerror=alert(2)>` })
	body := d.get("/pay/" + o.PrepayId).Body.String()
	if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
		t.Error(body)
	}
}

func TestPanicIsAPage(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	d.http = New(Config{Core: panicking{d}}).Handler()
	if w := d.get("/pay/wx1"); w.Code != http.StatusServiceUnavailable || kindOf(w) != kindUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type panicking struct{ *site }

func (panicking) ReadLatest(context.Context, func(table.Reader) error) error { panic("bug") }

func TestH5(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", func(c *pb.OrderCreate) { c.Product = pb.Product_PRODUCT_H5 })
	address := H5URL("", o)
	back := "&redirect_url=" + url.QueryEscape("https://shop.example/done?id=1")
	w := d.get(address + back)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("h5_url: %d %s", w.Code, w.Body)
	}
	opened := d.get(w.Header().Get("Location"))
	if kindOf(opened) != kindPay || !strings.Contains(opened.Body.String(), `name="package" value="`+H5Package(o, o.PrepayId)) {
		t.Errorf("h5 page: %s", opened.Body)
	}
	if !strings.Contains(opened.Body.String(), `href="https://shop.example/done?id=1" rel="noopener noreferrer"`) {
		t.Error("the way back is missing")
	}
	if got := kindOf(d.get("/pay/" + o.PrepayId)); got != kindScene {
		t.Errorf("without the package: %s", got)
	}
	if got := kindOf(d.get("/pay/" + o.PrepayId + "?package=0000000001")); got != kindScene {
		t.Errorf("with another package: %s", got)
	}
	form := url.Values{"attempt": {myAttempt}, "payer": {"1"}}
	if w := d.post("/pay/"+o.PrepayId, form); w.Code != http.StatusForbidden || d.charged() != 0 {
		t.Errorf("paid without the package: %d, %d fen", w.Code, d.charged())
	}
	d.core.Sleep(H5Life)
	if got := kindOf(d.get(address)); got != kindStale {
		t.Errorf("after five minutes: %s", got)
	}
	// Who opened it in time may still pay.
	form.Set("package", H5Package(o, o.PrepayId))
	form.Set("redirect_url", "https://shop.example/done")
	w = d.post("/pay/"+o.PrepayId, form)
	if page := d.get(w.Header().Get("Location")); kindOf(page) != kindPaid || !strings.Contains(page.Body.String(), "https://shop.example/done") {
		t.Errorf("paid: %s", page.Body)
	}
	if got := kindOf(d.get(address)); got != "" { // the order's page knows better than the five minutes
		t.Errorf("after the payment: %s", got)
	}
	native := d.core.Order("T-10002", nil)
	if w := d.get("/h5?prepay_id=" + native.PrepayId); kindOf(w) != kindScene {
		t.Errorf("a NATIVE order by h5: %s", kindOf(w))
	}
	if w := d.get("/h5?prepay_id=x"); kindOf(w) != kindUnknown {
		t.Errorf("no order by h5: %s", kindOf(w))
	}
}

func TestReturnAddress(t *testing.T) {
	t.Parallel()
	for raw, host := range map[string]string{
		"https://shop.example/done": "shop.example", "http://127.0.0.1:8080/x": "127.0.0.1:8080", "HTTPS://Shop.Example": "Shop.Example",
		"javascript:alert(1)": "", "//shop.example": "", "/done": "", "data:text/html,x": "", "https://user@shop.example": "",
		"https://": "", "https:///x": "", "https://xn--shop/": "xn--shop", "https://шоп.example": "", "weixin://dl": "",
		"https://shop.example:99999/": "", "https://a b/": "", "https://" + strings.Repeat("a", maxReturn): "",
	} {
		got := ""
		if back := readReturn(url.Values{"redirect_url": {raw}}); back != nil {
			got = back.host
		}
		if got != host {
			t.Errorf("%.60q goes back to %q, want %q", raw, got, host)
		}
	}
}

func decode(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return body
}
