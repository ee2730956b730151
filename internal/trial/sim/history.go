package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// input is what a client asked, and output what it was told.
type input struct {
	verb   string
	order  string // or what else it is about: a transfer, a packet, a till
	key    string // the payment or the refund, or what else tells requests apart
	by     string // who works there
	number uint64
	uid    uint64
	amount int64
}

func (in input) String() string {
	text := fmt.Sprintf("%s %s %s %d", in.verb, in.order, in.key, in.amount)
	if in.number != 0 {
		text += fmt.Sprint(" of number ", in.number)
	}
	if in.by != "" {
		text += " by " + in.by
	}
	return text
}

type output struct {
	code   code.Code
	order  view
	amount int64  // of a share
	shows  string // what it says of a till, a shift, a payment
	shift  uint64 // of something done in cash
	id     uint64 // of an order by code
	at     int64  // when that was placed
	total  int64
	tries  *pb.CodeTries
}

func (o output) String() string {
	if o.amount != 0 {
		return fmt.Sprintf("%s, %d fen", o.code, o.amount)
	}
	if o.shows != "" {
		return o.code.String() + ", " + o.shows
	}
	if o.order == (view{}) {
		return o.code.String()
	}
	return o.code.String() + ", " + o.order.String()
}

// view is what is to be seen of an order. Refunds go on by themselves, so only
// how much was asked back is compared.
type view struct {
	there     bool
	closed    bool
	payer     uint64
	attempt   string
	total     int64
	refunding int64
}

func (v view) String() string {
	switch {
	case !v.there:
		return "no order"
	case v.closed:
		return "closed"
	case v.payer != 0:
		return fmt.Sprintf("paid by U%d (%s), %d of %d asked back", v.payer, v.attempt, v.refunding, v.total)
	}
	return fmt.Sprintf("%d to pay", v.total)
}

func viewOf(o *pb.Order) view {
	if o == nil {
		return view{}
	}
	return view{
		there: true, closed: !order.Paid(o) && o.State != pb.TradeState_TRADE_STATE_NOTPAY,
		payer: o.PayerUid, attempt: string(o.Attempt), total: o.Total, refunding: o.Refunding,
	}
}

// call is one attempt of a request. Each is an operation of its own: what a
// client was not told may have happened, at any later time.
type call struct {
	in               input
	out              output
	called, returned int64 // returned is the last moment there is while unknown
	never            bool  // it was refused and did not happen
}

func (c call) unknown() bool { return c.returned == 1<<63-1 }

// book is what the checker's own bookkeeper has of one thing that requests are about.
// Its types are comparable.
type book interface {
	// step says whether what is so booked may answer so, and what it is then; unknown
	// is a request without an answer. It is written from the rules' documentation, not
	// from their code.
	step(in input, out output, unknown bool) (bool, book)
}

// blank is the book of what a verb is about, before anything happened to it.
func blank(verb string) book {
	switch {
	case friendly[verb]:
		return pact{}
	case atTill[verb]:
		return desk{}
	case verb == "receive":
		return receiver{}
	case withCodes[verb]:
		return screen{}
	case withKeys[verb]:
		return entrant{}
	case withPasskeys[verb]:
		return passkeyBook{}
	case withShops[verb]:
		return streetBook{}
	case withNumbers[verb]:
		return directory{}
	case verb == "advance":
		return moving{}
	case withSafety[verb]:
		return lost{}
	case inOffice[verb]:
		return folder(verb)
	}
	return booked{}
}

// booked is an order as the checker's own bookkeeper has it.
type booked struct {
	view
	refunds string // "R1=5 R2=3", sorted
}

func (s booked) step(in input, out output, unknown bool) (bool, book) {
	want, next, body := s.expect(in)
	if unknown {
		return true, next
	}
	if in.verb == "query" {
		return out.order == s.view, s
	}
	if in.verb == "pay" && s.closed && out.code == code.PrepayReplaced {
		return true, s // through a prepay_id before the newest, which a closed order forgets
	}
	if out.code != want {
		return false, s
	}
	if body && out.order.there {
		seen, have := out.order, next.view
		seen.refunding, have.refunding = 0, 0
		return seen == have, next
	}
	return true, next
}

// expect is the code a request gets, the order as booked after it, and whether
// the answer shows the order.
func (s booked) expect(in input) (out code.Code, next booked, body bool) {
	next = s
	switch in.verb {
	case "create":
		switch {
		case !s.there:
			next.view = view{there: true, total: in.amount}
			return code.OK, next, true
		case s.total != in.amount:
			return code.OrderNoUsed, s, false
		case s.payer != 0:
			return code.OrderPaid, s, true
		case s.closed:
			return code.OrderClosed, s, true
		}
		return code.OK, s, true
	case "pay":
		switch {
		case s.payer == in.uid && s.attempt == in.key:
			return code.OK, s, true
		case s.payer != 0:
			return code.OrderPaid, s, true
		case s.closed:
			return code.OrderClosed, s, true
		case !s.there:
			return code.OrderNotFound, s, false
		}
		next.payer, next.attempt = in.uid, in.key
		return code.OK, next, true
	case "close":
		switch {
		case s.payer != 0:
			return code.OrderPaid, s, true
		case s.there:
			next.closed = true
		}
		return code.OK, next, true
	case "refund":
		return s.expectRefund(in)
	}
	return code.OK, s, true
}

func (s booked) expectRefund(in input) (code.Code, booked, bool) {
	this := fmt.Sprintf("%s=%d", in.key, in.amount)
	var known []string
	if s.refunds != "" {
		known = strings.Split(s.refunds, " ")
	}
	same := slices.IndexFunc(known, func(r string) bool { return strings.HasPrefix(r, in.key+"=") })
	switch {
	case !s.there:
		return code.OrderNotFound, s, false
	case same >= 0 && known[same] == this:
		return code.OK, s, false
	case same >= 0:
		return code.RefundNoUsed, s, false
	case s.payer == 0:
		return code.RefundOrderNotPaid, s, false
	case in.amount > s.total-s.refunding:
		return code.RefundExceedsPaid, s, false
	}
	known = append(slices.Clone(known), this)
	slices.Sort(known)
	s.refunds, s.refunding = strings.Join(known, " "), s.refunding+in.amount
	return code.OK, s, false
}

// checkHistory looks for an order of the calls in which each answer is true,
// with no call moved before its beginning or after its end.
func checkHistory(history []call) (broken string) {
	type asked struct {
		in      input
		unknown bool
	}
	model := porcupine.Model{
		Step: func(state, in, out any) (bool, any) {
			a := in.(asked)
			return state.(book).step(a.in, out.(output), a.unknown)
		},
		Equal: func(a, b any) bool { return a == b },
	}
	byOrder := make(map[string][]porcupine.Operation)
	open := make(map[input]bool)
	var names []string
	for i, c := range history {
		if c.in.order == "" || c.never || c.unknown() && (c.in.verb == "query" || c.in.verb == "work") {
			continue
		}
		if c.unknown() {
			// Of requests with one identity one takes effect: the first whose outcome
			// is open, which has no end, stands for all later ones.
			if open[c.in] {
				continue
			}
			open[c.in] = true
		}
		if byOrder[c.in.order] == nil {
			names = append(names, c.in.order)
		}
		byOrder[c.in.order] = append(byOrder[c.in.order], porcupine.Operation{
			ClientId: i, Input: asked{c.in, c.unknown()}, Output: c.out, Call: c.called, Return: c.returned,
		})
	}
	for _, name := range names {
		verb := byOrder[name][0].Input.(asked).in.verb
		model.Init = func() any { return blank(verb) }
		if !porcupine.CheckOperations(model, byOrder[name]) {
			return describe(name, history)
		}
	}
	return ""
}

// describe lists an order's calls for who has to understand them.
func describe(name string, history []call) string {
	var b strings.Builder
	fmt.Fprintf(&b, "no order of these calls explains their answers:")
	for _, c := range history {
		if c.in.order != name || c.never {
			continue
		}
		end, told := "no answer", ""
		if !c.unknown() {
			end, told = fmt.Sprintf("%.3f s", float64(c.returned>>20)/1000), ": "+c.out.String()
		}
		fmt.Fprintf(&b, "\n  %s, %.3f s to %s%s", c.in, float64(c.called>>20)/1000, end, told)
	}
	return b.String()
}
