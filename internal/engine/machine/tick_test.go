package machine

import (
	"fmt"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// due says whether a tick would find something now.
func (w *world) due() bool {
	w.t.Helper()
	r := w.backend.Snapshot()
	head, ok := Head(r)
	if !ok {
		w.t.Fatal("no head")
	}
	return TickDue(r, head, w.now)
}

// ticks runs ticks while any is due, each within its bound, and returns how many.
func (w *world) ticks() (n int) {
	w.t.Helper()
	for ; w.due(); n++ {
		before := w.m.Position().JournalSize
		w.ok(catalogue.Tick, &pb.Tick{})
		if grown := w.m.Position().JournalSize - before; grown > TickRows {
			w.t.Fatalf("one tick journalled %d entries", grown)
		}
		if n > 20 {
			w.t.Fatal("ticks never end")
		}
	}
	w.refused(code.NothingToDo, catalogue.Tick, &pb.Tick{})
	return n
}

// TestTickDoesAThousandRowsAtMost: what is due beyond that waits for the next
// one, and nothing is left behind: refunds, closes, notices to prune.
func TestTickDoesAThousandRowsAtMost(t *testing.T) {
	w := newWorld(t, table.NewMem())
	p := w.shop(1_000_000)
	const refunds, orders = 1300, 2100
	var commands [][]byte
	for i := range orders {
		commands = append(commands, w.encode(catalogue.OrderCreate, create(fmt.Sprintf("T-%05d", i), 10)))
	}
	placed := w.frame(commands...)
	commands = commands[:0]
	for _, r := range placed[:refunds] {
		commands = append(commands, w.encode(catalogue.OrderPay, pay(r.Body.(*pb.Order), p.Uid, "a")))
	}
	for _, r := range placed[:refunds] {
		o := r.Body.(*pb.Order)
		commands = append(commands, w.encode(catalogue.RefundCreate, &pb.RefundCreate{
			Mchid: mchid, OutRefundNo: o.OutTradeNo, OutTradeNo: o.OutTradeNo, Refund: 4, Total: 10, Currency: money.CNY,
		}))
	}
	for i, r := range w.frame(commands...) {
		if r.Code != code.OK {
			t.Fatalf("command %d: %s", i, r.Code)
		}
	}
	if n := w.ticks(); n != 2 {
		t.Errorf("%d refunds took %d ticks, want 2", refunds, n)
	}
	if got := w.balance(ledger.MerchantPending(mchid)); got != refunds*6 {
		t.Errorf("the merchant has %d, want %d", got, refunds*6)
	}
	w.deliver(refunds)
	w.now += order.Life
	if n := w.ticks(); n != 3 {
		t.Errorf("%d orders took %d ticks, want 3", orders, n)
	}
	r := w.backend.Snapshot()
	for i := range uint64(orders) {
		o, _ := order.Get(r, i+1)
		if closed := o.State == pb.TradeState_TRADE_STATE_CLOSED; closed != (i >= refunds) {
			t.Fatalf("order %d is %s", o.Id, o.State)
		}
	}
	w.now += 40 * 86_400_000
	if n := w.ticks(); n != 2 {
		t.Errorf("%d notices took %d ticks, want 2", refunds, n)
	}
	notice.Ended(w.backend.Snapshot(), 0, func(n *pb.Notice) bool {
		t.Errorf("notice %d is still there", n.Id)
		return true
	})
}

// deliver reports the first n notices as delivered, a thousand a report.
func (w *world) deliver(n uint64) {
	w.t.Helper()
	for id := uint64(1); id <= n; {
		c := &pb.NoticeReport{}
		for ; id <= n && len(c.Attempts) < notice.MaxReport; id++ {
			c.Attempts = append(c.Attempts, &pb.Attempt{NoticeId: id, Number: 1, Outcome: pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED})
		}
		w.ok(catalogue.NoticeReport, c)
	}
}
