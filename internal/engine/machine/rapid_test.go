package machine_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// flow drives the machine and the second bookkeeper side by side.
type flow struct {
	t     *rapid.T
	p     *storytest.Single
	model *second
	now   int64
	seed  uint64
	log   [][]byte
}

var flowMerchants = []string{"1900000001", "1900000002"}

const flowAppid = "wx0123456789abcdef"

func newFlow(t *rapid.T) *flow {
	p, err := storytest.NewSingle(table.NewMem(), nil, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &flow{t: t, p: p, model: newSecond(), now: 1_780_000_000_000}
	f.want(code.OK, catalogue.Genesis, &pb.Genesis{LogName: "flow", Level: machine.MaxLevel})
	for _, mchid := range flowMerchants {
		f.want(code.OK, catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "Tea House", Appids: []string{flowAppid}})
		f.model.merchants[mchid], f.model.accounts[pending(mchid)] = &secondMerchant{}, &secondAccount{strict: true}
	}
	for uid, name := range []string{"ming", "hua", "li"} {
		f.want(code.OK, catalogue.PersonAdd, &pb.PersonAdd{Ref: name, Name: name, Appids: []string{flowAppid}})
		f.model.people[name], f.model.accounts[user(uint64(uid+1))] = uint64(uid+1), &secondAccount{strict: true}
	}
	for uid := uint64(1); uid <= 3; uid++ {
		c := &pb.PersonTopup{Uid: uid, Amount: 10_000, Currency: money.CNY, Ref: fmt.Sprint("open", uid), Line: "demo"}
		f.want(f.model.topup(c), catalogue.PersonTopup, c)
	}
	for _, name := range []string{"test/a", "test/b"} {
		f.want(code.OK, catalogue.AccountLimit, &pb.AccountLimit{Account: name, Currency: money.CNY})
		f.model.accounts[name] = &secondAccount{}
	}
	return f
}

// want runs a command that the second bookkeeper has judged.
func (f *flow) want(out code.Code, n catalogue.Number, body table.Record) catalogue.Result {
	cmd := catalogue.NewCommand(n, "flow", "", body)
	f.seed++
	cmd.At, cmd.Seed = f.now, make([]byte, 16)
	binary.BigEndian.PutUint64(cmd.Seed, f.seed*0x9e3779b97f4a7c15)
	f.log = append(f.log, table.Encode(cmd))
	before := f.p.Machine.Position().JournalSize
	res, err := f.p.Do(cmd)
	if err != nil {
		f.t.Fatalf("%s: %v", n, err)
	}
	if res.Code != out {
		f.t.Fatalf("%s %v: came out as %s, the second bookkeeper says %s", n, body, res.Code, out)
	}
	if after := f.p.Machine.Position().JournalSize; res.Code != code.OK && after != before {
		f.t.Fatalf("%s was refused with %s and journalled", n, res.Code)
	}
	return res
}

func (f *flow) merchant() string { return rapid.SampledFrom(flowMerchants).Draw(f.t, "merchant") }
func (f *flow) number() string {
	return rapid.SampledFrom([]string{"T-0001", "T-0002", "T-0003", "T-0004", "T-0005", "T-0006"}).Draw(f.t, "number")
}
func (f *flow) uid() uint64   { return rapid.Uint64Range(1, 3).Draw(f.t, "uid") }
func (f *flow) amount() int64 { return rapid.SampledFrom(amounts).Draw(f.t, "amount") }
func (f *flow) account() string {
	names := []string{"test/a", "test/b", user(1), user(2), pending(flowMerchants[0]), pending(flowMerchants[1])}
	return rapid.SampledFrom(names).Draw(f.t, "account")
}

func (f *flow) wait() {
	ms := rapid.SampledFrom([]int64{1, 1, 999, 999, 15 * sec, 15 * sec, 60 * sec, 60 * sec, hour, hour, 2 * hour, day, 7 * day, 30 * day, 32 * day, 365 * day}).Draw(f.t, "wait")
	f.now += ms
	f.model.now = f.now
}

func (f *flow) topup() {
	c := &pb.PersonTopup{Uid: f.uid(), Amount: f.amount(), Currency: money.CNY, Ref: rapid.StringMatching("[ab][0-9]").Draw(f.t, "ref"), Line: "demo"}
	f.want(f.model.topup(c), catalogue.PersonTopup, c)
}

func (f *flow) transfer() {
	c := &pb.TransferBatch{Ref: rapid.StringMatching("[ab][0-9]").Draw(f.t, "ref"), Currency: money.CNY}
	for range rapid.IntRange(1, 3).Draw(f.t, "transfers") {
		c.Transfers = append(c.Transfers, &pb.Transfer{Debit: f.account(), Credit: f.account(), Amount: f.amount()})
	}
	f.want(f.model.transfer(c), catalogue.TransferBatch, c)
}

func (f *flow) limit() {
	c := &pb.AccountLimit{
		Account: f.account(), Currency: money.CNY, Frozen: rapid.IntRange(0, 9).Draw(f.t, "frozen") == 0,
		NoOverdraft: rapid.Bool().Draw(f.t, "strict"), Cap: rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 500, 20_000}).Draw(f.t, "cap"),
	}
	f.want(f.model.limit(c), catalogue.AccountLimit, c)
}

func (f *flow) setMerchant() {
	mchid := f.merchant()
	m := f.model.merchants[mchid]
	paused, pause := rapid.IntRange(0, 9).Draw(f.t, "paused") == 0, rapid.SampledFrom([]int64{0, 0, 60}).Draw(f.t, "pause")
	c := &pb.MerchantSet{Mchid: mchid, Status: pb.MerchantStatus_MERCHANT_STATUS_ACTIVE, Settings: &pb.MerchantSettings{Strict: true, RefundIntervalS: int32(pause)}}
	if paused {
		c.Status = pb.MerchantStatus_MERCHANT_STATUS_PAUSED
	}
	out := code.OK
	if m.paused == paused && m.pause == pause*sec {
		out = code.NothingToDo
	}
	m.paused, m.pause = paused, pause*sec
	f.want(out, catalogue.MerchantSet, c)
}

func (f *flow) create() {
	c := &pb.OrderCreate{
		Mchid: f.merchant(), Appid: flowAppid, OutTradeNo: f.number(), Product: pb.Product_PRODUCT_NATIVE, Currency: money.CNY,
		Total: rapid.SampledFrom([]int64{100, 100, 333}).Draw(f.t, "total"), Description: "tea", NotifyUrl: "https://shop.example/n",
	}
	if c.OutTradeNo == "T-0002" || c.OutTradeNo == "T-0004" {
		c.Product = pb.Product_PRODUCT_APP
	}
	if ahead := rapid.SampledFrom([]int64{0, 0, 0, 10 * sec, hour, 9 * day, 9 * day, 16 * day}).Draw(f.t, "expire"); ahead != 0 {
		c.TimeExpire = f.now + ahead
	}
	f.model.now = f.now
	out := f.model.create(c)
	if res := f.want(out, catalogue.OrderCreate, c); out == code.OK {
		f.model.minted(res.Body.(*pb.Order))
	}
}

// some is the key of an order, one in the given state if there is any; most
// draws would else be about orders that nothing can happen to.
func (f *flow) some(is func(*secondOrder) bool) string {
	keys := slices.Sorted(maps.Keys(f.model.orders))
	picked := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !is(f.model.orders[key]) })
	if len(picked) == 0 || rapid.IntRange(0, 5).Draw(f.t, "any order") == 0 {
		picked = keys
	}
	if len(picked) == 0 {
		return f.merchant() + "/" + f.number()
	}
	return rapid.SampledFrom(picked).Draw(f.t, "order")
}

func (f *flow) pay() {
	o := f.model.orders[f.some(func(o *secondOrder) bool { return o.state == "NOTPAY" })]
	if o == nil || len(o.prepays) == 0 {
		return
	}
	which := rapid.SampledFrom([]int{0, 0, 1, 8}).Draw(f.t, "prepay") // counted from the newest
	p := o.prepays[max(0, len(o.prepays)-1-which)]
	c := &pb.OrderPay{PrepayId: p.id, Uid: f.uid(), Attempt: []byte(rapid.StringMatching("[ab]").Draw(f.t, "attempt"))}
	f.want(f.model.pay(o, c), catalogue.OrderPay, c)
}

func (f *flow) close() {
	if rapid.IntRange(0, 3).Draw(f.t, "close") != 0 {
		return
	}
	c := &pb.OrderClose{Mchid: f.merchant(), OutTradeNo: f.number()}
	f.want(f.model.close(c), catalogue.OrderClose, c)
}

func (f *flow) refund() {
	key := f.some(func(o *secondOrder) bool { return o.paidAt != 0 && o.asked < o.total })
	c := &pb.RefundCreate{
		Mchid: key[:10], OutRefundNo: rapid.StringMatching("R[0-9]").Draw(f.t, "refund"), OutTradeNo: key[11:], Currency: money.CNY,
		Refund: rapid.SampledFrom([]int64{1, 30, 50, 100, 333}).Draw(f.t, "amount"), Total: rapid.SampledFrom([]int64{100, 333}).Draw(f.t, "total"),
	}
	if o := f.model.orders[key]; o != nil && rapid.IntRange(0, 7).Draw(f.t, "right total") != 0 {
		c.Total = o.total
	}
	if rapid.Bool().Draw(f.t, "notify") {
		c.NotifyUrl = "https://shop.example/r"
	}
	f.want(f.model.refund(c), catalogue.RefundCreate, c)
}

// runTick: a tick may find what changes nothing that the second bookkeeper
// keeps (a paid order old enough to be looked at), but never the reverse.
func (f *flow) runTick() {
	due := false
	_ = f.p.Read(func(r table.Reader) error {
		head, _ := machine.Head(r)
		due = machine.TickDue(r, head, f.now)
		return nil
	})
	out := f.model.tick()
	if due {
		out = code.OK
	}
	f.want(out, catalogue.Tick, &pb.Tick{})
}

func (f *flow) report() {
	c := &pb.NoticeReport{}
	for range rapid.IntRange(1, 17).Draw(f.t, "attempts") {
		id := f.notice()
		a := &pb.Attempt{NoticeId: id, Number: 1, Outcome: pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS, At: f.now}
		if n := f.model.notices[id]; n != nil {
			a.Number = uint32(n.attempts) + rapid.SampledFrom([]uint32{1, 1, 1, 0, 2}).Draw(f.t, "number")
		}
		for _, b := range c.Attempts { // the next one after those before it in this report
			if b.NoticeId == id && b.Number == a.Number {
				a.Number++
			}
		}
		if rapid.IntRange(0, 5).Draw(f.t, "delivered") == 0 {
			a.Outcome = pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED
		}
		c.Attempts = append(c.Attempts, a)
	}
	f.want(f.model.report(c), catalogue.NoticeReport, c)
}

// notice is the number of an owed notice if there is one, mostly.
func (f *flow) notice() uint64 {
	var ids []uint64
	for id := uint64(1); id <= f.model.lastID; id++ {
		if n := f.model.notices[id]; n != nil && n.state == "OWED" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 || rapid.IntRange(0, 5).Draw(f.t, "any notice") == 0 {
		return rapid.Uint64Range(1, f.model.lastID+1).Draw(f.t, "notice")
	}
	return rapid.SampledFrom(ids).Draw(f.t, "owed notice")
}

// giveUp reports failures of one notice to the end of its schedule.
func (f *flow) giveUp() {
	id := f.notice()
	n := f.model.notices[id]
	if n == nil {
		return
	}
	c := &pb.NoticeReport{}
	for i := range 16 {
		c.Attempts = append(c.Attempts, &pb.Attempt{NoticeId: id, Number: uint32(n.attempts) + 1 + uint32(i), Outcome: pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT})
	}
	f.want(f.model.report(c), catalogue.NoticeReport, c)
}

func (f *flow) redeliver() {
	c := &pb.NoticeRedeliver{NoticeId: rapid.Uint64Range(1, f.model.lastID+1).Draw(f.t, "notice")}
	f.want(f.model.redeliver(c), catalogue.NoticeRedeliver, c)
}

func (f *flow) reopen() {
	if err := f.p.Reopen(); err != nil {
		f.t.Fatal(err)
	}
}

// compare looks at everything both bookkeepers keep.
func (f *flow) compare() {
	if broken := f.model.invariants(); broken != "" {
		f.t.Fatal(broken)
	}
	err := f.p.Read(func(r table.Reader) error {
		accounts := 0
		ledger.Scan(r, func(a *pb.Account) bool {
			accounts++
			m := f.model.accounts[a.Name]
			if m == nil || m.credits != a.CreditsPosted || m.debits != a.DebitsPosted || m.held != a.DebitsPending || a.CreditsPending != 0 {
				f.t.Fatalf("account %s is %v, the second bookkeeper has %v", a.Name, a, m)
			}
			return true
		})
		if accounts != len(f.model.accounts) {
			f.t.Fatalf("%d accounts, the second bookkeeper has %d", accounts, len(f.model.accounts))
		}
		f.compareOrders(r)
		f.compareNotices(r)
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *flow) compareOrders(r table.Reader) {
	for key, m := range f.model.orders {
		o, ok := order.Get(r, m.id)
		if !ok || o.Mchid+"/"+o.OutTradeNo != key || stateName(o.State.String()) != m.state || o.PayerUid != m.payer || o.NoticeId != m.notice ||
			o.Refunding != m.asked || o.Refunded != m.done || int(o.RefundCount) != m.refunds || o.PaidAt != m.paidAt || o.TimeExpire != m.expires {
			f.t.Fatalf("order %s is %v, the second bookkeeper has %+v", key, o, m)
		}
	}
	for key, m := range f.model.refunds {
		rf, ok := refund.ByNumber(r, key[:10], key[11:])
		if !ok || stateName(rf.Status.String()) != m.state || rf.Refund != m.amount || rf.OrderId != m.order.id || rf.NoticeId != m.notice {
			f.t.Fatalf("refund %s is %v, the second bookkeeper has %+v", key, rf, m)
		}
	}
}

func (f *flow) compareNotices(r table.Reader) {
	found, parked := 0, map[string]uint64{}
	visit := func(n *pb.Notice) bool {
		found++
		m := f.model.notices[n.Id]
		if m == nil || m.state != stateName(n.State.String()) || m.attempts != int64(n.Attempts) || m.tries != int(n.Tries) || m.next != n.NextAt || m.merchant != n.Mchid {
			f.t.Fatalf("notice %d is %v, the second bookkeeper has %+v", n.Id, n, m)
		}
		if m.state == "PARKED" {
			parked[m.merchant]++
		}
		return true
	}
	notice.Owed(r, 0, visit)
	notice.Ended(r, 0, visit)
	if found != len(f.model.notices) {
		f.t.Fatalf("%d notices, the second bookkeeper has %d", found, len(f.model.notices))
	}
	for _, mchid := range flowMerchants {
		if got := notice.ParkedCount(r, mchid); got != parked[mchid] {
			f.t.Fatalf("%d notices of %s are counted as parked, %d are", got, mchid, parked[mchid])
		}
	}
}

// story hashes what the journal says, but for the log index of each entry,
// which is the frame's.
func story(t interface{ Fatal(...any) }, p *storytest.Single) (sum [32]byte) {
	h := sha256.New()
	err := p.Read(func(r table.Reader) error {
		head, _ := machine.Head(r)
		for seq := range head.JournalSize {
			e, ok := journal.Read(r, seq)
			if !ok {
				t.Fatal("entry", seq, "is missing")
			}
			e.Index = 0
			h.Write(table.Encode(e))
		}
		return machine.Audit(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(h.Sum(nil))
}

// regroup applies the same commands in other frames: the rows and the journal
// must not tell the difference.
func (f *flow) regroup() {
	p, err := storytest.NewSingle(table.NewMem(), nil, machine.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	most := rapid.IntRange(2, 200).Draw(f.t, "most commands a frame")
	for rest := f.log; len(rest) > 0; {
		n := min(len(rest), rapid.IntRange(1, most).Draw(f.t, "commands"))
		if _, err := p.Frame(rest[:n]...); err != nil {
			f.t.Fatal(err)
		}
		rest = rest[n:]
	}
	if got, want := fmt.Sprint(p.Machine.Digests()), fmt.Sprint(f.p.Machine.Digests()); got != want {
		f.t.Fatalf("other frames give other rows:\n%s\n%s", got, want)
	}
	if story(f.t, p) != story(f.t, f.p) {
		f.t.Fatal("other frames give another journal")
	}
}

// TestRandomOrderFlow: no money is made or lost, no account breaks its limit,
// an order is paid once, refunds stay within what was paid, whatever comes in
// whatever order.
func TestRandomOrderFlow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFlow(t)
		f.model.now = f.now
		t.Repeat(map[string]func(*rapid.T){
			"":          func(*rapid.T) { f.compare() },
			"wait":      func(*rapid.T) { f.wait() },
			"topup":     func(*rapid.T) { f.topup() },
			"transfer":  func(*rapid.T) { f.transfer() },
			"limit":     func(*rapid.T) { f.limit() },
			"merchant":  func(*rapid.T) { f.setMerchant() },
			"create":    func(*rapid.T) { f.create() },
			"create 2":  func(*rapid.T) { f.create() },
			"pay":       func(*rapid.T) { f.pay() },
			"pay 2":     func(*rapid.T) { f.pay() },
			"pay 3":     func(*rapid.T) { f.pay() },
			"close":     func(*rapid.T) { f.close() },
			"refund":    func(*rapid.T) { f.refund() },
			"refund 2":  func(*rapid.T) { f.refund() },
			"tick":      func(*rapid.T) { f.runTick() },
			"report":    func(*rapid.T) { f.report() },
			"give up":   func(*rapid.T) { f.giveUp() },
			"redeliver": func(*rapid.T) { f.redeliver() },
			"reopen":    func(*rapid.T) { f.reopen() },
		})
		f.regroup()
	})
}
