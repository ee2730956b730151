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
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "till",
	Commands: []*catalogue.Spec{Add.Spec, Set.Spec},
	Tables:   []table.ID{table.Tills, table.TillRefs},
	Counters: []deed.Counter{ids},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_TILL, Name: "till"}},

	Invariants: invariants,
}
