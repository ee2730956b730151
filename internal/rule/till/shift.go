package till

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
)

var shifts = table.Of[pb.Shift, *pb.Shift]{ID: table.Shifts}

func shiftKey(till, number uint64) table.Key { return table.K(table.Shifts).U64(till).U64(number) }

// ShiftOf reads a shift of a till.
func ShiftOf(r table.Reader, till, number uint64) (*pb.Shift, bool) {
	return shifts.Get(r, shiftKey(till, number))
}

// ScanShifts visits all shifts by till and number.
func ScanShifts(r table.Reader, visit func(*pb.Shift) bool) {
	from, to := table.Range(table.Shifts)
	shifts.Scan(r, from, to, func(_ []byte, s *pb.Shift) bool { return visit(s) })
}

// Open is the shift that is open at a till, nil where none is.
func Open(r table.Reader, t *pb.Till) *pb.Shift {
	if s, ok := ShiftOf(r, t.Id, t.Shift); ok && s.State == pb.ShiftState_SHIFT_STATE_OPEN {
		return s
	}
	return nil
}

// Expected is what the drawer must hold, in fen.
func Expected(s *pb.Shift) int64 { return s.Float + s.Taken - s.PaidOut }

// ShiftMoves is the life of a shift.
var ShiftMoves = moves.Table[pb.ShiftState]{
	{To: pb.ShiftState_SHIFT_STATE_OPEN, By: "shift_open", When: "a float was counted and handed out"},
	{From: pb.ShiftState_SHIFT_STATE_OPEN, To: pb.ShiftState_SHIFT_STATE_CLOSED, By: "shift_close", When: "the drawer was counted and handed in"},
}

// ApplyShiftOpen begins a shift: a member of the merchant's staff is handed a float
// that both have counted. (till, number) is the identity, and the number is one more
// than the shift before has.
//
// Refuses, in this order: FloatInvalid (negative, or above the cap of a shift);
// TillNotFound; ShiftExists (other content, or not the next number); TillClosed;
// ShiftStillOpen (the one before); StaffNotFound, StaffEnded, StaffRoleMissing;
// AccountFrozen (the till's, or the merchant's safe).
func ApplyShiftOpen(d *deed.Deed, c *pb.ShiftOpen) (code.Code, *pb.Shift) {
	t, ok := Get(d.Tx, c.Till)
	if c.Float < 0 || ok && c.Float > Caps(t).Shift {
		return code.FloatInvalid, nil
	}
	if !ok {
		return code.TillNotFound, nil
	}
	if old, ok := ShiftOf(d.Tx, t.Id, c.Number); ok {
		if old.Staff != c.Staff || old.Float != c.Float {
			return code.ShiftExists, old
		}
		return code.OK, old
	}
	if out := mayOpen(d, t, c); out != code.OK {
		return out, nil
	}
	book := ledger.Begin(d.Tx, money.CNY)
	if out := handOver(book, t, c.Float, true); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	s := &pb.Shift{Till: t.Id, Number: c.Number, Staff: c.Staff, Float: c.Float, OpenedAt: d.At, OpenSeq: d.Seq()}
	ShiftMoves.Enter(&s.State, pb.ShiftState_SHIFT_STATE_OPEN)
	t.Shift = s.Number
	tills.Put(d.Tx, key(t.Id), t)
	putShift(d, s, book.Commit())
	return code.OK, s
}

func mayOpen(d *deed.Deed, t *pb.Till, c *pb.ShiftOpen) code.Code {
	switch {
	case c.Number != t.Shift+1:
		return code.ShiftExists
	case t.ClosedAt != 0:
		return code.TillClosed
	case Open(d.Tx, t) != nil:
		return code.ShiftStillOpen
	}
	return mayWork(d.Tx, t, c.Staff)
}

// mayWork says whether a member of staff may stand at a till.
func mayWork(r table.Reader, t *pb.Till, id uint64) code.Code {
	m, ok := staff.Peek(r, id)
	switch {
	case !ok || m.Mchid != t.Mchid:
		return code.StaffNotFound
	case m.EndedAt != 0:
		return code.StaffEnded
	case !staff.Has(m, pb.StaffRole_STAFF_ROLE_CASHIER, pb.StaffRole_STAFF_ROLE_OWNER):
		return code.StaffRoleMissing
	}
	return code.OK
}

// handOver plans that cash goes from the merchant's safe into a drawer, or back.
func handOver(book *ledger.Book, t *pb.Till, amount int64, out bool) code.Code {
	drawer, safe := ledger.TillCash(t.Id), ledger.MerchantSafe(t.Mchid)
	book.Opens(drawer)
	book.Opens(safe)
	switch {
	case amount == 0:
		return code.OK
	case out:
		return book.Post(pb.PostingCode_POSTING_CODE_CASH_FLOAT, drawer, safe, amount)
	}
	return book.Post(pb.PostingCode_POSTING_CODE_CASH_FLOAT, safe, drawer, amount)
}

// ApplyShiftClose ends a shift: the drawer was counted and handed in. What is missing
// or too much is a difference of this shift, under the name of who worked it, and
// stands on an account of the till's.
//
// Refuses, in this order: FloatInvalid (counted, negative); TillNotFound; ShiftNotOpen
// (there is no such shift); ShiftExists (it was closed with another sum), with the
// shift; AccountFrozen (the till's, or the merchant's safe).
func ApplyShiftClose(d *deed.Deed, c *pb.ShiftClose) (code.Code, *pb.Shift) {
	if c.Counted < 0 {
		return code.FloatInvalid, nil
	}
	t, ok := Peek(d.Tx, c.Till)
	if !ok {
		return code.TillNotFound, nil
	}
	s, ok := ShiftOf(d.Tx, t.Id, c.Number)
	switch {
	case !ok:
		return code.ShiftNotOpen, nil
	case s.State == pb.ShiftState_SHIFT_STATE_CLOSED && s.Counted == c.Counted:
		return code.OK, s
	case s.State == pb.ShiftState_SHIFT_STATE_CLOSED:
		return code.ShiftExists, s
	}
	book := ledger.Begin(d.Tx, money.CNY)
	if out := settle(book, t, c.Counted, Expected(s)); out != code.OK {
		return out, s
	}
	// From here the command succeeds.
	ShiftMoves.Enter(&s.State, pb.ShiftState_SHIFT_STATE_CLOSED)
	s.Counted, s.ClosedAt, s.CloseSeq = c.Counted, d.At, d.Seq()
	putShift(d, s, book.Commit())
	return code.OK, s
}

// settle plans that a drawer is empty after what was counted has been handed in.
func settle(book *ledger.Book, t *pb.Till, counted, expected int64) code.Code {
	if out := handOver(book, t, counted, false); out != code.OK {
		return out
	}
	drawer, difference := ledger.TillCash(t.Id), ledger.TillDifference(t.Id)
	switch {
	case counted < expected:
		book.Opens(difference)
		return book.Post(pb.PostingCode_POSTING_CODE_CASH_DIFFERENCE, difference, drawer, expected-counted)
	case counted > expected:
		book.Opens(difference)
		return book.Post(pb.PostingCode_POSTING_CODE_CASH_DIFFERENCE, drawer, difference, counted-expected)
	}
	return code.OK
}

// ShiftEntity is a shift's name in the journal.
func ShiftEntity(till, number uint64) string {
	return "shift/" + strconv.FormatUint(till, 10) + "/" + strconv.FormatUint(number, 10)
}

func putShift(d *deed.Deed, s *pb.Shift, postings []*pb.Posting) {
	shifts.Put(d.Tx, shiftKey(s.Till, s.Number), s)
	d.Record(ShiftEntity(s.Till, s.Number), staff.Entity(s.Staff), postings)
}
