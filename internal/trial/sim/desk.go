package sim

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// atTill are the verbs about tills.
var atTill = map[string]bool{
	"till": true, "cap": true, "shut": true, "open": true, "count": true, "take": true, "hand": true, "undo": true, "scan": true,
}

// How much a desk has room for: C1 to C8, P1 to P4 of each friend, shifts 1 to 4.
const (
	deskCash     = 8
	deskPayments = 4
	deskShifts   = 4
)

// desk is a till as the checker's own bookkeeper has it.
type desk struct {
	there, shut bool
	cap         int64 // 0: the standard, which nobody reaches here
	last        uint64
	shifts      [deskShifts + 1]shift
	cash        [deskCash + 1]deed
	payments    [friends + 1][deskPayments + 1]int64
}

type shift struct {
	by                   string
	float, took, paidOut int64
	counted              int64
	closed               bool
}

func (s shift) expected() int64 { return s.float + s.took - s.paidOut }

// deed is something done in cash.
type deed struct {
	out    bool
	uid    uint64
	amount int64
	shift  uint64
	undone bool
}

func (t desk) step(in input, out output, unknown bool) (bool, book) {
	want, shows, next := t.expect(in)
	return unknown || out.code == want && (shows == "" || out.shows == shows), next
}

// expect is the code that a request at a till gets, what the answer shows, "" where
// that is not compared, and the till after it.
func (t desk) expect(in input) (out code.Code, shows string, next desk) {
	if in.verb == "till" {
		t.there = true
		return t.used(), t.String(), t
	}
	if !t.there {
		return code.TillNotFound, "", t
	}
	switch in.verb {
	case "cap", "shut":
		return t.set(in)
	case "open":
		return t.open(in)
	case "count":
		return t.count(in)
	case "undo":
		return t.undo(in)
	case "scan":
		return t.scan(in)
	}
	return t.inCash(in)
}

func (t desk) String() string { return fmt.Sprintf("cap %d, shift %d", t.cap, t.last) }

func (t desk) used() code.Code {
	if t.shut {
		return code.TillClosed
	}
	return code.OK
}

// now is the shift that is open, nil when none is.
func (t *desk) now() *shift {
	if s := &t.shifts[t.last]; t.last > 0 && !s.closed {
		return s
	}
	return nil
}

func (t desk) set(in input) (code.Code, string, desk) {
	switch {
	case in.verb == "shut" && t.shut:
	case t.shut:
		return code.TillClosed, "", t
	case in.verb == "cap":
		t.cap = in.amount
	case t.now() != nil:
		return code.ShiftStillOpen, "", t
	default:
		t.shut = true
	}
	return code.OK, t.String(), t
}

func (t desk) open(in input) (code.Code, string, desk) {
	old := t.shifts[in.number]
	switch {
	case t.cap > 0 && in.amount > deedsAShift*t.cap:
		return code.FloatInvalid, "", t
	case in.number <= t.last && old.by == in.by && old.float == in.amount:
		return code.OK, t.show(in.number), t
	case in.number != t.last+1:
		return code.ShiftExists, "", t
	case t.shut:
		return code.TillClosed, "", t
	case t.now() != nil:
		return code.ShiftStillOpen, "", t
	case in.by == fmt.Sprint("S", crew):
		return code.StaffRoleMissing, "", t
	}
	t.last = in.number
	t.shifts[in.number] = shift{by: in.by, float: in.amount}
	return code.OK, t.show(in.number), t
}

func (t desk) show(number uint64) string {
	s := t.shifts[number]
	text := fmt.Sprintf("shift %d of %s: float %d, took %d, paid out %d", number, s.by, s.float, s.took, s.paidOut)
	if s.closed {
		text += fmt.Sprintf(", counted %d", s.counted)
	}
	return text
}

func (t desk) count(in input) (code.Code, string, desk) {
	s := &t.shifts[in.number]
	switch {
	case in.number > t.last:
		return code.ShiftNotOpen, "", t
	case s.closed && s.counted != in.amount:
		return code.ShiftExists, "", t
	}
	s.closed, s.counted = true, in.amount
	return code.OK, t.show(in.number), t
}

// inCash takes cash in or pays it out.
func (t desk) inCash(in input) (code.Code, string, desk) {
	d, s := &t.cash[script.Number(in.key[1:])], t.now()
	out := in.verb == "hand"
	switch {
	case d.amount > 0 && (d.out != out || d.uid != in.uid || d.amount != in.amount):
		return code.CashExists, "", t
	case d.amount > 0:
		return code.OK, d.String(), t
	case s == nil:
		return code.ShiftNotOpen, "", t
	case !out && s.by != in.by:
		return code.ShiftOfAnother, "", t
	}
	sum := &s.took
	if out {
		sum = &s.paidOut
	}
	switch {
	case t.cap > 0 && (in.amount > t.cap || *sum+in.amount > deedsAShift*t.cap):
		return code.TillCapExceeded, "", t
	case out && in.amount > s.expected():
		return code.CashShort, "", t
	}
	*sum += in.amount
	*d = deed{out: out, uid: in.uid, amount: in.amount, shift: t.last}
	return code.OK, d.String(), t
}

func (d deed) String() string { return showCash(d.uid, d.amount, d.shift, d.out, d.undone) }

func (t desk) undo(in input) (code.Code, string, desk) {
	d := &t.cash[script.Number(in.key[1:])]
	s := &t.shifts[d.shift]
	switch {
	case d.amount == 0:
		return code.CashNotFound, "", t
	case d.undone:
		return code.OK, d.String(), t
	case s.closed:
		return code.ShiftNotOpen, "", t
	case s.by != in.by:
		return code.ShiftOfAnother, "", t
	case !d.out && d.amount > s.expected():
		return code.CashShort, "", t
	}
	d.undone = true
	if d.out {
		s.paidOut -= d.amount
	} else {
		s.took -= d.amount
	}
	return code.OK, d.String(), t
}

// scan pays by printed code.
func (t desk) scan(in input) (code.Code, string, desk) {
	p := &t.payments[in.uid-people][script.Number(in.key[1:])]
	switch {
	case *p == in.amount:
	case *p > 0:
		return code.TillPaymentExists, "", t
	case t.shut:
		return code.TillClosed, "", t
	case t.cap > 0 && in.amount > t.cap:
		return code.TillCapExceeded, "", t
	}
	*p = in.amount
	return code.OK, fmt.Sprintf("%d of F%d", in.amount, in.uid-people), t
}
