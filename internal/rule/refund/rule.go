package refund

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Create is the command that asks for a refund.
var Create = catalogue.Returning(catalogue.RefundCreate, "refund_create", ApplyCreate)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "refund",
	Commands: []*catalogue.Spec{Create.Spec},
	Tables:   []table.ID{table.Refunds, table.RefundNos, table.OrderRefunds},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_REFUND, Name: "refund", Listed: []catalogue.Number{catalogue.RefundCreate}, TellsMerchant: tellsMerchant}},
	Due:      []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_REFUND, Of: pb.Kind_KIND_REFUND, Do: CompleteDue}},
	Fills:    []catalogue.Fill{{Name: orderIndex, Level: LevelOrderIndex, Step: BackfillOrderIndex}},

	Invariants: invariants,
}
