package till

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// CashWork is something in cash that was found good so far. Nothing of it is written
// before Do or Ask.
type CashWork struct {
	// Old is what was done under the same name: a repeat returns it.
	Old   *pb.CashMove
	move  *pb.CashMove
	till  *pb.Till
	shift *pb.Shift
	book  *ledger.Book
}

// BeginCash checks the shape of what m says, and finds what it repeats.
//
// Refuses, in this order: ClientIDInvalid, AmountMustBePositive; TillNotFound;
// CashExists; ShiftNotOpen.
func BeginCash(d *deed.Deed, m *pb.CashMove) (CashWork, code.Code) {
	t, ok := Peek(d.Tx, m.Till)
	switch {
	case !ident.ValidClientID(m.ClientId):
		return CashWork{}, code.ClientIDInvalid
	case m.Amount <= 0:
		return CashWork{}, code.AmountMustBePositive
	case !ok:
		return CashWork{}, code.TillNotFound
	}
	m.ContentHash = ledger.ContentHash(d.Mem, m)
	if old, ok := CashOf(d.Tx, m.Till, m.ClientId); ok {
		if !bytes.Equal(old.ContentHash, m.ContentHash) {
			return CashWork{}, code.CashExists
		}
		return CashWork{Old: old}, code.OK
	}
	s := Open(d.Tx, t)
	if s == nil {
		return CashWork{}, code.ShiftNotOpen
	}
	return CashWork{move: m, till: t, shift: s}, code.OK
}

// WaitingCash goes on with cash whose person was asked, as long as it waits.
func WaitingCash(d *deed.Deed, m *pb.CashMove) (CashWork, bool) {
	if !Waits(d.Tx, d.At, m) {
		return CashWork{}, false
	}
	t, _ := Peek(d.Tx, m.Till)
	return CashWork{move: m, till: t, shift: Open(d.Tx, t)}, true
}

// Waits says whether cash waits for its person's answer at a time: it does so within
// the shift, until the time to answer is over.
func Waits(r table.Reader, at int64, m *pb.CashMove) bool {
	if m.State != pb.CashState_CASH_STATE_WAITING || at >= m.AskedUntil {
		return false
	}
	s, _ := ShiftOf(r, m.Till, m.Shift)
	return s.State == pb.ShiftState_SHIFT_STATE_OPEN
}

// By refuses with ShiftOfAnother unless the member works the shift.
func (w CashWork) By(staff uint64) code.Code {
	if w.shift.Staff != staff {
		return code.ShiftOfAnother
	}
	return code.OK
}

// Mchid is whose till it is.
func (w CashWork) Mchid() string { return w.till.Mchid }

// Charge checks what the till may take or hand out, and plans the money's way from or
// to a person.
//
// Refuses, in this order: TillCapExceeded, CashShort (more than is in the drawer);
// AccountFrozen, AmountOverflows, BalanceTooLow, AccountCapExceeded.
func (w *CashWork) Charge(d *deed.Deed, uid uint64) code.Code {
	m, s := w.move, w.shift
	m.Uid = uid
	debit, credit, sum, out := ledger.TillCash(m.Till), ledger.UserBalance(uid), s.Taken, m.Kind == pb.CashKind_CASH_KIND_OUT
	if out {
		debit, credit, sum = credit, debit, s.PaidOut
	}
	switch {
	case above(m.Amount, sum, Caps(w.till)):
		return code.TillCapExceeded
	case out && m.Amount > Expected(s):
		return code.CashShort
	}
	w.book = ledger.Begin(d.Tx, money.CNY)
	w.book.Opens(ledger.TillCash(m.Till))
	return w.book.Post(pb.PostingCode_POSTING_CODE_CASH, debit, credit, m.Amount)
}

// above says whether an amount is more than may be at once, or with what the shift
// has already.
func above(amount, sum int64, caps *pb.TillCaps) bool {
	return amount > caps.Cash || amount > caps.Shift-sum
}

// Do moves the money.
func (w CashWork) Do(d *deed.Deed) *pb.CashMove {
	m, s := w.move, w.shift
	count(s, m.Kind, m.Amount)
	w.enter(d, pb.CashState_CASH_STATE_DONE)
	recordCash(d, m, s, w.book)
	return m
}

// Ask leaves it to the person, who has until a time to say yes.
func (w CashWork) Ask(d *deed.Deed, until int64) *pb.CashMove {
	w.move.AskedUntil = until
	w.enter(d, pb.CashState_CASH_STATE_WAITING)
	d.Record(CashEntity(w.move), asked(w.move.Uid), nil)
	return w.move
}

// enter writes the state, and that it was entered now.
func (w CashWork) enter(d *deed.Deed, state pb.CashState) {
	m := w.move
	write := cash.Insert
	if m.State != 0 {
		write = cash.Put
	}
	CashMoves.Enter(&m.State, state)
	m.Shift, m.At, m.Seq = w.shift.Number, d.At, d.Seq()
	write(d.Tx, cashKey(m.Till, m.ClientId), m)
}

// CallOff ends what waits: nothing is handed out.
func CallOff(d *deed.Deed, m *pb.CashMove) {
	CashMoves.Enter(&m.State, pb.CashState_CASH_STATE_CALLED_OFF)
	cash.Put(d.Tx, cashKey(m.Till, m.ClientId), m)
	d.Record(CashEntity(m), asked(m.Uid), nil)
}

// count adds an amount to what a shift took or paid out.
func count(s *pb.Shift, kind pb.CashKind, amount int64) {
	if kind == pb.CashKind_CASH_KIND_OUT {
		s.PaidOut += amount
	} else {
		s.Taken += amount
	}
}

func recordCash(d *deed.Deed, m *pb.CashMove, s *pb.Shift, book *ledger.Book) {
	shifts.Put(d.Tx, shiftKey(s.Till, s.Number), s)
	d.Record(CashEntity(m), ShiftEntity(s.Till, s.Number), book.Commit())
}
