package till

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var invariants = []catalogue.Invariant{
	catalogue.Numbered("tills", ids, Entity, Scan),
	{Name: "tills are found by token and by name", Check: found},
	{Name: "shifts of a till are numbered without gaps, and only the last is open", Check: oneOpen},
	{Name: "a drawer holds what its shift says", Check: drawers},
	{Name: "a shift's sums are those of what was done in cash", Check: summed},
	{Name: "a till's differences are those of its shifts", Check: differences},
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(t *pb.Till) bool {
		ref, ok := refs.Get(r, tokenKey(t.Token))
		named, ok2 := refs.Get(r, nameKey(t.Mchid, t.Name))
		if !ok || !ok2 || ref.Id != t.Id || named.Id != t.Id {
			return report(Entity(t.Id), "is not found by its token, or by its name")
		}
		return true
	})
}

func oneOpen(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(t *pb.Till) bool {
		for n := uint64(1); n <= t.Shift; n++ {
			s, ok := ShiftOf(r, t.Id, n)
			if !ok || s.State == pb.ShiftState_SHIFT_STATE_OPEN && n != t.Shift {
				return report(ShiftEntity(t.Id, n), "is not there, or open before the last")
			}
		}
		return true
	})
	ScanShifts(r, func(s *pb.Shift) bool {
		if t, ok := Peek(r, s.Till); !ok || s.Number == 0 || s.Number > t.Shift {
			return report(ShiftEntity(s.Till, s.Number), "is of no till, or after its till's last")
		}
		return true
	})
}

func drawers(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(t *pb.Till) bool {
		want := int64(0)
		if s := Open(r, t); s != nil {
			want = Expected(s)
		}
		if has := balance(r, ledger.TillCash(t.Id)); has != want || want < 0 {
			return report(Entity(t.Id), "its drawer has %d, its shift says %d", has, want)
		}
		return true
	})
}

func balance(r table.Reader, account string) int64 {
	if a, ok := ledger.Get(r, account, money.CNY); ok {
		return ledger.Balance(a)
	}
	return 0
}

// sums are what was taken and paid out in cash in a shift.
type sums struct{ in, out int64 }

func summed(r table.Reader, _ *pb.Head, report catalogue.Report) {
	type shift struct{ till, number uint64 }
	done, more := map[shift]sums{}, true
	ScanCash(r, func(m *pb.CashMove) bool {
		at := shift{m.Till, m.Shift}
		sum := done[at]
		switch {
		case m.State != pb.CashState_CASH_STATE_DONE:
		case m.Kind == pb.CashKind_CASH_KIND_OUT:
			sum.out += m.Amount
		default:
			sum.in += m.Amount
		}
		done[at] = sum
		if _, ok := ShiftOf(r, m.Till, m.Shift); !ok {
			more = report(CashEntity(m), "was done in no shift")
		}
		return more
	})
	ScanShifts(r, func(s *pb.Shift) bool {
		if sum := done[shift{s.Till, s.Number}]; more && sum != (sums{s.Taken, s.PaidOut}) {
			more = report(ShiftEntity(s.Till, s.Number), "took %d and paid out %d, it says %d and %d", sum.in, sum.out, s.Taken, s.PaidOut)
		}
		return more
	})
}

func differences(r table.Reader, _ *pb.Head, report catalogue.Report) {
	missing := map[uint64]int64{}
	ScanShifts(r, func(s *pb.Shift) bool {
		if s.State == pb.ShiftState_SHIFT_STATE_CLOSED {
			missing[s.Till] += Expected(s) - s.Counted
		}
		return true
	})
	Scan(r, func(t *pb.Till) bool {
		if has := balance(r, ledger.TillDifference(t.Id)); has != missing[t.Id] {
			return report(Entity(t.Id), "its differences come to %d, its account says %d", missing[t.Id], has)
		}
		return true
	})
}
