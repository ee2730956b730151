package till

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Add = catalogue.Returning(catalogue.TillAdd, "till_add", ApplyAdd).From(Level)
	Set = catalogue.Returning(catalogue.TillSet, "till_set", ApplySet).From(Level)
	Pay = catalogue.Returning(catalogue.TillPay, "till_pay", ApplyPay).From(Level)

	OpenShift  = catalogue.Returning(catalogue.ShiftOpen, "shift_open", ApplyShiftOpen).From(Level)
	CloseShift = catalogue.Returning(catalogue.ShiftClose, "shift_close", ApplyShiftClose).From(Level)
	TakeCash   = catalogue.Returning(catalogue.CashIn, "cash_in", ApplyCashIn).From(Level)
	PayCash    = catalogue.Returning(catalogue.CashOut, "cash_out", ApplyCashOut).From(Level)
	UndoCash   = catalogue.Returning(catalogue.CashUndo, "cash_undo", ApplyCashUndo).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "till",
	Commands: []*catalogue.Spec{Add.Spec, Set.Spec, Pay.Spec, OpenShift.Spec, CloseShift.Spec, TakeCash.Spec, PayCash.Spec, UndoCash.Spec},
	Tables:   []table.ID{table.Tills, table.TillRefs, table.Shifts, table.CashMoves},
	Counters: []deed.Counter{ids},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_TILL, Name: "till", Parts: []string{"shift", "cash"}, Tells: tells, TellsMerchant: tellsMerchant}},

	Invariants: invariants,
}
