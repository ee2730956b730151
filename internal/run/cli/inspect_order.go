package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var inspectOrder = Command{
	Name: "inspect order", Args: "ID", Short: "everything about one order: state, postings, notices, receipt, times", JSON: true, Admin: true,
	Long: `ID is a transaction_id, a prepay_id, order/NUMBER, MCHID/OUT_TRADE_NO, or with
--mchid the merchant's out_trade_no. Every step comes with its time, the journal
entry that proves it, who asked for it and the money it moved.`,
	Examples: []Example{
		{"holdfast inspect order 4200000000202603010000000017", "by the number on the payer's receipt"},
		{"holdfast inspect order 1900000001/T2026-1", "by the merchant's own number"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		q := inspectFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			q.Id = args[0]
			a, err := call(ctx, env, pbconnect.AdminServiceClient.InspectOrder, q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printOrder(env, a)
		}
	},
}

func printOrder(env *Env, a *pb.InspectOrderResponse) error {
	var b strings.Builder
	o := a.Order
	paid := ""
	if o.PaidAt != 0 {
		paid = fmt.Sprintf("%s by person %d", when(o.PaidAt), o.PayerUid)
	}
	refunds := ""
	if o.RefundCount > 0 {
		refunds = fmt.Sprintf("%d accepted for %s, %s paid back", o.RefundCount, yuan(o.Refunding), yuan(o.Refunded))
	}
	fields(&b,
		"order", fmt.Sprintf("order/%d  %s", o.Id, strings.ToUpper(word(o.State))), "amount", yuan(o.Total),
		"merchant", o.Mchid+"  "+o.Appid, "out_trade_no", o.OutTradeNo, "transaction_id", a.TransactionId,
		"product", word(o.Product), "description", o.Description, "created", when(o.CreatedAt), "expires", zero(o.TimeExpire),
		"paid", paid, "closed", zero(o.ClosedAt), "refunds", refunds)
	printSteps(&b, a.Steps)
	for _, r := range a.Refunds {
		fmt.Fprintf(&b, "refund refund/%d  %s  %s  %s\n", r.Id, r.OutRefundNo, yuan(r.Refund), strings.ToUpper(word(r.Status)))
	}
	printNotices(&b, a.Notices)
	if o.PaidAt != 0 {
		printReceipt(&b, a.Receipt, fmt.Sprintf("order/%d", o.Id))
	}
	return write(env, &b)
}

// zero is when, empty for no time.
func zero(at int64) string {
	if at == 0 {
		return ""
	}
	return when(at)
}
