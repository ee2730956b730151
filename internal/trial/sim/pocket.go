package sim

import (
	"fmt"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Friends show codes for cash, too, at the merchants' first tills, each of which has one
// shift for the whole run.

// pocketVerbs are the verbs about it.
var pocketVerbs = map[string]bool{"pocket": true, "confirm": true, "call-off": true}

// codeFloat is what each of those drawers begins with.
const codeFloat = 4_000_000

// pocketCommands open the shifts.
func pocketCommands(level uint32) (list []*pb.Command) {
	if level < paycode.Level {
		return nil
	}
	for i := range merchants {
		name := fmt.Sprint("O", i)
		list = append(list, catalogue.NewCommand(catalogue.ShiftOpen, "sim", "", &pb.ShiftOpen{
			Till: codeTill(name), Number: 1, Staff: staffAt(name, "S1"), Float: codeFloat,
		}))
	}
	return list
}

// pocketed is cash for a code, of what was told.
type pocketed struct {
	till         uint64
	uid          uint64
	amount       int64 // below 0 it was handed out
	paid, undone bool
}

// note notes what an answer, or at the end the state, says of it.
func (p *pocketed) note(shows string, amount int64) {
	p.paid, p.undone, p.amount = p.paid || shows == "paid" || shows == "undone", p.undone || shows == "undone", amount
}

// inPocket begins a request about cash for a code.
func (c *clients) inPocket(r *request, step script.Step) (name string) {
	r.in.order, r.in.key, r.in.uid = step.Arg("SHOWN"), step.Arg("CASH"), shower(step.Arg("SHOWN"))
	name = r.in.order + "-" + r.in.key
	r.told = func(out output) {
		if p := c.codes.pocketed[name]; out.code == code.OK {
			p.note(out.shows, out.total)
		}
	}
	return name
}

// pocket has a till read a code for cash that it takes, or hands out.
func (c *clients) pocket(r *request, step script.Step) {
	name := c.inPocket(r, step)
	in, kind := &r.in, pb.CashKind_CASH_KIND_IN
	if in.by = "in"; step.Has("out") {
		in.by, kind = "out", pb.CashKind_CASH_KIND_OUT
	}
	if c.codes.pocketed[name] == nil {
		c.codes.pocketed[name] = &pocketed{till: codeTill(in.order), uid: in.uid}
	}
	shown := c.show(in.order)
	r.shop = shopOf(in.order)
	r.reads = func() judge.Charge {
		return judge.Charge{Order: &pb.OrderCreate{Mchid: r.shop}, Till: codeTill(in.order), Code: shown.digits, Actor: "staff/1"}
	}
	r.cash = func() *pb.CodeCash {
		return &pb.CodeCash{Till: codeTill(in.order), ClientId: c.again(name), Kind: kind, Amount: in.amount, Staff: staffAt(in.order, "S1")}
	}
	r.verdict = func(p *process, reader table.Reader) bool {
		_, done := till.CashOf(reader, codeTill(in.order), name)
		return done || apart(p, shown.step) <= 2
	}
	note := r.told
	r.told = func(out output) {
		c.wrong(r, out)
		note(out)
	}
}

// confirm says yes or no where a friend is asked before cash is handed out.
func (c *clients) confirm(r *request, step script.Step) {
	name := c.inPocket(r, step)
	if r.in.by = "refuse"; step.Has("pay") {
		r.in.by = "pay"
	}
	consent := c.friends.consent(r.in.uid)
	if r.in.by == "pay" {
		c.withPIN(r, r.in.uid, consent)
	}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.CashAnswer, "wallet", "", &pb.CashAnswer{
			Till: codeTill(r.in.order), ClientId: name, Uid: r.in.uid, Pay: r.in.by == "pay", Consent: consent,
		})
	}
}

// callOff takes cash for a code back, or ends that it waits.
func (c *clients) callOff(r *request, step script.Step) {
	name := c.inPocket(r, step)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.CashUndo, "staff/1", "", &pb.CashUndo{Till: codeTill(r.in.order), ClientId: name, Staff: staffAt(r.in.order, "S1")})
	}
}

// pockets is how many deeds in cash a code may be asked for: C1 to C8.
const pockets = 8

// inHand is cash for a code as the checker's own bookkeeper has it.
type inHand struct {
	way    string // in or out, "" when there is none
	amount int64
	is     string // paid, asked, closed or undone
	asked  bool
	lapsed bool // nobody can say yes any more
}

// inCash is step for cash.
func (s screen) inCash(in input, out output, unknown bool) (bool, book) {
	p, want := &s.cash[script.Number(in.key[1:])], code.OK
	switch in.verb {
	case "confirm":
		if out.code == code.PinTryUnknown && in.by == "pay" && p.is == "asked" {
			return true, s // the grant has lapsed
		}
		want = p.confirm(in.by, out.code == code.AskEnded)
	case "call-off":
		want = p.callOff()
	default:
		if !unknown && slices.Contains(unused, out.code) {
			return out.code != code.AsksTooMany || in.by == "out" && in.amount > wallet.DefaultFreeLimit, s
		}
		if want = p.pocket(in, s.used); want == code.OK {
			s.used = true
		}
	}
	return unknown || out.code == want && (want != code.OK || out.shows == p.is), s
}

func (p *inHand) pocket(in input, used bool) code.Code {
	switch {
	case p.way == in.by && p.amount == in.amount:
	case p.way != "":
		return code.CashExists
	case used:
		return code.PayCodeUsed
	case in.by == "out" && in.amount > wallet.DefaultFreeLimit:
		*p = inHand{way: in.by, amount: in.amount, is: "asked", asked: true}
	default:
		*p = inHand{way: in.by, amount: in.amount, is: "paid"}
	}
	return code.OK
}

func (p *inHand) confirm(by string, late bool) code.Code {
	switch {
	case !p.asked:
		return code.AskNotFound
	case by == "pay" && p.is == "paid", by == "refuse" && p.is == "closed":
		return code.OK
	case p.is != "asked" || p.lapsed:
		return code.AskEnded
	case late:
		p.lapsed = true
		return code.AskEnded
	}
	p.is = map[string]string{"pay": "paid", "refuse": "closed"}[by]
	return code.OK
}

func (p *inHand) callOff() code.Code {
	switch p.is {
	case "":
		return code.CashNotFound
	case "asked":
		p.is = "closed"
	case "paid":
		p.is = "undone"
	}
	return code.OK
}

// pocketStates is what became of cash for a code.
var pocketStates = map[pb.CashState]string{
	pb.CashState_CASH_STATE_DONE: "paid", pb.CashState_CASH_STATE_WAITING: "asked", pb.CashState_CASH_STATE_CALLED_OFF: "closed", pb.CashState_CASH_STATE_UNDONE: "undone",
}

// intoWallet is what cash adds to a wallet and a drawer.
func intoWallet(m *pb.CashMove) int64 {
	if m.GetKind() == pb.CashKind_CASH_KIND_OUT {
		return -m.GetAmount()
	}
	return m.GetAmount()
}

// foundPockets has noted what was asked for without an answer, and came to be.
func (w *World) foundPockets(r table.Reader) {
	for _, c := range w.clients.history {
		if !c.unknown() || c.never || !pocketVerbs[c.in.verb] {
			continue
		}
		name := c.in.order + "-" + c.in.key
		if p := w.clients.codes.pocketed[name]; p != nil {
			if m, ok := till.CashOf(r, p.till, name); ok {
				p.note(pocketStates[m.State], intoWallet(m))
			}
		}
	}
}

// checkPockets: the drawers of the first tills hold what was told.
func (w *World) checkPockets(n *node, r table.Reader) {
	if w.began < paycode.Level {
		return
	}
	var want [merchants + 1]int64
	for _, p := range w.clients.codes.pocketed { // order does not matter: a sum
		if p.paid && !p.undone {
			want[p.till] += p.amount
		}
	}
	for id := uint64(1); id <= merchants; id++ {
		w.checkAccount(n, r, "tills", ledger.TillCash(id), codeFloat+want[id])
	}
}

// pocketedBy adds to friends' money what they had from cash for codes.
func (s *screens) pocketedBy(want *[friends + 1]int64) {
	for _, p := range s.pocketed { // order does not matter: a sum
		if p.paid && !p.undone {
			want[p.uid-people] += p.amount
		}
	}
}
