package machine_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// workload makes a log that has every command in it: the life of a small
// platform over some weeks, drawn from a seed.
type workload struct {
	t    testing.TB
	p    *storytest.Single
	draw *rand.Rand
	now  int64
	log  [][]byte

	uids    []uint64
	open    []*pb.Order // not yet paid, as far as the workload knows
	paid    []*pb.Order
	refunds int
}

const (
	workMchid = "1900000001"
	workAppid = "wx0123456789abcdef"
)

func newWorkload(t testing.TB, seed uint64) *workload {
	p, err := storytest.NewSingle(table.NewMem(), nil, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &workload{t: t, p: p, draw: rand.New(rand.NewPCG(seed, 1)), now: 1_780_000_000_000}
}

// do runs a command, whatever comes out.
func (w *workload) do(n catalogue.Number, body table.Record) catalogue.Result {
	w.t.Helper()
	cmd := catalogue.NewCommand(n, "workload", fmt.Sprint("w", len(w.log)), body)
	cmd.At, cmd.Origin, cmd.Seed = w.now, 7, make([]byte, 16)
	binary.BigEndian.PutUint64(cmd.Seed, w.draw.Uint64())
	binary.BigEndian.PutUint64(cmd.Seed[8:], uint64(len(w.log)))
	w.log = append(w.log, table.Encode(cmd))
	res, err := w.p.Do(cmd)
	if err != nil {
		w.t.Fatal(err)
	}
	w.now += w.draw.Int64N(200)
	return res
}

func (w *workload) ok(n catalogue.Number, body table.Record) any {
	w.t.Helper()
	res := w.do(n, body)
	if res.Code != code.OK {
		w.t.Fatalf("%s: %s", n, res.Code)
	}
	return res.Body
}

// begin is the genesis and who takes part.
func (w *workload) begin(level uint32) {
	w.ok(catalogue.Genesis, &pb.Genesis{LogName: "golden.example/log", Level: level, Sandbox: true})
	w.ok(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: workMchid, Name: "示例茶铺", Appids: []string{workAppid}})
	w.ok(catalogue.MerchantSet, &pb.MerchantSet{Mchid: workMchid, Name: "示例茶楼", Settings: &pb.MerchantSettings{AllowHttp: true, CallbackHosts: []string{"shop.example"}}})
	w.ok(catalogue.MerchantAppid, &pb.MerchantAppid{Mchid: workMchid, Appid: "wx00000000000000ff"})
	for _, serial := range []string{"0AB1", "0AB2"} {
		w.ok(catalogue.MerchantCert, &pb.MerchantCert{Mchid: workMchid, Serial: serial, Der: []byte("der " + serial), NotBefore: w.now, NotAfter: w.now + day})
	}
	w.ok(catalogue.MerchantCertRevoke, &pb.MerchantCertRevoke{Mchid: workMchid, Serial: "AB1"})
	w.ok(catalogue.MerchantKey, &pb.MerchantKey{Mchid: workMchid, KeyId: "apiv3-1"})
	for i := range 4 {
		p := w.ok(catalogue.PersonAdd, &pb.PersonAdd{Ref: fmt.Sprint("payer-", i), Name: "小明", Appids: []string{workAppid}}).(*pb.Person)
		w.ok(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: 50_000, Currency: money.CNY, Ref: p.Ref, Line: "demo"})
		w.uids = append(w.uids, p.Uid)
	}
	w.ok(catalogue.PersonOpenid, &pb.PersonOpenid{Uid: w.uids[0], Appid: "wx00000000000000ff"})
	w.ok(catalogue.AccountLimit, &pb.AccountLimit{Account: "test/fees", Currency: money.CNY, NoOverdraft: true})
	w.ok(catalogue.TransferBatch, &pb.TransferBatch{Ref: "fees-1", Currency: money.CNY, Transfers: []*pb.Transfer{
		{Debit: ledger.UserBalance(w.uids[3]), Credit: "test/fees", Amount: 7}, {Debit: "test/fees", Credit: ledger.UserBalance(w.uids[2]), Amount: 3},
	}})
	w.ok(catalogue.AdvanceClock, &pb.AdvanceClock{AdvanceMs: hour, Attempt: "ahead"})
}

// step is one thing that happens.
func (w *workload) step(i int) {
	switch roll := w.draw.IntN(20); {
	case roll < 7:
		w.order(i)
	case roll < 13 && len(w.open) > 0:
		w.pay()
	case roll < 16 && len(w.paid) > 0:
		w.refund()
	case roll < 17:
		w.do(catalogue.Tick, &pb.Tick{})
	case roll < 18:
		w.report()
	case roll < 19 && len(w.open) > 0:
		o := w.open[w.draw.IntN(len(w.open))]
		w.do(catalogue.OrderClose, &pb.OrderClose{Mchid: workMchid, OutTradeNo: o.OutTradeNo})
	default:
		w.now += w.draw.Int64N(4 * hour)
		w.do(catalogue.NoticeRedeliver, &pb.NoticeRedeliver{NoticeId: 1 + w.draw.Uint64N(40)})
	}
}

func (w *workload) order(i int) {
	c := &pb.OrderCreate{
		Mchid: workMchid, Appid: workAppid, OutTradeNo: fmt.Sprintf("T-%05d", i), Product: pb.Product(1 + w.draw.IntN(4)), Currency: money.CNY,
		Total: 1 + w.draw.Int64N(500), Description: "乌龙茶 Oolong tea", NotifyUrl: "https://shop.example/n", Attach: "table 7", Detail: []byte(`{"cost_price":1}`),
	}
	if c.Product == pb.Product_PRODUCT_JSAPI {
		c.Product = pb.Product_PRODUCT_APP
	}
	if w.draw.IntN(4) == 0 {
		c.TimeExpire = w.now + w.draw.Int64N(9*day)
	}
	if res := w.do(catalogue.OrderCreate, c); res.Code == code.OK {
		w.open = append(w.open, res.Body.(*pb.Order))
	}
	if w.draw.IntN(5) == 0 {
		w.do(catalogue.OrderCreate, c)
	}
}

func (w *workload) pay() {
	i := w.draw.IntN(len(w.open))
	o := w.open[i]
	c := &pb.OrderPay{PrepayId: o.PrepayId, Uid: w.uids[w.draw.IntN(len(w.uids))], Attempt: []byte{byte('a' + w.draw.IntN(2))}}
	res := w.do(catalogue.OrderPay, c)
	if res.Code == code.OK {
		w.open = append(w.open[:i], w.open[i+1:]...)
		w.paid = append(w.paid, res.Body.(*pb.Order))
	}
	if w.draw.IntN(3) == 0 {
		w.do(catalogue.OrderPay, c)
	}
}

func (w *workload) refund() {
	o := w.paid[w.draw.IntN(len(w.paid))]
	w.refunds++
	c := &pb.RefundCreate{
		Mchid: workMchid, OutRefundNo: fmt.Sprint("R-", w.refunds), OutTradeNo: o.OutTradeNo, Refund: 1 + w.draw.Int64N(o.Total), Total: o.Total,
		Currency: money.CNY, Reason: "cold tea",
	}
	if w.draw.IntN(2) == 0 {
		c.NotifyUrl = "https://shop.example/r"
	}
	w.do(catalogue.RefundCreate, c)
	if w.draw.IntN(3) == 0 {
		w.do(catalogue.RefundCreate, c)
	}
}

func (w *workload) report() {
	c := &pb.NoticeReport{}
	for range 1 + w.draw.IntN(5) {
		c.Attempts = append(c.Attempts, &pb.Attempt{
			NoticeId: 1 + w.draw.Uint64N(40), Number: 1 + uint32(w.draw.IntN(2)), At: w.now, TookUs: 900,
			Outcome: pb.AttemptOutcome(1 + w.draw.IntN(3)), HttpStatus: 200, Answer: "ok",
		})
	}
	if w.draw.IntN(2) == 0 {
		c.Courier = workCouriers[w.draw.IntN(len(workCouriers))]
	}
	w.do(catalogue.NoticeReport, c)
	w.lease()
}

var workCouriers = []string{"courier-1", "courier-2", "courier-3"}

// lease has one of the couriers renew or leave; the others' leases run out now
// and then.
func (w *workload) lease() {
	c := &pb.CourierLease{
		Courier: workCouriers[w.draw.IntN(len(workCouriers))], LeaseMs: 1000 * w.draw.Int64N(62),
		Started: w.draw.Int64N(2), Leave: w.draw.IntN(6) == 0,
	}
	for i := range 32 * w.draw.IntN(2) {
		c.Holds = append(c.Holds, []byte{0xff, 0x0f, 0}[(i+w.draw.IntN(2))%3])
	}
	w.do(catalogue.CourierLease, c)
}

// leases is what the couriers and the nodes of a cluster do at level 3.
func (w *workload) leases() {
	w.ok(catalogue.MemberChange, &pb.MemberChange{Members: []*pb.Member{
		{RaftId: 0x1122334455667788, Incarnation: 3, Name: "node-2", Address: "10.0.0.2:7000", Role: pb.MemberRole_MEMBER_ROLE_LEARNER, TokenId: "t1"},
		{RaftId: 9, Incarnation: 4, Name: "node-3", Address: "10.0.0.3:7000", Role: pb.MemberRole_MEMBER_ROLE_REMOVED},
	}})
	w.ok(catalogue.CourierLease, &pb.CourierLease{Courier: "courier-1", LeaseMs: 10_000, Started: 1})
	for range 12 {
		w.lease()
	}
}

// end lets time pass until nothing is due any more.
func (w *workload) end() {
	for range 3 {
		w.now += 33 * day
		for w.do(catalogue.Tick, &pb.Tick{}).Code == code.OK {
		}
	}
}

// frames groups the log by sizes that are drawn.
func (w *workload) frames(most int) (frames [][]byte) {
	for rest := w.log; len(rest) > 0; {
		n := min(len(rest), 1+w.draw.IntN(most))
		frames = append(frames, table.Encode(&pb.Frame{Commands: rest[:n]}))
		rest = rest[n:]
	}
	return frames
}
