package webtest

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
)

// files keeps what the page gives the person to keep.
const files = `{
	const make = URL.createObjectURL;
	URL.createObjectURL = (blob) => { blob.text().then((text) => (window.kept = text)); return make.call(URL, blob); };
}`

// Somebody looks at what they paid: each step has its time. The phone checks the receipt
// with the key that it holds, as the command line would, and calls one false that was
// altered on its way. Two taps report the payment; the answer is read where it was asked
// for.
func TestABillIsProvenAndReported(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.newPhone("zh-CN", "13800000008")
	p.before(files)
	p.enrol("王小明", 100_00)
	p.open("/pay/" + s.order("TEA-000020", 23_00).PrepayId)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	p.open("/bills")
	p.until(`document.querySelector(".days a")?.textContent.includes("23.00")`) // the list from before it was paid comes first
	p.tap(".days a")
	p.see(".timeline")
	p.reads("商家下单")
	p.reads("正在通知商家")
	p.fits("bill-paid")

	p.tap("#verify")
	p.see(".receipt .verdict.good")
	p.fits("bill-proven")
	p.tap(".receipt .button.quiet")
	p.until(`window.kept !== undefined`)
	s.proven(p.eval(`window.kept`))

	s.net.mode.Store(alters)
	p.step(chromedp.Reload())
	p.tap("#verify")
	p.see(".receipt .verdict.bad")
	p.reads("收据不成立")
	p.fits("bill-false")
	s.net.mode.Store(passes)

	p.reports()
}

// proven checks a receipt's file as `holdfast receipt verify` does.
func (s *site) proven(text string) {
	s.Helper()
	receipt, err := journal.DecodeReceipt([]byte(text))
	if err != nil {
		s.Fatalf("%v\n%s", err, text)
	}
	key, err := journal.ParseVerifier(s.node.Keys().CheckpointVerifier())
	if err != nil {
		s.Fatal(err)
	}
	e, _, err := journal.VerifyReceipt(receipt, key)
	if err != nil || e.Entity != "order/1" || e.Postings[0].Amount != 23_00 {
		s.Errorf("the file that the phone kept proves %v, %v", e, err)
	}
}

func (p *phone) reports() {
	p.Helper()
	before := browser.Read(p.ctx, p.T, chromedp.Evaluate[int](`window.taps`))
	p.tap("#wrong")
	p.see(".rows button")
	p.fits("report-new")
	p.tap(".rows button")
	p.see(".verdict.wait")
	p.reads("最迟")
	if taps := browser.Read(p.ctx, p.T, chromedp.Evaluate[int](`window.taps`)); taps-before != 2 {
		p.Errorf("%d taps report a problem, want 2", taps-before)
	}
	p.fits("report-waits")
	made := p.site.report(1)
	if made.Uid != p.uid || made.Mchid == "" || len(made.Evidence) != 2 {
		p.Errorf("the report is %v", made)
	}
	words, err := p.site.node.People().SealMemo(p.Context(), "已补发，抱歉", p.site.person(p.uid))
	if err != nil {
		p.Fatal(err)
	}
	p.site.do(catalogue.ReportAnswer, &pb.ReportAnswer{Id: 1, Words: words})
	p.step(chromedp.Reload())
	p.reads("已补发，抱歉")
	p.fits("report-answered")
	p.tap("#close-report")
	p.until(`document.querySelector("#close-report") === null`)
	p.open("/reports")
	p.see(".rows a")
	p.reads("已结束")
	p.fits("reports")
}

// report is a problem report as the platform has it.
func (s *site) report(id uint64) (p *pb.ProblemReport) {
	s.Helper()
	s.read(func(r table.Reader) { p, _ = report.Get(r, id) })
	return p
}

func (s *site) person(uid uint64) (p *pb.Person) {
	s.Helper()
	s.read(func(r table.Reader) { p, _ = person.Get(r, uid) })
	return p
}

func (s *site) read(look func(table.Reader)) {
	s.Helper()
	if err := s.node.Replica().ReadLatest(s.Context(), func(r table.Reader) error { look(r); return nil }); err != nil {
		s.Fatal(err)
	}
}
