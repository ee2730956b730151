package sim

import (
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// withCodes are the verbs about codes that friends show.
var withCodes = map[string]bool{"charge": true, "reply": true, "guess": true, "renew": true, "receive": true, "pin": true, "pocket": true, "confirm": true, "call-off": true}

// screenPayments is how many payments a code may be asked for: P1 to P4.
const screenPayments = 4

// screen is a shown code as the checker's own bookkeeper has it: what it was used for.
type screen struct {
	payments [screenPayments + 1]charged
	cash     [pockets + 1]inHand
	used     bool
}

// charged is a payment by the code.
type charged struct {
	amount int64  // 0: there is none
	is     string // paid, asked, or closed
}

// unused are the refusals of a code that changes nothing: a node whose clock is off takes
// it for wrong or late (judged elsewhere), the till or the friend has too much to do.
var unused = []code.Code{code.PayCodeWrong, code.PayCodeExpired, code.PayCodesTooMany, code.AsksTooMany}

func (s screen) step(in input, out output, unknown bool) (bool, book) {
	if pocketVerbs[in.verb] {
		return s.inCash(in, out, unknown)
	}
	p := &s.payments[script.Number(in.key[1:])]
	if out.shows == "closed" && p.is == "asked" {
		p.is = "closed" // nobody replied in time
	}
	if in.verb == "reply" {
		if out.code == code.PinTryUnknown && in.by == "pay" && p.is == "asked" {
			return true, s // the grant has lapsed
		}
		want := p.reply(in.by, out.code == code.AskEnded)
		return unknown || out.code == want && (want != code.OK || out.shows == p.is), s
	}
	if !unknown && slices.Contains(unused, out.code) {
		return out.code != code.AsksTooMany || in.amount > wallet.DefaultFreeLimit, s
	}
	want := p.charge(in.amount, s.used)
	s.used = s.used || p.amount > 0
	return unknown || out.code == want && (want != code.OK || out.shows == p.is), s
}

func (p *charged) charge(amount int64, used bool) code.Code {
	switch {
	case p.amount == amount:
	case p.amount > 0:
		return code.OrderNoUsed
	case used:
		return code.PayCodeUsed
	case amount > wallet.DefaultFreeLimit:
		*p = charged{amount, "asked"}
	default:
		*p = charged{amount, "paid"}
	}
	return code.OK
}

// reply says yes or no; late says that the answer was: too late.
func (p *charged) reply(by string, late bool) code.Code {
	to := map[string]string{"pay": "paid", "refuse": "closed"}[by]
	switch {
	case p.amount == 0:
		return code.AskNotFound
	case p.is == to:
	case p.is != "asked":
		return code.AskEnded
	case late:
		p.is = "closed"
		return code.AskEnded
	default:
		p.is = to
	}
	return code.OK
}

// receiver is the code by which a friend is paid: each one is set by a consent that is
// used once.
type receiver struct {
	code string
	used string // counters of consents, "2 5"
}

func (s receiver) step(in input, out output, unknown bool) (bool, book) {
	counter := strconv.FormatUint(in.number, 10)
	want := code.OK
	switch used := strings.Fields(s.used); {
	case s.code == in.key:
	case slices.Contains(used, counter):
		want = code.CounterUsed
	default:
		used = append(used, counter)
		slices.Sort(used)
		s.code, s.used = in.key, strings.Join(used, " ")
	}
	return unknown || out.code == want && (want != code.OK || out.shows == s.code), s
}
