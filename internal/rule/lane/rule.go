package lane

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// Lease is the command by which a courier takes, keeps or gives up its share.
// The record is nil after leaving.
var Lease = catalogue.Returning(catalogue.CourierLease, "courier_lease", ApplyLease).From(Level)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "lane",
	Commands: []*catalogue.Spec{Lease.Spec},
	Tables:   []table.ID{table.Couriers},

	Invariants: []catalogue.Invariant{{Name: "no two couriers hold one lane", Check: Notices.Disjoint}},
}
