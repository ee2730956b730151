package transfer

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Create  = catalogue.Returning(catalogue.TransferCreate, "transfer_create", ApplyCreate).From(Level)
	Accept  = catalogue.Returning(catalogue.TransferAccept, "transfer_accept", ApplyAccept).From(Level)
	Decline = catalogue.Returning(catalogue.TransferDecline, "transfer_decline", ApplyDecline).From(Level)
	Lookup  = catalogue.Returning(catalogue.PayeeLookup, "payee_lookup", ApplyPayeeLookup).From(Level)
	Hide    = catalogue.Returning(catalogue.PayeeHide, "payee_hide", ApplyPayeeHide).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "transfer",
	Commands: []*catalogue.Spec{Create.Spec, Accept.Spec, Decline.Spec, Lookup.Spec, Hide.Spec},
	Tables:   []table.ID{table.Transfers, table.TransferNos, table.Payees, table.Reaches},
	Counters: []deed.Counter{ids},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_TRANSFER, Name: "transfer", Listed: []catalogue.Number{catalogue.TransferCreate}, Tells: tells}},
	Due:      []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_TRANSFER_EXPIRE, Of: pb.Kind_KIND_TRANSFER, Do: ExpireDue}},

	Invariants: invariants,
}
