package sim

import (
	"crypto/sha256"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Each merchant has cashiers S1 and S2, and S3 who may not stand at a till.
const crew = 3

// tillCommands give each merchant its staff.
func tillCommands(level uint32) (list []*pb.Command) {
	if level < till.Level {
		return nil
	}
	for i := range merchants {
		for n := 1; n <= crew; n++ {
			role := pb.StaffRole_STAFF_ROLE_CASHIER
			if n == crew {
				role = pb.StaffRole_STAFF_ROLE_DEVELOPER
			}
			list = append(list, catalogue.NewCommand(catalogue.StaffAdd, "sim", "", &pb.StaffAdd{
				Mchid: shopOf(fmt.Sprint("O", i)), Ref: fmt.Sprint("S", n), Roles: []pb.StaffRole{role},
			}))
		}
	}
	return list
}

// staffAt is the number of S1, S2 or S3 of the merchant whose a till is.
func staffAt(name, who string) uint64 {
	return script.Number(name[1:])%merchants*crew + script.Number(who[1:])
}

// staffName is S1, S2 or S3.
func staffName(id uint64) string { return fmt.Sprint("S", (id-1)%crew+1) }

// tokenOf is what a till's printed code says.
func tokenOf(name string) []byte {
	sum := sha256.Sum256([]byte("till " + name))
	return sum[:till.TokenSize]
}

// counters are what tills were told of their money: the checker's own books, kept
// from answers alone.
type counters struct {
	asked   map[string]bool
	ids     map[string]uint64 // by till, once an answer told
	over    map[string]bool   // asking for it has come to an end
	drawers map[string]*drawer
}

// drawer is what was done at one till.
type drawer struct {
	shifts map[uint64]*watch
	cash   map[string]*handed
	paid   map[string]paid // by payer and their name for it
}

// watch is a shift: what was handed out and what came back.
type watch struct{ float, counted int64 }

// handed is what was done in cash: an amount below 0 was paid out.
type handed struct {
	shift  uint64
	uid    uint64
	amount int64
	undone bool
}

// paid is a payment by printed code.
type paid struct {
	uid    uint64
	amount int64
}

// notCounted is a shift that is open.
const notCounted = -1

func newCounters() counters {
	return counters{asked: map[string]bool{}, ids: map[string]uint64{}, over: map[string]bool{}, drawers: map[string]*drawer{}}
}

// at begins a request at a till, which waits until the till is there.
func (c *clients) at(r *request, step script.Step) (name string) {
	name = step.Arg("TILL")
	r.in.order, r.in.by, r.in.number = name, step.Arg("STAFF"), script.Number(step.Arg("NUMBER"))
	if who := step.Arg("FRIEND"); who != "" {
		r.in.uid = friendUid(who)
	}
	r.ready = func() bool { return c.tills.ids[name] != 0 }
	r.hopeless = func() bool { return c.tills.over[name] && c.tills.ids[name] == 0 }
	return name
}

// till adds a till.
func (c *clients) till(r *request, step script.Step) {
	name := c.at(r, step)
	r.ready, r.hopeless = nil, nil
	c.tills.asked[name] = true
	if c.tills.drawers[name] == nil {
		c.tills.drawers[name] = &drawer{shifts: map[uint64]*watch{}, cash: map[string]*handed{}, paid: map[string]paid{}}
	}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.TillAdd, "staff/1", "", &pb.TillAdd{Mchid: shopOf(name), Name: name, Token: tokenOf(name)})
	}
	r.told = func(output) { c.tills.over[name] = true }
}

// setTill closes a till, or caps what it takes.
func (c *clients) setTill(r *request, step script.Step) {
	name, most := c.at(r, step), r.in.amount
	r.command = func() *pb.Command {
		set := &pb.TillSet{Id: c.tills.ids[name], Close: most == 0}
		if most > 0 {
			set.Caps = &pb.TillCaps{Pay: most, Cash: most, Shift: deedsAShift * most}
		}
		return catalogue.NewCommand(catalogue.TillSet, "staff/1", "", set)
	}
	r.told = func(output) {}
}

// deedsAShift is how many of the highest deeds make a till's cap of a shift.
const deedsAShift = 3

func (c *clients) openShift(r *request, step script.Step) {
	name := c.at(r, step)
	in := &r.in
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ShiftOpen, "staff/1", "", &pb.ShiftOpen{
			Till: c.tills.ids[name], Number: in.number, Staff: staffAt(name, in.by), Float: in.amount,
		})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.tills.drawers[name].watch(in.number).float = in.amount
		}
	}
}

// count closes a shift: its drawer was counted.
func (c *clients) count(r *request, step script.Step) {
	name := c.at(r, step)
	in := &r.in
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ShiftClose, "staff/1", "", &pb.ShiftClose{Till: c.tills.ids[name], Number: in.number, Counted: in.amount})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.tills.drawers[name].watch(in.number).counted = in.amount
		}
	}
}

// watch is a shift, whose end may be told before its beginning is.
func (d *drawer) watch(number uint64) *watch {
	if d.shifts[number] == nil {
		d.shifts[number] = &watch{counted: notCounted}
	}
	return d.shifts[number]
}

// take takes cash into a friend's wallet, and hand pays it out.
func (c *clients) take(r *request, step script.Step) {
	name := c.at(r, step)
	in := &r.in
	in.key = step.Arg("CASH")
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.CashIn, "staff/1", "", &pb.CashIn{
			Till: c.tills.ids[name], ClientId: c.again(in.key), Uid: in.uid, Amount: in.amount, Staff: staffAt(name, in.by),
		})
	}
	r.told = c.tills.drawers[name].handed(in, in.amount)
}

func (c *clients) hand(r *request, step script.Step) {
	name := c.at(r, step)
	in := &r.in
	in.key = step.Arg("CASH")
	consent := c.friends.consent(in.uid)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.CashOut, "wallet", "", &pb.CashOut{
			Token: tokenOf(name), ClientId: c.again(in.key), Uid: in.uid, Amount: in.amount, Consent: consent,
		})
	}
	r.told = c.tills.drawers[name].handed(in, -in.amount)
}

// handed notes what was done in cash, in the shift that the answer names.
func (d *drawer) handed(in *input, amount int64) func(output) {
	return func(out output) {
		if out.code == code.OK {
			h := d.under(in.key)
			h.shift, h.uid, h.amount = out.shift, in.uid, amount
		}
	}
}

// under is what was done in cash under a name, whose undoing may be told first.
func (d *drawer) under(key string) *handed {
	if d.cash[key] == nil {
		d.cash[key] = &handed{}
	}
	return d.cash[key]
}

// undo takes back what was done in cash by mistake.
func (c *clients) undo(r *request, step script.Step) {
	name := c.at(r, step)
	in := &r.in
	in.key = step.Arg("CASH")
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.CashUndo, "staff/1", "", &pb.CashUndo{Till: c.tills.ids[name], ClientId: in.key, Staff: staffAt(name, in.by)})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.tills.drawers[name].under(in.key).undone = true
		}
	}
}

// scan pays by the till's printed code.
func (c *clients) scan(r *request, step script.Step) {
	name := c.at(r, step)
	in := &r.in
	in.key = step.Arg("PAYMENT")
	consent := c.friends.consent(in.uid)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.TillPay, "wallet", "", &pb.TillPay{
			Token: tokenOf(name), Uid: in.uid, Amount: in.amount, ClientId: c.again(name + "-" + in.key), Consent: consent,
		})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.tills.drawers[name].paid[fmt.Sprint(in.uid, in.key)] = paid{in.uid, in.amount}
		}
	}
}

// learnID notes the number of a till.
func (t *counters) learnID(name string, a answer) {
	if rec, ok := a.body.(*pb.Till); ok && rec.GetId() != 0 {
		t.ids[name] = rec.Id
	}
}

// learn notes what an answer shows of a till.
func (*counters) learn(a answer, out *output) {
	switch rec := a.body.(type) {
	case *pb.Till:
		out.shows = fmt.Sprintf("cap %d, shift %d", rec.GetCaps().GetCash(), rec.GetShift())
	case *pb.Shift:
		out.shows = showShift(rec)
	case *pb.CashMove:
		out.shift = rec.GetShift()
		out.shows = showCash(rec.GetUid(), rec.GetAmount(), rec.GetShift(), rec.GetKind() == pb.CashKind_CASH_KIND_OUT, rec.GetUndoneAt() != 0)
	case *pb.Order:
		out.shows, out.order = fmt.Sprintf("%d of F%d", rec.GetTotal(), rec.GetPayerUid()-people), view{}
	}
}

func showShift(s *pb.Shift) string {
	text := fmt.Sprintf("shift %d of %s: float %d, took %d, paid out %d", s.GetNumber(), staffName(s.GetStaff()), s.GetFloat(), s.GetTaken(), s.GetPaidOut())
	if s.GetState() == pb.ShiftState_SHIFT_STATE_CLOSED {
		text += fmt.Sprintf(", counted %d", s.GetCounted())
	}
	return text
}

func showCash(uid uint64, amount int64, shift uint64, out, undone bool) string {
	way, end := "into", ""
	if out {
		way = "out of"
	}
	if undone {
		end = ", undone"
	}
	return fmt.Sprintf("%d %s the wallet of F%d in shift %d%s", amount, way, uid-people, shift, end)
}

// moved adds to friends' money what was done at tills.
func (t *counters) moved(want *[friends + 1]int64) {
	for _, d := range t.drawers { // order does not matter: a sum
		for _, h := range d.cash { // order does not matter: a sum
			if !h.undone {
				want[h.uid-people] += h.amount
			}
		}
		for _, p := range d.paid { // order does not matter: a sum
			want[p.uid-people] -= p.amount
		}
	}
}

// checkTills: each drawer, each till's differences and each merchant's safe are what
// the answers add up to.
func (w *World) checkTills(n *node, r table.Reader) {
	for _, c := range w.clients.history {
		if c.unknown() && !c.never && atTill[c.in.verb] && w.clients.tills.ids[c.in.order] != 0 {
			w.clients.tills.found(r, c.in)
		}
	}
	var safes [merchants]int64
	if w.began >= till.Level {
		for i := range safes {
			safes[i] = -codeFloat
		}
	}
	for name, d := range w.clients.tills.drawers { // order does not matter: any one is a failure
		if w.clients.tills.ids[name] == 0 {
			continue
		}
		inDrawer, missing, safe := d.sums()
		safes[script.Number(name[1:])%merchants] += safe
		id := w.clients.tills.ids[name]
		w.checkAccount(n, r, "tills", ledger.TillCash(id), inDrawer)
		w.checkAccount(n, r, "tills", ledger.TillDifference(id), missing)
	}
	for i, safe := range safes {
		w.checkAccount(n, r, "tills", ledger.MerchantSafe(shopOf(fmt.Sprint("O", i))), safe)
	}
}

func (w *World) checkAccount(n *node, r table.Reader, checker, account string, want int64) {
	got := int64(0)
	if a, ok := ledger.Get(r, account, money.CNY); ok {
		got = ledger.Balance(a)
	}
	if got != want && w.failure == nil {
		w.fail(checker, "%s has %d fen in %s, what was answered adds up to %d", n.name, got, account, want)
	}
}

// found has counted what was asked for without an answer, and came to be: a try that a
// paused node held back may be taken after a later one was refused.
func (t *counters) found(r table.Reader, in input) {
	id, d := t.ids[in.order], t.drawers[in.order]
	switch in.verb {
	case "open":
		if s, ok := till.ShiftOf(r, id, in.number); ok && s.Staff == staffAt(in.order, in.by) && s.Float == in.amount {
			d.watch(in.number).float = s.Float
		}
	case "count":
		if s, ok := till.ShiftOf(r, id, in.number); ok && s.ClosedAt != 0 && s.Counted == in.amount {
			d.watch(in.number).counted = s.Counted
		}
	case "scan":
		if o, ok := till.Paid(r, in.uid, in.order+"-"+in.key); ok && o.Total == in.amount {
			d.paid[fmt.Sprint(in.uid, in.key)] = paid{in.uid, in.amount}
		}
	case "take", "hand", "undo":
		if m, ok := till.CashOf(r, id, in.key); ok {
			d.foundCash(in, m)
		}
	}
}

func (d *drawer) foundCash(in input, m *pb.CashMove) {
	out, h := m.Kind == pb.CashKind_CASH_KIND_OUT, d.under(in.key)
	switch {
	case in.verb == "undo":
		h.undone = h.undone || m.UndoneAt != 0
	case m.Uid == in.uid && m.Amount == in.amount && out == (in.verb == "hand"):
		h.shift, h.uid, h.amount = m.Shift, m.Uid, m.Amount
		if out {
			h.amount = -m.Amount
		}
	}
}

// sums are what is in a till's drawer, what was missing when its shifts were counted,
// and what its merchant's safe got of it.
func (d *drawer) sums() (inDrawer, missing, safe int64) {
	for number, s := range d.shifts { // order does not matter: a sum
		expected := s.float
		for _, h := range d.cash { // order does not matter: a sum
			if h.shift == number && !h.undone {
				expected += h.amount
			}
		}
		safe -= s.float
		if s.counted == notCounted {
			inDrawer += expected
		} else {
			missing += expected - s.counted
			safe += s.counted
		}
	}
	return inDrawer, missing, safe
}
