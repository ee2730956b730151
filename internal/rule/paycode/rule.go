package paycode

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Renew      = catalogue.Returning(catalogue.PayCodeRenew, "pay_code_renew", ApplyPayCodeRenew).From(Level)
	Wrong      = catalogue.Returning(catalogue.PayCodeWrong, "pay_code_wrong", ApplyPayCodeWrong).From(Level)
	Pay        = catalogue.Returning(catalogue.CodePay, "code_pay", ApplyCodePay).From(Level)
	Answer     = catalogue.Returning(catalogue.AskAnswer, "ask_answer", ApplyAskAnswer).From(Level)
	Cash       = catalogue.Returning(catalogue.CodeCash, "code_cash", ApplyCodeCash).From(Level)
	AnswerCash = catalogue.Returning(catalogue.CashAnswer, "cash_answer", ApplyCashAnswer).From(Level)
	SetReceive = catalogue.Returning(catalogue.ReceiveCodeSet, "receive_code_set", ApplyReceiveCodeSet).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "paycode",
	Commands: []*catalogue.Spec{Renew.Spec, Wrong.Spec, Pay.Spec, Answer.Spec, Cash.Spec, AnswerCash.Spec, SetReceive.Spec},
	Tables:   []table.ID{table.PayAliases, table.PayCodes, table.CodeTries, table.ReceiveCodes},
	Due:      []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_ASK, Of: pb.Kind_KIND_ORDER, Do: AskDue}},

	Invariants: invariants,
}
