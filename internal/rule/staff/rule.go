package staff

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Add         = catalogue.Returning(catalogue.StaffAdd, "staff_add", ApplyAdd).From(Level)
	End         = catalogue.Returning(catalogue.StaffEnd, "staff_end", ApplyEnd).From(Level)
	SetRoles    = catalogue.Returning(catalogue.StaffSetRoles, "staff_set_roles", ApplySetRoles).From(Level)
	Token       = catalogue.Returning(catalogue.StaffToken, "staff_token", ApplyToken).From(Level)
	OpenSession = catalogue.Returning(catalogue.SessionOpen, "session_open", ApplySessionOpen).From(Level)
	AddPasskey  = catalogue.Returning(catalogue.StaffPasskeyAdd, "staff_passkey_add", ApplyPasskeyAdd).From(Level)
	EndPasskey  = catalogue.Returning(catalogue.StaffPasskeyEnd, "staff_passkey_end", ApplyPasskeyEnd).From(Level)
	EndSession  = catalogue.Returning(catalogue.SessionEnd, "session_end", ApplySessionEnd).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "staff",
	Commands: []*catalogue.Spec{Add.Spec, End.Spec, SetRoles.Spec, Token.Spec, OpenSession.Spec, EndSession.Spec, AddPasskey.Spec, EndPasskey.Spec},
	Tables:   []table.ID{table.Staff, table.StaffRefs, table.SessionRefs, table.StaffPeople},
	Counters: []deed.Counter{ids},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_STAFF, Name: "staff"}},

	Invariants: invariants,
}
