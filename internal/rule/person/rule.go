package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// The commands.
var (
	Add        = catalogue.Returning(catalogue.PersonAdd, "person_add", ApplyAdd)
	BindOpenid = catalogue.Returning(catalogue.PersonOpenid, "person_openid", ApplyOpenid)
	Topup      = catalogue.Returning(catalogue.PersonTopup, "person_topup", ApplyTopup)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "person",
	Commands: []*catalogue.Spec{Add.Spec, BindOpenid.Spec, Topup.Spec},
	Tables:   []table.ID{table.Persons, table.Openids, table.PersonRefs},

	Invariants: invariants,
}
