package sim

import (
	"fmt"
	"math"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// clients are who asks for orders, payments and refunds, and what they were told.
type clients struct {
	w       *World
	open    int // requests that have no true answer yet
	history []call
	prepay  map[string]string // by order: a prepay_id that was given out
	created map[string]int64  // by order: the amount it is created with
	refused map[string]bool   // by order: creating it was refused at least once
	acked   acked
	friends between
	tills   counters
	codes   screens
	entered entries
	offices offices

	passkeys authenticators
	shops    premises
	numbers  [friends + 1]uint64 // phone numbers that were told to be friends'
	safety   safety
}

// acked is what was acknowledged and must be there at the end.
type acked struct {
	created map[string]bool
	paid    map[string]payment
	closed  map[string]bool
	refunds map[string]refundAsked
	topups  map[string]topupAsked
	asked   map[string]topupAsked // every top-up that was ever sent
}

type payment struct {
	name string
	uid  uint64
}

type refundAsked struct {
	order  string
	amount int64
}

type topupAsked struct {
	uid    uint64
	amount int64
}

func newClients(w *World) *clients {
	return &clients{w: w, prepay: map[string]string{}, created: map[string]int64{}, refused: map[string]bool{}, friends: newBetween(), tills: newCounters(), codes: newScreens(), entered: newEntries(), offices: newOffices(), passkeys: newAuthenticators(), shops: newPremises(), safety: safety{numbers: map[string]bool{}}, acked: acked{
		created: map[string]bool{}, paid: map[string]payment{}, closed: map[string]bool{},
		refunds: map[string]refundAsked{}, topups: map[string]topupAsked{}, asked: map[string]topupAsked{},
	}}
}

// request is one thing a client wants, which it asks for under one identity
// until it has a true answer.
type request struct {
	text string
	in   input
	via  *node // nil: any
	// command makes the command; nil for a query, and where a code is read.
	command func() *pb.Command
	// reads is a code that is to be charged, verdict whether a node should take it for
	// good, and shop whose till reads it.
	reads   func() judge.Charge
	verdict func(*process, table.Reader) bool
	shop    string
	// cash is what else is to be done for a code that is read.
	cash func() *pb.CodeCash
	// seals makes the command with something sealed under a key.
	seals func(key string) *pb.Command
	// looks is what a node says to something that changes nothing.
	looks func(*process, table.Reader) code.Code
	// ready says whether what it needs is known; nil is yes.
	ready func() bool
	// hopeless says that what it needs will never be known; nil is no.
	hopeless func() bool
	// told is what a true answer means.
	told func(output)
	done bool
	out  output
	last *node
}

// begin asks for what a step says. The request goes on by itself.
func (c *clients) begin(step script.Step) *request {
	r := c.request(step)
	r.via = c.w.node(step.Arg("NODE"))
	c.open++
	c.try(r)
	return r
}

// ofPeople says whether a verb needs wallets, which are there from transfer.Level on.
func ofPeople(v string) bool {
	return friendly[v] || atTill[v] || withCodes[v] || withKeys[v] || inOffice[v] || withPasskeys[v] || withShops[v] || withNumbers[v] || withSafety[v]
}

// asks makes the request of each verb.
var asks = map[string]func(*clients, *request, script.Step){
	"create": (*clients).create, "pay": (*clients).pay, "close": (*clients).close, "refund": (*clients).refund,
	"topup": (*clients).topup, "query": (*clients).query,
	"send": (*clients).send, "answer": (*clients).answer, "throw": (*clients).throw, "grab": (*clients).grab,
	"till": (*clients).till, "cap": (*clients).setTill, "shut": (*clients).setTill, "open": (*clients).openShift, "count": (*clients).count,
	"hire": (*clients).hire, "dismiss": (*clients).dismiss, "reassign": (*clients).reassign, "token": (*clients).token,
	"enter-office": (*clients).enterOffice, "leave-office": (*clients).leaveOffice, "work": (*clients).work,
	"office-key": (*clients).officeKey, "end-office-key": (*clients).endOfficeKey, "key-office": (*clients).keyOffice,
	"block": (*clients).block, "unblock": (*clients).block, "appeal": (*clients).appeal, "decide": (*clients).decide,
	"passkey": (*clients).addPasskey, "end-passkey": (*clients).endPasskey, "sign": (*clients).sign,
	"apply": (*clients).apply, "approve": (*clients).decideShop, "turn-down": (*clients).decideShop, "visit": (*clients).visit, "collect": (*clients).collect,
	"report": (*clients).report, "reply-report": (*clients).replyReport, "close-report": (*clients).closeReport,
	"enter": (*clients).enter, "erase": (*clients).erase,
	"charge": (*clients).charge, "reply": (*clients).reply, "guess": (*clients).guess, "renew": (*clients).renew, "receive": (*clients).receive,
	"pocket": (*clients).pocket, "confirm": (*clients).confirm, "call-off": (*clients).callOff,
	"find": (*clients).find, "hide": (*clients).hide, "rephone": (*clients).rephone,
	"advance": (*clients).advance, "guess-pin": (*clients).guessPIN, "forget-pin": (*clients).forgetPIN, "new-pin": (*clients).newPIN, "seen": (*clients).noteSeen,
	"take": (*clients).take, "hand": (*clients).hand, "undo": (*clients).undo, "scan": (*clients).scan,
}

func (c *clients) request(step script.Step) *request {
	r := &request{text: step.String(), in: input{verb: step.Verb(), order: step.Arg("ORDER"), amount: int64(script.Number(step.Arg("AMOUNT")))}}
	asks[step.Verb()](c, r, step)
	return r
}

func (c *clients) create(r *request, step script.Step) {
	name, amount := r.in.order, r.in.amount
	if c.created[name] == 0 {
		c.created[name] = amount
	}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.OrderCreate, "mch/"+shopOf(name), "", &pb.OrderCreate{
			Mchid: shopOf(name), Appid: appid, OutTradeNo: tradeNo(name), Product: pb.Product_PRODUCT_APP, Total: amount,
			Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/n",
		})
	}
	r.told = func(out output) { c.acked.created[name] = c.acked.created[name] || out.code == code.OK }
}

func (c *clients) close(r *request, _ script.Step) {
	name := r.in.order
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.OrderClose, "mch/"+shopOf(name), "", &pb.OrderClose{Mchid: shopOf(name), OutTradeNo: tradeNo(name)})
	}
	r.told = func(output) {}
}

func (c *clients) query(r *request, _ script.Step) { r.told = func(output) {} }

func (c *clients) pay(r *request, step script.Step) {
	name, attempt := step.Arg("ORDER"), step.Arg("PAYMENT")
	uid := uint64(1)
	if who := step.Arg("PERSON"); who != "" {
		uid = script.Number(who[1:])
	}
	r.in.key, r.in.uid = attempt, uid
	r.ready = func() bool { return c.prepay[name] != "" }
	r.command = func() *pb.Command {
		if c.w.broken.losesIdentity {
			attempt = fmt.Sprintf("%s-%d", step.Arg("PAYMENT"), c.w.chance.Uint32())
		}
		return catalogue.NewCommand(catalogue.OrderPay, "cashier", "", &pb.OrderPay{PrepayId: c.prepay[name], Uid: uid, Attempt: []byte(attempt)})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.acked.paid[name] = payment{step.Arg("PAYMENT"), uid}
		}
	}
}

func (c *clients) refund(r *request, step script.Step) {
	name, number, amount := step.Arg("ORDER"), step.Arg("REFUND"), r.in.amount
	r.in.key = number
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.RefundCreate, "mch/"+shopOf(name), "", &pb.RefundCreate{
			Mchid: shopOf(name), OutRefundNo: refundNo(name, number), OutTradeNo: tradeNo(name), Refund: amount, Total: c.created[name],
			Currency: money.CNY, NotifyUrl: "https://shop.example/r",
		})
	}
	r.ready = func() bool { return c.created[name] != 0 }
	r.told = func(out output) {
		if out.code == code.OK {
			c.acked.refunds[refundNo(name, number)] = refundAsked{name, amount}
		}
	}
}

func (c *clients) topup(r *request, step script.Step) {
	uid, ref := script.Number(step.Arg("PERSON")[1:]), step.Arg("TOPUP")
	c.acked.asked[ref] = topupAsked{uid, r.in.amount}
	r.command = func() *pb.Command {
		ref := ref
		if c.w.broken.losesIdentity {
			ref = fmt.Sprintf("%s-%d", ref, c.w.chance.Uint32())
		}
		return catalogue.NewCommand(catalogue.PersonTopup, "admin/sim", "", &pb.PersonTopup{
			Uid: uid, Amount: r.in.amount, Currency: money.CNY, Ref: ref, Line: "demo",
		})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.acked.topups[ref] = topupAsked{uid, r.in.amount}
		}
	}
}

// shopOf is the merchant an order is placed with.
func shopOf(name string) string { return fmt.Sprintf("190000000%d", script.Number(name[1:])%merchants) }

func tradeNo(name string) string          { return "order-" + name }
func refundNo(name, number string) string { return name + "-" + number }

// try sends the request to a node and waits for its answer, but not for ever.
func (c *clients) try(r *request) {
	if r.done {
		return
	}
	w := c.w
	if r.in.verb == "pay" && c.refused[r.in.order] && c.prepay[r.in.order] == "" {
		r.done, r.out = true, output{code: code.OrderNotFound}
		c.open-- // nothing was given out that could be paid
		return
	}
	if r.hopeless != nil && r.hopeless() {
		r.done = true
		c.open--
		return
	}
	if r.ready != nil && !r.ready() {
		w.after(100, func() { c.try(r) })
		return
	}
	n := c.choose(r)
	r.last = n
	index := len(c.history)
	c.history = append(c.history, call{in: r.in, called: c.moment(), returned: math.MaxInt64})
	answered := false
	again := func() {
		answered = true
		w.after(w.chance.between(50, 300), func() { c.try(r) })
	}
	w.after(w.chance.between(1600, 2600), func() {
		if !answered {
			again()
		}
	})
	w.send(outside, n.place, false, func() {
		if n.process == nil { // the connection is refused
			w.send(n.place, outside, false, func() {
				if !answered {
					c.history[index].never = true
					again()
				}
			})
			return
		}
		c.serve(n.process, r, func(a answer) {
			w.send(n.place, outside, false, func() {
				if answered {
					return
				}
				if a.notDone {
					answered, r.done, c.history[index].never = true, true, true
					c.open--
					return
				}
				if a.refused != code.OK {
					c.w.reach("refused: " + a.refused.String())
					c.history[index].never = a.refused != code.Unknown
					again()
					return
				}
				answered = true
				c.finish(r, index, a)
			})
		})
	})
}

// moment is now, distinct for each call.
func (c *clients) moment() int64 { return (c.w.now-start)<<20 + int64(len(c.history)) }

// choose picks the node to ask: the one that was named, or any but the last.
func (c *clients) choose(r *request) *node {
	if r.via != nil && r.last == nil {
		return r.via
	}
	var up []*node
	for _, n := range c.w.nodes {
		if n.disk != nil && n != r.last && n.copyOf == nil {
			up = append(up, n)
		}
	}
	if len(up) == 0 {
		return r.last
	}
	return pick(c.w.chance, up)
}

// serve is the node's side of a request.
func (c *clients) serve(p *process, r *request, reply func(answer)) {
	p.post(func() {
		if r.command != nil {
			cmd := r.command()
			if c.w.broken.onAsk != nil {
				c.w.broken.onAsk(p, cmd)
			}
			p.do(cmd, reply)
			return
		}
		if r.seals != nil {
			c.seal(p, r, reply)
			return
		}
		if r.reads != nil {
			p.query(func(reader table.Reader) { c.judge(p, r, reader, reply) })
			return
		}
		p.query(func(reader table.Reader) {
			if r.looks != nil {
				reply(answer{code: r.looks(p, reader)})
				return
			}
			o, ok := order.ByNumber(reader, shopOf(r.in.order), tradeNo(r.in.order))
			if !ok {
				o = nil
			}
			reply(answer{body: o})
		})
	})
}

// finish records a true answer.
func (c *clients) finish(r *request, index int, a answer) {
	out := output{code: a.code}
	if o, ok := a.body.(*pb.Order); ok && o != nil {
		out.order = viewOf(o)
		if r.in.verb == "create" && a.code == code.OK {
			c.prepay[r.in.order] = o.PrepayId
		}
	}
	switch v := r.in.verb; {
	case friendly[v]:
		c.friends.learn(r.in.order, a, &out)
	case atTill[v]:
		c.tills.learn(a, &out)
		c.tills.learnID(r.in.order, a)
	case withCodes[v], withPasskeys[v]:
		c.codes.learn(r.in, a, &out)
	case withKeys[v]:
		c.entered.learn(r.in.order, a)
	case inOffice[v]:
		c.offices.learn(r.in.order, a, &out)
	case withShops[v]:
		c.learnShop(r.in, a, &out)
	case withNumbers[v]:
		learnNumber(a, &out)
	case withSafety[v]:
		c.safety.learn(a, &out)
	}
	if r.in.verb == "create" && a.code != code.OK {
		c.refused[r.in.order] = true
	}
	if a.open { // the answer is the last try's; an earlier one counts as a call without answer
		c.history = append(c.history, call{in: r.in, called: c.history[index].called, returned: math.MaxInt64})
	}
	h := &c.history[index]
	h.out, h.returned = out, (c.w.now-start)<<20+int64(1<<19)
	r.done, r.out = true, out
	c.open--
	if ofPeople(r.in.verb) {
		c.w.reach(r.in.verb + ": " + out.code.String())
	}
	r.told(out)
	c.w.tell("client", "%s: %s by %s", r.text, out, r.last.name)
}
