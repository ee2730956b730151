package ledger

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// The commands.
var (
	LimitAccount = catalogue.Returning(catalogue.AccountLimit, "account_limit", ApplyAccountLimit)
	TransferAll  = catalogue.Plain(catalogue.TransferBatch, "transfer_batch", ApplyTransferBatch)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "ledger",
	Commands: []*catalogue.Spec{LimitAccount.Spec, TransferAll.Spec},
	Tables:   []table.ID{table.Accounts, table.Batches},

	Invariants: invariants,
}
