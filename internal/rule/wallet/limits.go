package wallet

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// MaxGrade is the highest grade of being known.
const MaxGrade = 9

// DefaultFreeLimit is up to which amount, fen, a new wallet pays without a PIN.
const DefaultFreeLimit = 200_00

// standard are the limits of grades for which the operator set none: a phone number
// alone, a name that was checked, a document that was seen.
var standard = [...]*pb.Limits{
	{Grade: 1, PerAct: 1_000_00, PerDay: 2_000_00, PerYear: 20_000_00, PerMinute: 30},
	{Grade: 2, PerAct: 10_000_00, PerDay: 20_000_00, PerYear: 100_000_00, PerMinute: 30},
	{Grade: 3, PerAct: 50_000_00, PerDay: 50_000_00, PerYear: 200_000_00, PerMinute: 60},
}

var limits = table.Of[pb.Limits, *pb.Limits]{ID: table.Limits}

func limitsKey(grade uint32) table.Key { return table.K(table.Limits).U32(grade) }

// LimitsOf is what people of a grade may move, for looking only. Grades that nobody
// set and that have no standard are like the nearest below.
func LimitsOf(r table.Reader, grade uint32) *pb.Limits {
	if own, ok := limits.Peek(r, limitsKey(grade)); ok {
		return own
	}
	return standard[min(max(int(grade), 1), len(standard))-1]
}

// Graded lists the limits of all grades that have their own.
func Graded(r table.Reader) (list []*pb.Limits) {
	for grade := uint32(1); grade <= MaxGrade; grade++ {
		if own, ok := limits.Get(r, limitsKey(grade)); ok {
			list = append(list, own)
		} else if int(grade) <= len(standard) {
			list = append(list, standard[grade-1])
		}
	}
	return list
}

// ApplyLimitsSet replaces the limits of one grade.
//
// Refuses, in this order: LimitsInvalid, NothingToDo.
func ApplyLimitsSet(d *deed.Deed, c *pb.LimitsSet) code.Code {
	l := c.Limits
	if l == nil || l.Grade == 0 || l.Grade > MaxGrade || l.PerMinute == 0 ||
		l.PerAct <= 0 || l.PerAct > l.PerDay || l.PerDay > l.PerYear || !validVelocity(l.Velocity) {
		return code.LimitsInvalid
	}
	if old, ok := limits.Get(d.Tx, limitsKey(l.Grade)); ok && same(old, l) {
		return code.NothingToDo
	}
	// From here the command succeeds.
	limits.Put(d.Tx, limitsKey(l.Grade), l)
	d.Record("limits", "", nil)
	return code.OK
}

func same(a, b *pb.Limits) bool {
	return a.PerAct == b.PerAct && a.PerDay == b.PerDay && a.PerYear == b.PerYear && a.PerMinute == b.PerMinute &&
		slices.EqualFunc(a.Velocity, b.Velocity, func(a, b *pb.Velocity) bool {
			return a.WindowMs == b.WindowMs && a.Acts == b.Acts && a.Sum == b.Sum
		})
}

// ApplyGradeSet says how well a person is known.
//
// Refuses, in this order: LimitsInvalid (no such grade), PersonNotFound (or one
// without a wallet), NothingToDo.
func ApplyGradeSet(d *deed.Deed, c *pb.GradeSet) (code.Code, *pb.Wallet) {
	if c.Grade == 0 || c.Grade > MaxGrade {
		return code.LimitsInvalid, nil
	}
	w, ok := Get(d.Tx, c.Uid)
	switch {
	case !ok:
		return code.PersonNotFound, nil
	case w.Grade == c.Grade:
		return code.NothingToDo, w
	}
	// From here the command succeeds.
	w.Grade = c.Grade
	put(d.Tx, w)
	d.Record(entity(w.Uid), "", nil)
	return code.OK, w
}

// ApplyFreeLimitSet chooses up to which amount the person pays without a PIN. To
// raise it takes the PIN, if there is one.
//
// Refuses, in this order: LimitsInvalid, NothingToDo, what wallet.CheckAct refuses.
func ApplyFreeLimitSet(d *deed.Deed, c *pb.FreeLimitSet) (code.Code, *pb.Wallet) {
	w, ok := Get(d.Tx, c.Uid)
	switch {
	case c.Limit < 0:
		return code.LimitsInvalid, nil
	case ok && c.Limit == w.FreeLimit:
		return code.NothingToDo, w
	}
	leave, out := CheckAct(d, c.Uid, c.Consent, ok && c.Limit > w.FreeLimit)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	w = leave.Wallet()
	w.FreeLimit = c.Limit
	leave.Use(d)
	d.Record(entity(w.Uid), "", nil)
	d.Consent(c.Consent)
	return code.OK, w
}
