package machine

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

const (
	mchid = "1900000001"
	appid = "wx0123456789abcdef"
	start = int64(1_780_000_000_000)
)

// world drives one machine as the log would: each do is a frame of its own
// unless frame collects several.
type world struct {
	t       *testing.T
	backend table.Backend
	m       *Machine
	index   uint64
	seed    uint64
	now     int64
}

func newWorld(t *testing.T, backend table.Backend) *world {
	return newWorldAt(t, backend, MaxLevel, Options{})
}

func newWorldAt(t *testing.T, backend table.Backend, level uint32, opt Options) *world {
	m, err := Open(backend, opt)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, backend: backend, m: m, now: start}
	w.ok(catalogue.Genesis, &pb.Genesis{LogName: "test", Level: level, Sandbox: true})
	return w
}

func (w *world) encode(n catalogue.Number, body table.Record) []byte {
	cmd := catalogue.NewCommand(n, "test", fmt.Sprintf("r%d", w.seed), body)
	w.seed++
	cmd.At, cmd.Seed = w.now, make([]byte, 16)
	binary.BigEndian.PutUint64(cmd.Seed, w.seed*0x9e3779b97f4a7c15)
	return table.Encode(cmd)
}

func (w *world) frame(commands ...[]byte) []catalogue.Result {
	w.t.Helper()
	w.index++
	res, err := w.m.Apply(w.index, 1, table.Encode(&pb.Frame{Commands: commands}))
	if err != nil {
		w.t.Fatalf("frame %d: %v", w.index, err)
	}
	return res
}

func (w *world) do(n catalogue.Number, body table.Record) catalogue.Result {
	w.t.Helper()
	return w.frame(w.encode(n, body))[0]
}

func (w *world) ok(n catalogue.Number, body table.Record) any {
	w.t.Helper()
	res := w.do(n, body)
	if res.Code != code.OK {
		w.t.Fatalf("%s: %s", n, res.Code)
	}
	return res.Body
}

func (w *world) refused(want code.Code, n catalogue.Number, body table.Record) catalogue.Result {
	w.t.Helper()
	res := w.do(n, body)
	if res.Code != want {
		w.t.Fatalf("%s: got %s, want %s", n, res.Code, want)
	}
	return res
}

func (w *world) balance(name string) int64 {
	w.t.Helper()
	a, ok := ledger.Get(w.backend.Snapshot(), name, money.CNY)
	if !ok {
		w.t.Fatalf("no account %s", name)
	}
	return ledger.Balance(a)
}

// shop adds the demo merchant and returns a payer with the balance.
func (w *world) shop(balance int64) *pb.Person {
	w.t.Helper()
	w.ok(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "Tea House", Appids: []string{appid}})
	return w.payer("ming", balance)
}

func (w *world) payer(ref string, balance int64) *pb.Person {
	w.t.Helper()
	p := w.ok(catalogue.PersonAdd, &pb.PersonAdd{Ref: ref, Name: ref, Appids: []string{appid}}).(*pb.Person)
	w.ok(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: balance, Currency: money.CNY, Ref: "open-" + ref, Line: "demo"})
	return p
}

func create(no string, total int64) *pb.OrderCreate {
	return &pb.OrderCreate{
		Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: total,
		Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/notify",
	}
}

func pay(o *pb.Order, uid uint64, attempt string) *pb.OrderPay {
	return &pb.OrderPay{PrepayId: o.PrepayId, Uid: uid, Attempt: []byte(attempt)}
}

func TestCreatePayAndPayAgainInsideOneFrame(t *testing.T) {
	w := newWorld(t, table.NewMem())
	p := w.shop(1000)
	o := w.ok(catalogue.OrderCreate, create("T-0001", 300)).(*pb.Order)
	res := w.frame(
		w.encode(catalogue.OrderPay, pay(o, p.Uid, "a1")),
		w.encode(catalogue.OrderPay, pay(o, p.Uid, "a1")),
		w.encode(catalogue.OrderPay, pay(o, p.Uid, "a2")),
		w.encode(catalogue.OrderCreate, create("T-0001", 300)),
		w.encode(catalogue.OrderClose, &pb.OrderClose{Mchid: mchid, OutTradeNo: "T-0001"}),
	)
	want := []code.Code{code.OK, code.OK, code.OrderPaid, code.OrderPaid, code.OrderPaid}
	for i, r := range res {
		if r.Code != want[i] {
			t.Errorf("command %d: got %s, want %s", i, r.Code, want[i])
		}
	}
	if got := w.balance(ledger.UserBalance(p.Uid)); got != 700 {
		t.Errorf("payer has %d, want 700", got)
	}
	if got := w.balance(ledger.MerchantPending(mchid)); got != 300 {
		t.Errorf("merchant has %d, want 300", got)
	}
	n, ok := notice.Get(w.backend.Snapshot(), 1)
	if kind, id := notice.Subject(n); !ok || kind != pb.Kind_KIND_ORDER || id != o.Id || n.State != pb.NoticeState_NOTICE_STATE_OWED {
		t.Errorf("the notice is owed with the deed: %v", n)
	}
}

func TestRefundIsAcceptedThenDoneByTheTick(t *testing.T) {
	w := newWorld(t, table.NewMem())
	p := w.shop(1000)
	o := w.ok(catalogue.OrderCreate, create("T-0001", 300)).(*pb.Order)
	w.ok(catalogue.OrderPay, pay(o, p.Uid, "a1"))
	r := &pb.RefundCreate{Mchid: mchid, OutRefundNo: "R1", OutTradeNo: "T-0001", Refund: 100, Total: 300, Currency: money.CNY, NotifyUrl: "https://shop.example/refund"}
	f := w.ok(catalogue.RefundCreate, r).(*pb.Refund)
	if f.Status != pb.RefundStatus_REFUND_STATUS_PROCESSING {
		t.Fatalf("status %s", f.Status)
	}
	if got := w.balance(ledger.UserBalance(p.Uid)); got != 700 {
		t.Errorf("payer has %d before the tick, want 700", got)
	}
	again := w.ok(catalogue.RefundCreate, r).(*pb.Refund)
	if again.Id != f.Id {
		t.Errorf("repeat made refund %d", again.Id)
	}
	r2 := &pb.RefundCreate{Mchid: mchid, OutRefundNo: "R1", OutTradeNo: "T-0001", Refund: 101, Total: 300, Currency: money.CNY}
	w.refused(code.RefundNoUsed, catalogue.RefundCreate, r2)
	r3 := &pb.RefundCreate{Mchid: mchid, OutRefundNo: "R2", OutTradeNo: "T-0001", Refund: 201, Total: 300, Currency: money.CNY}
	w.refused(code.RefundExceedsPaid, catalogue.RefundCreate, r3)
	w.ok(catalogue.Tick, &pb.Tick{})
	w.refused(code.NothingToDo, catalogue.Tick, &pb.Tick{})
	f, _ = refund.Get(w.backend.Snapshot(), f.Id)
	if f.Status != pb.RefundStatus_REFUND_STATUS_SUCCESS || f.NoticeId == 0 {
		t.Errorf("refund is %v", f)
	}
	if got := w.balance(ledger.UserBalance(p.Uid)); got != 800 {
		t.Errorf("payer has %d, want 800", got)
	}
	if got := len(refund.ByOrder(w.backend.Snapshot(), o.Id)); got != 1 {
		t.Errorf("order lists %d refunds", got)
	}
}

func TestUnpaidOrderClosesAfterSevenDays(t *testing.T) {
	w := newWorld(t, table.NewMem())
	p := w.shop(1000)
	early := w.ok(catalogue.OrderCreate, create("T-0001", 300)).(*pb.Order)
	long := create("T-0002", 300)
	long.TimeExpire = w.now + 10*stamp.DayMs
	late := w.ok(catalogue.OrderCreate, long).(*pb.Order)
	w.now += order.Life
	w.ok(catalogue.Tick, &pb.Tick{})
	w.refused(code.OrderClosed, catalogue.OrderPay, pay(early, p.Uid, "a"))
	w.refused(code.PrepayExpired, catalogue.OrderPay, pay(late, p.Uid, "a"))
	late = w.ok(catalogue.OrderCreate, long).(*pb.Order)
	w.now = late.TimeExpire
	w.refused(code.OrderExpired, catalogue.OrderPay, pay(late, p.Uid, "a"))
	w.ok(catalogue.Tick, &pb.Tick{})
	w.refused(code.OrderClosed, catalogue.OrderPay, pay(late, p.Uid, "a"))
	_ = p
}

func TestReopenedMachineGoesOn(t *testing.T) {
	mem := table.NewMem()
	w := newWorld(t, mem)
	p := w.shop(100000)
	for i := range 300 {
		o := w.ok(catalogue.OrderCreate, create(fmt.Sprintf("T-%04d", i), 10)).(*pb.Order)
		w.ok(catalogue.OrderPay, pay(o, p.Uid, "a"))
	}
	before := w.m.Digests()
	m, err := Open(mem, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Digests(); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Error("digests differ after reopening")
	}
	w.m = m
	w.ok(catalogue.OrderCreate, create("T-9999", 10))
}
