package till

import (
	"bytes"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// UndoLife is for how long cash that was taken or paid out can be undone, in
// milliseconds: long enough to see a mistake, while whose cash it was is still there.
const UndoLife = 15 * stamp.Minute

var cash = table.Of[pb.CashMove, *pb.CashMove]{ID: table.CashMoves}

func cashKey(till uint64, clientID string) table.Key {
	return table.K(table.CashMoves).U64(till).Str(clientID)
}

// CashOf reads what was done in cash at a till by its client id.
func CashOf(r table.Reader, till uint64, clientID string) (*pb.CashMove, bool) {
	return cash.Get(r, cashKey(till, clientID))
}

// ScanCash visits all that was done in cash by till and client id.
func ScanCash(r table.Reader, visit func(*pb.CashMove) bool) {
	from, to := table.Range(table.CashMoves)
	cash.Scan(r, from, to, func(_ []byte, m *pb.CashMove) bool { return visit(m) })
}

// ApplyCashIn takes cash into a person's wallet: what they hand over, or the change of
// something they bought. (till, client id) is the identity.
//
// Refuses, in this order: ClientIDInvalid, AmountMustBePositive; TillNotFound;
// CashExists; ShiftNotOpen, ShiftOfAnother; PersonNotFound, PayeeUnavailable;
// TillCapExceeded; AccountFrozen, AmountOverflows, AccountCapExceeded.
func ApplyCashIn(d *deed.Deed, c *pb.CashIn) (code.Code, *pb.CashMove) {
	m := &pb.CashMove{Till: c.Till, ClientId: c.ClientId, Kind: pb.CashKind_CASH_KIND_IN, Uid: c.Uid, Amount: c.Amount}
	if c.Change {
		m.Kind = pb.CashKind_CASH_KIND_CHANGE
	}
	t, _ := Peek(d.Tx, c.Till)
	old, out := begin(d, m, t)
	if out != code.OK || old != nil {
		return out, old
	}
	s := Open(d.Tx, t)
	switch {
	case s == nil:
		return code.ShiftNotOpen, nil
	case s.Staff != c.Staff:
		return code.ShiftOfAnother, nil
	}
	p, ok := person.Peek(d.Tx, c.Uid)
	switch {
	case !ok:
		return code.PersonNotFound, nil
	case !person.TakesMoney(p):
		return code.PayeeUnavailable, nil
	case above(c.Amount, s.Taken, Caps(t)):
		return code.TillCapExceeded, nil
	}
	book := ledger.Begin(d.Tx, money.CNY)
	book.Opens(ledger.TillCash(t.Id))
	if out := book.Post(pb.PostingCode_POSTING_CODE_CASH, ledger.TillCash(t.Id), ledger.UserBalance(c.Uid), c.Amount); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	s.Taken += c.Amount
	return code.OK, finish(d, m, s, book)
}

// ApplyCashOut pays cash out of a person's wallet, as their own device consents to:
// they read the till's code, and whoever works there hands out what is shown.
// (till, client id) is the identity.
//
// Refuses, in this order: ClientIDInvalid, AmountMustBePositive; TillNotFound;
// CashExists; ShiftNotOpen; what wallet.Check refuses; TillCapExceeded, CashShort;
// AccountFrozen, BalanceTooLow.
func ApplyCashOut(d *deed.Deed, c *pb.CashOut) (code.Code, *pb.CashMove) {
	m := &pb.CashMove{ClientId: c.ClientId, Kind: pb.CashKind_CASH_KIND_OUT, Uid: c.Uid, Amount: c.Amount}
	t, _ := ByToken(d.Tx, c.Token)
	m.Till = t.GetId()
	old, out := begin(d, m, t)
	if out != code.OK || old != nil {
		return out, old
	}
	s := Open(d.Tx, t)
	if s == nil {
		return code.ShiftNotOpen, nil
	}
	leave, out := wallet.Check(d, c.Uid, c.Consent, c.Amount)
	switch {
	case out != code.OK:
		return out, nil
	case above(c.Amount, s.PaidOut, Caps(t)):
		return code.TillCapExceeded, nil
	case c.Amount > Expected(s):
		return code.CashShort, nil
	}
	book := ledger.Begin(d.Tx, money.CNY)
	book.Opens(ledger.TillCash(t.Id))
	if out := book.Post(pb.PostingCode_POSTING_CODE_CASH, ledger.UserBalance(c.Uid), ledger.TillCash(t.Id), c.Amount); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	leave.Use(d)
	s.PaidOut += c.Amount
	m = finish(d, m, s, book)
	d.Consent(c.Consent)
	return code.OK, m
}

// begin checks the shape of a deed in cash, and finds the one that it repeats.
func begin(d *deed.Deed, m *pb.CashMove, t *pb.Till) (*pb.CashMove, code.Code) {
	switch {
	case !ident.ValidClientID(m.ClientId):
		return nil, code.ClientIDInvalid
	case m.Amount <= 0:
		return nil, code.AmountMustBePositive
	case t == nil:
		return nil, code.TillNotFound
	}
	m.ContentHash = ledger.ContentHash(d.Mem, m)
	old, ok := CashOf(d.Tx, m.Till, m.ClientId)
	if ok && !bytes.Equal(old.ContentHash, m.ContentHash) {
		return nil, code.CashExists
	}
	return old, code.OK
}

// above says whether an amount is more than may be at once, or with what the shift
// has already.
func above(amount, sum int64, caps *pb.TillCaps) bool {
	return amount > caps.Cash || amount > caps.Shift-sum
}

func finish(d *deed.Deed, m *pb.CashMove, s *pb.Shift, book *ledger.Book) *pb.CashMove {
	m.Shift, m.At, m.Seq = s.Number, d.At, d.Seq()
	cash.Insert(d.Tx, cashKey(m.Till, m.ClientId), m)
	recordCash(d, m, s, book)
	return m
}

func recordCash(d *deed.Deed, m *pb.CashMove, s *pb.Shift, book *ledger.Book) {
	shifts.Put(d.Tx, shiftKey(s.Till, s.Number), s)
	d.Record(CashEntity(m), ShiftEntity(s.Till, s.Number), book.Commit())
}

// CashEntity is the name in the journal of what was done in cash.
func CashEntity(m *pb.CashMove) string {
	return "cash/" + strconv.FormatUint(m.Till, 10) + "/" + m.ClientId
}

// ApplyCashUndo takes back what was done in cash by mistake: it names it, works once,
// in the same shift, by whoever works it, within UndoLife, and only while the money is
// still there. Undoing it again changes nothing.
//
// Refuses, in this order: CashNotFound; ShiftNotOpen (it was done in another shift),
// ShiftOfAnother; CashTooLate; CashShort (cash that came in is gone); AccountFrozen,
// BalanceTooLow (the person has spent it).
func ApplyCashUndo(d *deed.Deed, c *pb.CashUndo) (code.Code, *pb.CashMove) {
	m, ok := CashOf(d.Tx, c.Till, c.ClientId)
	switch {
	case !ok:
		return code.CashNotFound, nil
	case m.UndoneAt != 0:
		return code.OK, m
	}
	s, _ := ShiftOf(d.Tx, m.Till, m.Shift)
	switch {
	case s.State != pb.ShiftState_SHIFT_STATE_OPEN:
		return code.ShiftNotOpen, m
	case s.Staff != c.Staff:
		return code.ShiftOfAnother, m
	case d.At >= m.At+UndoLife:
		return code.CashTooLate, m
	}
	book := ledger.Begin(d.Tx, money.CNY)
	if out := back(book, m, s); out != code.OK {
		return out, m
	}
	// From here the command succeeds.
	if m.Kind == pb.CashKind_CASH_KIND_OUT {
		s.PaidOut -= m.Amount
	} else {
		s.Taken -= m.Amount
	}
	m.UndoneAt, m.UndoSeq = d.At, d.Seq()
	cash.Put(d.Tx, cashKey(m.Till, m.ClientId), m)
	recordCash(d, m, s, book)
	return code.OK, m
}

// back plans the way back of what was done in cash.
func back(book *ledger.Book, m *pb.CashMove, s *pb.Shift) code.Code {
	drawer, person := ledger.TillCash(m.Till), ledger.UserBalance(m.Uid)
	if m.Kind == pb.CashKind_CASH_KIND_OUT {
		return book.Post(pb.PostingCode_POSTING_CODE_CASH_UNDONE, drawer, person, m.Amount)
	}
	if m.Amount > Expected(s) {
		return code.CashShort
	}
	return book.Post(pb.PostingCode_POSTING_CODE_CASH_UNDONE, person, drawer, m.Amount)
}
