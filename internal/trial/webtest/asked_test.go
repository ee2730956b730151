package webtest

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// charge has a till read a code that somebody shows.
func (s *site) charge(no string, fen int64, shown string) *pb.Order {
	s.Helper()
	j := &judge.Judge{Core: s.node.Replica(), Tags: s.node.People(), Wall: time.Now, Node: 1}
	o, out, err := j.Pay(s.Context(), judge.Charge{Till: 1, Code: shown, Actor: "till/1", Order: &pb.OrderCreate{
		Mchid: edgetest.Mchid, Appid: edgetest.Appid, OutTradeNo: no, Product: pb.Product_PRODUCT_MICROPAY, Total: fen, Currency: money.CNY, Description: "奶茶",
	}})
	if err != nil || !out.OK() {
		s.Fatalf("charging a code: %v, %v", out, err)
	}
	return o
}

// Above what goes without a PIN a shown code asks its person, on the page that shows it
// and by itself; they pay, or decline.
func TestThePersonIsAskedOnTheSpot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "柜台", Token: make([]byte, 16)})
	p := s.newPhone("zh-CN", "13800000023")
	p.enrol("王小明", 900_00)
	p.open("/paycode")
	small := p.payCode()
	if o := s.charge("SHOWN-1", 23_00, small); o.State != pb.TradeState_TRADE_STATE_SUCCESS {
		t.Errorf("a small one is %v", o.State)
	}

	p.step(chromedp.Reload())
	if o := s.charge("SHOWN-2", 300_00, p.payCode()); o.State != pb.TradeState_TRADE_STATE_USERPAYING {
		t.Errorf("a large one is %v", o.State)
	}
	p.see("dialog[open] .button.primary")
	p.reads("商家请您付款")
	p.fits("asked")
	p.tap("dialog[open] .button.primary")
	p.see(".pinpad")
	p.focused(".pinpad")
	p.step(chromedp.KeyEvent(pin))
	p.see(".verdict.good")
	if got := s.balance(p.uid); got != 577_00 {
		t.Errorf("%d fen are left, want 57700", got)
	}

	p.open("/paycode")
	o := s.charge("SHOWN-3", 250_00, p.payCode())
	p.see("dialog[open] .button.primary")
	p.tap("#dont-pay")
	p.until(`document.querySelector("dialog[open]") === null`)
	if got := s.state(o.Id); got != pb.TradeState_TRADE_STATE_CLOSED {
		t.Errorf("what was declined is %v", got)
	}
	if got := s.balance(p.uid); got != 577_00 {
		t.Errorf("%d fen are left after declining", got)
	}
}

// What a till asks after the page has looked, and before its stream stands, is seen when
// it does.
func TestAskedBeforeTheStreamStands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "柜台", Token: make([]byte, 16)})
	p := s.newPhone("zh-CN", "13800000039")
	p.enrol("王小明", 900_00)
	s.net.mode.Store(deaf)
	p.open("/paycode")
	code := p.payCode()
	select {
	case <-s.net.looked:
	case <-time.After(patience):
		t.Fatal("the page never looked")
	}
	s.charge("EARLY-1", 300_00, code)
	s.net.mode.Store(passes)
	p.see("dialog[open] .button.primary")
	p.reads("商家请您付款")
}

// state is an order's.
func (s *site) state(id uint64) (state pb.TradeState) {
	s.Helper()
	s.read(func(r table.Reader) {
		if o, ok := order.Get(r, id); ok {
			state = o.State
		}
	})
	return state
}
