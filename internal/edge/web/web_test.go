package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/web"
)

func open(t *testing.T, sandbox bool) *web.Pages {
	t.Helper()
	w, err := web.New(sandbox, `journal.example/"a"+1a2b3c4d+AbxY`)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func get(h http.Handler, method, path string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var own = regexp.MustCompile(`(?:src|href)="(/[^"]*)"`)

// newer are what browsers of old tablets lack.
var newer = regexp.MustCompile(`\.(at|replaceAll|findLast|findLastIndex|toSorted|toReversed|toSpliced|with|flatten|replaceChildren|allSettled|any|withResolvers|groupBy|hasOwn|randomUUID|waitAsync|checkVisibility|showPopover|timeout)\(` +
	`|\b(structuredClone|WeakRef|FinalizationRegistry|AggregateError|createImageBitmap|OffscreenCanvas|CompressionStream|DecompressionStream|requestIdleCallback|Intl\.(Segmenter|DurationFormat|ListFormat|DisplayNames)|URLPattern|Iterator\.|navigator\.locks)\b` +
	`|\?\?=|\|\|=|&&=|static\{|\d_\d`)

// All that the till loads is read by browsers of old tablets: Chrome 80, Safari 14.1.
func TestAnOldTabletHasAllThatTheTillUses(t *testing.T) {
	t.Parallel()
	h := open(t, false)
	for _, l := range own.FindAllStringSubmatch(get(h, "GET", web.Till).Body.String(), -1) {
		if !strings.HasSuffix(l[1], ".js") {
			continue
		}
		if used := newer.FindAllString(get(h, "GET", l[1]).Body.String(), -1); used != nil {
			t.Errorf("%s uses %q", l[1], used)
		}
	}
}

// Every address is the page, and all that the page loads is there.
func TestThePageAndItsFiles(t *testing.T) {
	t.Parallel()
	h := open(t, false)
	for _, path := range []string{"/", "/pay/wx20260301120000ffffffffffffffffffff", "/settings/pin", "/ui"} {
		a := get(h, "GET", path)
		if a.Code != 200 || !strings.Contains(a.Body.String(), `id="app"`) || a.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", path, a.Code, a.Header())
		}
	}
	links := own.FindAllStringSubmatch(get(h, "GET", "/").Body.String(), -1)
	ofTill := own.FindAllStringSubmatch(get(h, "GET", web.Till).Body.String(), -1)
	if len(links) < 5 || len(ofTill) < 5 {
		t.Fatalf("the pages load %v and %v", links, ofTill)
	}
	for _, l := range append(append(links, ofTill...), []string{"", "/sw.js"}, []string{"", "/till/sw.js"}) {
		a := get(h, "GET", l[1])
		if a.Code != 200 || a.Header().Get("Content-Type") == "" {
			t.Errorf("%s: %d", l[1], a.Code)
		}
		if immutable := strings.Contains(a.Header().Get("Cache-Control"), "immutable"); immutable != strings.HasPrefix(l[1], "/assets/") {
			t.Errorf("%s is kept: %v", l[1], immutable)
		}
	}
	if a := get(h, "GET", "/assets/app-OLD.js"); a.Code != 404 {
		t.Errorf("a file of another version: %d", a.Code)
	}
	if a := get(h, "GET", "/till"); a.Code != 308 || a.Header().Get("Location") != web.Till {
		t.Errorf("the till's address without its slash: %d %v", a.Code, a.Header())
	}
	if a := get(h, "GET", web.Till); a.Code != 200 || strings.Contains(a.Body.String(), "/assets/wallet-") {
		t.Errorf("the till: %d\n%s", a.Code, a.Body)
	}
	if a := get(h, "POST", "/"); a.Code != 405 {
		t.Errorf("a form: %d", a.Code)
	}
}

// No answer may be framed, load from elsewhere or run what is not its own.
func TestPolicy(t *testing.T) {
	t.Parallel()
	h := open(t, true)
	for _, path := range []string{"/", "/till/", "/sw.js", "/till/sw.js", "/gone.js"} {
		csp := get(h, "GET", path).Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: no %s in %q", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: %q", path, csp)
		}
	}
	page := get(h, "GET", "/").Body.String() + get(h, "GET", web.Till).Body.String()
	if regexp.MustCompile(`(?i)<style|<script>| style=| on[a-z]+="|https?://`).MatchString(page) {
		t.Errorf("the page has script or style in it, or loads from elsewhere:\n%s", page)
	}
}

func TestASandboxSaysSo(t *testing.T) {
	t.Parallel()
	const mark = "holdfast-sandbox"
	if !strings.Contains(get(open(t, true), "GET", "/").Body.String(), mark) || strings.Contains(get(open(t, false), "GET", "/").Body.String(), mark) {
		t.Error("a sandbox does not say so, or another platform says that it is one")
	}
}

// unpacked is what was sent: what hardly shrinks comes as it is.
func unpacked(a *httptest.ResponseRecorder) ([]byte, error) {
	if a.Header().Get("Content-Encoding") == "" {
		return a.Body.Bytes(), nil
	}
	z, err := gzip.NewReader(a.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// mostFirst is what a phone may have to load before it shows something: script and
// style, compressed.
const mostFirst = 130_000

func TestTheFirstScreenIsLight(t *testing.T) {
	t.Parallel()
	h := open(t, false)
	total := 0
	for _, l := range own.FindAllStringSubmatch(get(h, "GET", "/").Body.String(), -1) {
		if !strings.HasPrefix(l[1], "/assets/") {
			continue
		}
		a := get(h, "GET", l[1], "Accept-Encoding", "gzip")
		total += a.Body.Len()
		plain, err := unpacked(a)
		if err != nil || string(plain) != get(h, "GET", l[1]).Body.String() {
			t.Errorf("%s is another file when it is compressed: %v", l[1], err)
		}
	}
	if total == 0 || total > mostFirst {
		t.Errorf("the first screen takes %d bytes, at most %d", total, mostFirst)
	}
}

func TestAPageThatIsKnownIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := open(t, false)
	tag := get(h, "GET", "/").Header().Get("ETag")
	if a := get(h, "GET", "/settings", "If-None-Match", tag); a.Code != 304 || a.Body.Len() != 0 {
		t.Errorf("%d with %d bytes", a.Code, a.Body.Len())
	}
	if a := get(h, "HEAD", "/"); a.Body.Len() != 0 || a.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD: %d bytes, %v", a.Body.Len(), a.Header())
	}
}

// The demo shop is another's page, at another address; it may send a form to the
// platform, and nothing else elsewhere.
func TestTheDemoShopsPage(t *testing.T) {
	t.Parallel()
	h, err := web.NewShop("http://127.0.0.1:9080")
	if err != nil {
		t.Fatal(err)
	}
	a := get(h, "GET", "/order/SHOP1")
	links := own.FindAllStringSubmatch(a.Body.String(), -1)
	if a.Code != 200 || len(links) < 3 || !strings.Contains(a.Body.String(), "Demo Tea") {
		t.Fatalf("%d\n%s", a.Code, a.Body)
	}
	for _, l := range links {
		if got := get(h, "GET", l[1]); got.Code != 200 {
			t.Errorf("%s: %d", l[1], got.Code)
		}
	}
	if csp := a.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action http://127.0.0.1:9080;") || !strings.Contains(csp, "connect-src 'self'") {
		t.Errorf("its policy: %s", csp)
	}
	if got := get(h, "GET", "/sw.js"); got.Code != 404 {
		t.Errorf("the wallet's worker at the shop: %d", got.Code)
	}
	if got := get(open(t, false), "GET", "/shop/"); strings.Contains(got.Body.String(), "Demo Tea") {
		t.Error("the platform's pages have the demo shop")
	}
}
