package webtest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdpnet "github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// What the pages are measured with: an old phone far from a good network.
const (
	slowdown   = 4         // of its processor
	downstream = 1_600_000 // bits a second
	roundTrip  = 150       // milliseconds
)

// TestSpeed measures what people wait for; it fails for no figure. HOLDFAST_SPEED has it
// run: make pagespeed.
func TestSpeed(t *testing.T) {
	if os.Getenv("HOLDFAST_SPEED") == "" {
		t.Skip("make pagespeed measures")
	}
	s := newSite(t)
	t.Run("first screens", func(t *testing.T) { s.with(t).firstScreens(7) })
	payer := s.newPhone("en", "13800000021")
	payer.enrol("Ming", 500_00)
	s.tapsToResults(payer, 20)
	s.tillHears(payer, 200)
}

// with is the site for a part of a test, whose phones are put away with it: pages that
// stay open take their share of the processor.
func (s *site) with(t *testing.T) *site {
	return &site{T: t, node: s.node, codes: s.codes, log: s.log, url: s.url}
}

// tell prints a figure: the median, the 95th percentile and the largest.
func (s *site) tell(what string, ms []float64) {
	slices.Sort(ms)
	at := func(q float64) float64 { return ms[min(int(q*float64(len(ms))), len(ms)-1)] }
	fmt.Printf("pages  %-44s median %6.0f ms   p95 %6.0f ms   most %6.0f ms   of %d\n", what, at(0.5), at(0.95), ms[len(ms)-1], len(ms))
}

// slow has a phone be as slow as an old one, on a network that is far.
func slow() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slowdown}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, cdpnet.EmulateNetworkConditionsByRule, cdpnet.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*cdpnet.Conditions{
			{Latency: roundTrip, DownloadThroughput: downstream / 8, UploadThroughput: downstream / 8},
		}})
		return err
	})
}

// usable notes when the first field is there and the page has time to take what is
// typed into it.
const usable = `
	new MutationObserver((_, look) => {
		if (!document.querySelector("input[name=phone]")) return;
		look.disconnect();
		setTimeout(() => { window.usable = performance.now(); });
	}).observe(document, { childList: true, subtree: true });`

// firstScreens opens the wallet on phones that have never seen it.
func (s *site) firstScreens(n int) {
	s.Helper()
	var painted, ready []float64
	for range n {
		p := s.newPhone("en", "13800000020")
		p.before(usable)
		p.step(slow())
		p.open("/")
		p.until(`window.usable !== undefined && performance.getEntriesByName("first-contentful-paint").length > 0`)
		painted = append(painted, browser.Read(p.ctx, s.T, chromedp.Evaluate[float64](`performance.getEntriesByName("first-contentful-paint")[0].startTime`)))
		ready = append(ready, browser.Read(p.ctx, s.T, chromedp.Evaluate[float64](`window.usable`)))
	}
	s.tell("first paint (budget 1,000)", painted)
	s.tell("interactive (budget 1,500)", ready)
}

// watchResult notes when a finger went down on the button that pays, and when the result
// was painted.
const watchResult = `(() => {
	addEventListener("pointerdown", () => { window.tapped = performance.now(); }, { capture: true, once: true });
	new MutationObserver((_, look) => {
		if (!document.querySelector(".verdict.good")) return;
		look.disconnect();
		requestAnimationFrame(() => setTimeout(() => { window.told = performance.now(); }));
	}).observe(document, { childList: true, subtree: true });
	return "";
})()`

// atRest is true once the page has asked for nothing for half a second.
const atRest = `performance.now() - Math.max(...performance.getEntriesByType("resource").map((e) => e.responseEnd)) > 500`

// tapsToResults pays orders from the balance, on the slow phone.
func (s *site) tapsToResults(p *phone, n int) {
	s.Helper()
	p.step(slow())
	var took []float64
	for i := range n {
		o := s.order(fmt.Sprintf("SPEED-%06d", i), 1_00)
		p.open("/pay/" + o.PrepayId)
		p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
		p.until(atRest) // whoever pays has read what for
		p.eval(watchResult)
		p.tap("#pay")
		p.until(`window.told !== undefined`)
		took = append(took, browser.Read(p.ctx, s.T, chromedp.Evaluate[float64](`window.told - window.tapped`)))
	}
	s.tell("tap to result of a balance payment (400)", took)
}

// watchTill notes when each amount that the till announces was painted, by the machine's
// clock.
const watchTill = `(() => {
	window.heard = {};
	new MutationObserver(() => {
		const amount = document.querySelector(".announced .amount")?.textContent;
		if (!amount || window.heard[amount]) return;
		window.heard[amount] = Infinity;
		requestAnimationFrame(() => setTimeout(() => { window.heard[amount] = performance.timeOrigin + performance.now(); }));
	}).observe(document, { childList: true, subtree: true, characterData: true });
	return "";
})()`

// tillHears pays by the till's printed code, and has the till's page say when it showed
// each payment: after the commit, which is known a moment after it.
func (s *site) tillHears(payer *phone, n int) {
	s.Helper()
	const enough = 1_000_000_00 // fen: no limit is what is measured
	s.do(catalogue.LimitsSet, &pb.LimitsSet{Limits: &pb.Limits{Grade: 1, PerAct: enough, PerDay: enough, PerYear: enough, PerMinute: 1 << 20}})
	device := s.deviceOf(payer.uid)
	p := s.newTablet("en")
	p.eval(watchTill)
	var took []float64
	for i := range n {
		fen := int64(100 + i)
		s.do(catalogue.TillPay, &pb.TillPay{Token: p.token, Uid: payer.uid, Amount: fen, ClientId: fmt.Sprintf("speed-%d", i),
			Consent: &pb.Consent{Device: device, Counter: uint64(1_000_000 + i), Signed: make([]byte, 32), Signature: make([]byte, 64)}})
		committed := float64(time.Now().UnixMicro()) / 1000
		shown := fmt.Sprintf(`Object.entries(window.heard).find(([a, at]) => a.includes("%d.%02d") && at !== Infinity)`, fen/100, fen%100)
		p.until(shown + ` !== undefined`)
		took = append(took, browser.Read(p.ctx, s.T, chromedp.Evaluate[float64](shown+`[1]`))-committed)
		p.eval(`(document.querySelector("#seen")?.click(), "")`)
	}
	s.tell("a till shows a payment after its commit (300)", took)
}

// deviceOf is the id of a person's device.
func (s *site) deviceOf(uid uint64) (id []byte) {
	s.Helper()
	if err := s.node.Replica().ReadLatest(s.Context(), func(r table.Reader) error {
		if w, ok := wallet.Get(r, uid); ok {
			id = w.Devices[0].Id
		}
		return nil
	}); err != nil {
		s.Fatal(err)
	}
	return id
}
