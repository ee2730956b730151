package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var inspectRefund = Command{
	Name: "inspect refund", Args: "ID", Short: "everything about one refund", JSON: true, Admin: true,
	Long: "ID is a refund_id, refund/NUMBER, MCHID/OUT_REFUND_NO, or with --mchid the merchant's out_refund_no.",
	Examples: []Example{
		{"holdfast inspect refund R2026-1 --mchid 1900000001", "by the merchant's own number"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		q := inspectFlags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			q.Id = args[0]
			a, err := call(ctx, env, pbconnect.AdminServiceClient.InspectRefund, q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			return printRefund(env, a)
		}
	},
}

func printRefund(env *Env, a *pb.InspectRefundResponse) error {
	var b strings.Builder
	r := a.Refund
	fields(&b,
		"refund", fmt.Sprintf("refund/%d  %s", r.Id, strings.ToUpper(word(r.Status))), "amount", yuan(r.Refund)+" of "+yuan(r.Total),
		"merchant", r.Mchid, "out_refund_no", r.OutRefundNo, "refund_id", a.RefundId, "order", fmt.Sprintf("order/%d", r.OrderId),
		"transaction_id", a.TransactionId, "reason", r.Reason, "accepted", when(r.CreatedAt), "paid back", zero(r.SuccessAt))
	printSteps(&b, a.Steps)
	printNotices(&b, a.Notices)
	printReceipt(&b, a.Receipt, fmt.Sprintf("refund/%d", r.Id))
	return write(env, &b)
}
