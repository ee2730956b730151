package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// The commands. Add is for logs of before level 5: it has the name in clear.
var (
	Add        = catalogue.Returning(catalogue.PersonAdd, "person_add", ApplyAdd)
	BindOpenid = catalogue.Returning(catalogue.PersonOpenid, "person_openid", ApplyOpenid)
	Topup      = catalogue.Returning(catalogue.PersonTopup, "person_topup", ApplyTopup)

	Enter   = catalogue.Returning(catalogue.PersonEnter, "person_enter", ApplyEnter).From(LevelSealed)
	Seal    = catalogue.Returning(catalogue.PersonSeal, "person_seal", ApplySeal).From(LevelSealed)
	Phone   = catalogue.Returning(catalogue.PersonPhone, "person_phone", ApplyPhone).From(LevelSealed)
	SetKeys = catalogue.Returning(catalogue.PersonKeysSet, "person_keys_set", ApplyKeysSet).From(LevelSealed)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name: "person",
	Commands: []*catalogue.Spec{
		Add.Spec, BindOpenid.Spec, Topup.Spec,
		Enter.Spec, Seal.Spec, Phone.Spec, SetKeys.Spec,
	},
	Tables: []table.ID{table.Persons, table.Openids, table.PersonRefs, table.PersonPhones, table.PersonKeys, table.ErasedKeys},

	Invariants: invariants,
}
