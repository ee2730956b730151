package webtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devlog "github.com/chromedp/cdproto/log"
	cdpnet "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const pin = "246802"

// patience bounds one step; a step that comes to nothing says so, with the page.
const patience = 40 * time.Second

// phone is a browser window in somebody's hand. What it does wrong is noted while it
// is used.
type phone struct {
	*testing.T
	site   *site
	ctx    context.Context
	number string
	uid    uint64
	// hosts are where its requests may go.
	hosts []string
	// view is the screen that it has.
	view browser.View

	mu    sync.Mutex
	wrong []string
}

// newPhone opens a fresh phone: nothing is stored in it.
func (s *site) newPhone(lang, number string) *phone {
	s.Helper()
	p := &phone{T: s.T, site: s, ctx: browser.Phone(s.T, lang), number: number, hosts: []string{s.url}, view: browser.Small}
	if err := chromedp.Listen(p.ctx, p.hear); err != nil {
		s.Fatal(err)
	}
	p.step(focusable(), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(watching, lang)})
		return err
	}))
	if os.Getenv(browser.Shots) != "" {
		p.before(asking)
	}
	s.Cleanup(p.blameless)
	return p
}

// focusable has a page believe that it is looked at, beside all others.
func focusable() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})
}

// within is a call of the browser's that returns nothing.
func within[P, R any](method cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, method, params)
		return err
	})
}

// watching counts taps, and has the browser say which language it wants.
const watching = `
	Object.defineProperty(navigator, "languages", { get: () => [%q] });
	window.taps = 0;
	addEventListener("pointerdown", (e) => { if (e.isTrusted) window.taps++; }, true);`

// hear notes what no page may do: an error on the console, a violation of the policy, a
// request to another host. That answers are lost is the test's own doing.
func (p *phone) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			said = fmt.Sprintf("console: %s %v", e.Type, e.Args)
		}
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			said += " " + e.ExceptionDetails.Exception.Description
		}
	case *devlog.EventEntryAdded:
		if e.Entry.Source != devlog.EntrySourceNetwork {
			said = fmt.Sprintf("browser: %s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *cdpnet.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "blob" && !slices.Contains(p.hosts, u.Scheme+"://"+u.Host) {
			said = "a request to " + e.Request.URL
		}
	}
	if said != "" {
		p.mu.Lock()
		p.wrong = append(p.wrong, said)
		p.mu.Unlock()
	}
}

func (p *phone) blameless() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.wrong {
		p.Errorf("the phone of %s: %s", p.number, w)
	}
}

func (p *phone) step(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatalf("%v; the page says:\n%s", err, p.says())
	}
}

// says is the page's text.
func (p *phone) says() string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 5*time.Second) // it may not speak at all
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

func (p *phone) open(path string) { p.Helper(); p.step(chromedp.Navigate(p.site.url + path)) }

func (p *phone) see(css string) { p.Helper(); p.step(chromedp.WaitVisible(chromedp.CSS(css))) }

// focused waits until what is typed goes there: a field that has just come up takes the
// focus a moment later.
func (p *phone) focused(css string) {
	p.Helper()
	p.until(fmt.Sprintf(`!!document.activeElement?.closest(%q)`, css))
}

// tap presses what is there. A page that is replaced by another before it could be pressed
// was not pressed.
func (p *phone) tap(css string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	press := chromedp.Click(chromedp.CSS(css))
	err := chromedp.Do(ctx, press)
	for err != nil && ctx.Err() == nil && strings.Contains(err.Error(), "Could not find node") {
		err = chromedp.Do(ctx, press)
	}
	if err != nil {
		p.Fatalf("pressing %s: %v; the page says:\n%s", css, err, p.says())
	}
}

func (p *phone) write(css, text string) {
	p.Helper()
	p.step(chromedp.SendKeys(chromedp.CSS(css), text))
}

// until waits until an expression is true on the page.
func (p *phone) until(expression string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	look := chromedp.Evaluate[bool](`new Promise((done) => { const look = () => (`+expression+`) ? done(true) : setTimeout(look, 20); look(); })`, chromedp.EvalAwaitPromise)
	_, err := chromedp.Run(ctx, look)
	for err != nil && ctx.Err() == nil && strings.Contains(err.Error(), "navigated") { // the page that was asked is left
		_, err = chromedp.Run(ctx, look)
	}
	if err != nil {
		p.Fatalf("waiting for %s: %v; the page says:\n%s", expression, err, p.says())
	}
}

// reads waits until the page has a text.
func (p *phone) reads(text string) {
	p.Helper()
	p.until(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

func (p *phone) eval(expression string) string {
	p.Helper()
	return browser.Read(p.ctx, p.T, chromedp.Evaluate[string](expression))
}

var digits = regexp.MustCompile(`: (\d{6})\n`)

// enrol goes through the first run: a number, a code, a name and a PIN, by keyboard
// alone.
func (p *phone) enrol(name string, fen int64) {
	p.Helper()
	p.open("/")
	p.enrolHere(name)
	p.see(".balance .amount")
	p.uid = p.lastPerson()
	if fen > 0 {
		p.topup(fen)
		p.step(chromedp.Reload())
		p.until(`document.querySelector(".days .came") !== null`)
	}
}

func (p *phone) topup(fen int64) {
	p.Helper()
	p.site.do(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.uid, Amount: fen, Currency: money.CNY, Ref: p.number, Line: "test"})
}

// enrolHere is enrol on the page that is open, which comes after it.
func (p *phone) enrolHere(name string) {
	p.Helper()
	p.see("input[name=phone]")
	p.fits("welcome")
	p.write("input[name=phone]", p.number+"\r")
	p.see("input[name=code]")
	sent := digits.FindAllStringSubmatch(p.site.codes.String(), -1)
	if len(sent) == 0 {
		p.Fatal("no code was sent")
	}
	p.write("input[name=code]", sent[len(sent)-1][1])
	p.fits("code")
	p.write("input[name=name]", name+"\r")
	p.see(".pinpad")
	p.fits("pin")
	for range 2 {
		before := p.eval(`document.querySelector(".pinlabel").textContent`)
		p.step(chromedp.KeyEvent(pin))
		p.until(fmt.Sprintf(`document.querySelector(".pinlabel")?.textContent !== %q`, before))
	}
}

var caller = regexp.MustCompile(`ShowWallet uid=(\d+)`)

// lastPerson is whoever looked at their wallet last.
func (p *phone) lastPerson() (uid uint64) {
	p.Helper()
	found := caller.FindAllStringSubmatch(p.site.log.String(), -1)
	if len(found) == 0 {
		p.Fatal("nobody has looked at a wallet")
	}
	if _, err := fmt.Sscan(found[len(found)-1][1], &uid); err != nil {
		p.Fatal(err)
	}
	return uid
}

// fits checks the page that is shown, and keeps pictures of it.
func (p *phone) fits(name string) {
	p.Helper()
	p.checked(name)
	p.pictures(name)
}

// checked checks the page that is shown: in both themes axe finds nothing, nothing is too
// small for a thumb, and nothing scrolls sideways, also at 200 % text.
func (p *phone) checked(name string) {
	p.Helper()
	for _, mode := range []string{"dark", "light"} {
		p.step(browser.Scheme(mode))
		p.until(still)
		if found := p.axe(); found != "" {
			p.Errorf("%s, %s: %s", name, mode, found)
		}
	}
	if small := p.eval(small); small != "" {
		p.Errorf("%s: %s", name, small)
	}
	p.eval(`(document.documentElement.style.fontSize = "200%", "")`)
	if wide := p.eval(sideways); wide != "" {
		p.Errorf("%s at 200 %% text: %s", name, wide)
	}
	p.eval(`(document.documentElement.style.fontSize = "", "")`)
	if wide := p.eval(sideways); wide != "" {
		p.Errorf("%s: %s", name, wide)
	}
}

// still is true once nothing moves but what always does.
const still = `document.getAnimations().every((a) => a.playState === "finished" || a.effect.getTiming().iterations === Infinity)`

// small says what a thumb would miss: what is pressed and less than 44 points wide or high.
// A box to tick or to choose is pressed by its words too.
const small = `[...document.querySelectorAll("button, a, input, select, textarea, summary, label:has(input[type=checkbox], input[type=radio])")].filter((e) => {
	const box = e.getBoundingClientRect();
	return box.width > 0 && !e.matches("[type=checkbox], [type=radio], .read") && (box.width < 44 || box.height < 44);
}).map((e) => (e.textContent || e.name || e.tagName).trim().slice(0, 40) + " is " + e.getBoundingClientRect().width + " by " + e.getBoundingClientRect().height).join("; ")`

// sideways says what is wider than the screen.
const sideways = `(() => {
	const root = document.documentElement;
	const found = [...document.querySelectorAll("button, a, input, p, h1, h2, .amount, dd")].filter((e) => {
		const box = e.getBoundingClientRect();
		return box.width > 0 && !e.classList.contains("read") && (box.right > root.clientWidth + 1 || box.left < -1);
	}).map((e) => (e.textContent || e.tagName).trim().slice(0, 40));
	if (root.scrollWidth > root.clientWidth) found.push("scrolls sideways");
	return found.join("; ");
})()`

// axeFile is there once make web has installed what the pages are made of.
const axeFile = "../../../web/node_modules/axe-core/axe.min.js"

var axeSource = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(axeFile)
	return string(text), err
})

// axe says what axe-core finds on the page.
func (p *phone) axe() string {
	p.Helper()
	source, err := axeSource()
	if err != nil {
		if os.Getenv("CI") != "" {
			p.Fatalf("%v: make web installs it", err)
		}
		return ""
	}
	browser.Read(p.ctx, p.T, chromedp.Evaluate[bool](`window.axe || (() => {`+source+`})(), true`))
	found, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`axe.run(document, { resultTypes: ["violations"] }).then((r) =>
		r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")).join("; "))`, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatal(err)
	}
	return found
}
