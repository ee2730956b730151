package order

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// The commands.
var (
	Create = catalogue.Returning(catalogue.OrderCreate, "order_create", ApplyCreate)
	Pay    = catalogue.Returning(catalogue.OrderPay, "order_pay", ApplyPay)
	Close  = catalogue.Returning(catalogue.OrderClose, "order_close", ApplyClose)

	PayByWallet = catalogue.Returning(catalogue.WalletPay, "wallet_pay", ApplyWalletPay).From(wallet.Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "order",
	Commands: []*catalogue.Spec{Create.Spec, Pay.Spec, Close.Spec, PayByWallet.Spec},
	Tables:   []table.ID{table.Orders, table.OrderNos},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_ORDER, Name: "order", Listed: []catalogue.Number{catalogue.OrderCreate, catalogue.CodePay, catalogue.TillPay}, Tells: tells, TellsMerchant: tellsMerchant}},
	Due:      []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_ORDER_CLOSE, Of: pb.Kind_KIND_ORDER, Do: CloseDue}},
	Sweeps:   []catalogue.Sweep{{Name: "orders to close", Do: AutoClose, Next: NextAutoClose}},

	Invariants: invariants,
}
