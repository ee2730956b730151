package till

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/moves"
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

// CashMoves is the life of what is done in cash.
var CashMoves = moves.Table[pb.CashState]{
	{To: pb.CashState_CASH_STATE_DONE, By: "cash_in", When: "cash was handed in"},
	{To: pb.CashState_CASH_STATE_DONE, By: "cash_out", When: "the person's own device consents"},
	{To: pb.CashState_CASH_STATE_DONE, By: "code_cash", When: "the person showed a code: cash was handed in, or is handed out and needs no PIN"},
	{To: pb.CashState_CASH_STATE_WAITING, By: "code_cash", When: "the person showed a code for cash that would be handed out, and is asked for the PIN"},
	{From: pb.CashState_CASH_STATE_WAITING, To: pb.CashState_CASH_STATE_DONE, By: "cash_answer", When: "the person says yes in time"},
	{From: pb.CashState_CASH_STATE_WAITING, To: pb.CashState_CASH_STATE_CALLED_OFF, By: "cash_answer", When: "the person says no"},
	{From: pb.CashState_CASH_STATE_WAITING, To: pb.CashState_CASH_STATE_CALLED_OFF, By: "cash_undo", When: "whoever works the shift calls it off"},
	{From: pb.CashState_CASH_STATE_DONE, To: pb.CashState_CASH_STATE_UNDONE, By: "cash_undo", When: "it was a mistake, and the money is still there"},
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
	w, out := BeginCash(d, m)
	if out == code.OK && w.Old == nil {
		out = w.By(c.Staff)
	}
	if out != code.OK || w.Old != nil {
		return out, w.Old
	}
	p, ok := person.Peek(d.Tx, c.Uid)
	switch {
	case !ok:
		return code.PersonNotFound, nil
	case !person.TakesMoney(p):
		return code.PayeeUnavailable, nil
	}
	if out := w.Charge(d, c.Uid); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	return code.OK, w.Do(d)
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
	w, out := BeginCash(d, m)
	if out != code.OK || w.Old != nil {
		return out, w.Old
	}
	leave, out := wallet.Check(d, c.Uid, c.Consent, c.Amount)
	if out != code.OK {
		return out, nil
	}
	if out := w.Charge(d, c.Uid); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	leave.Use(d)
	m = w.Do(d)
	d.Consent(c.Consent)
	return code.OK, m
}

// CashEntity is the name in the journal of what was done in cash.
func CashEntity(m *pb.CashMove) string {
	return "cash/" + strconv.FormatUint(m.Till, 10) + "/" + m.ClientId
}

// ApplyCashUndo takes back what was done in cash by mistake: it names it, works once,
// in the same shift, by whoever works it, within UndoLife, and only while the money is
// still there. What waits for its person is called off. Undoing it again changes nothing.
//
// Refuses, in this order: CashNotFound; ShiftNotOpen (it was done in another shift),
// ShiftOfAnother; CashTooLate; CashShort (cash that came in is gone); AccountFrozen,
// BalanceTooLow (the person has spent it).
func ApplyCashUndo(d *deed.Deed, c *pb.CashUndo) (code.Code, *pb.CashMove) {
	m, ok := CashOf(d.Tx, c.Till, c.ClientId)
	switch {
	case !ok:
		return code.CashNotFound, nil
	case m.State == pb.CashState_CASH_STATE_UNDONE, m.State == pb.CashState_CASH_STATE_CALLED_OFF:
		return code.OK, m
	}
	s, _ := ShiftOf(d.Tx, m.Till, m.Shift)
	switch {
	case s.State != pb.ShiftState_SHIFT_STATE_OPEN:
		return code.ShiftNotOpen, m
	case s.Staff != c.Staff:
		return code.ShiftOfAnother, m
	case m.State == pb.CashState_CASH_STATE_WAITING:
		CallOff(d, m)
		return code.OK, m
	case d.At >= m.At+UndoLife:
		return code.CashTooLate, m
	}
	book := ledger.Begin(d.Tx, money.CNY)
	if out := back(book, m, s); out != code.OK {
		return out, m
	}
	// From here the command succeeds.
	count(s, m.Kind, -m.Amount)
	CashMoves.Enter(&m.State, pb.CashState_CASH_STATE_UNDONE)
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
