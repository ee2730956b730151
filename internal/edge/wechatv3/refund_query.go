package wechatv3

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// queryRefund answers GET /v3/refund/domestic/refunds/{out_refund_no}.
func queryRefund(a *API, q *request) ([]byte, *refusal) {
	number := q.params[0]
	if why := refundNo(number); why != nil {
		return nil, badField("url", "out_refund_no", shorten(number), why)
	}
	if sub, ok := q.query("sub_mchid"); ok && sub != "" {
		return nil, badField("query", "sub_mchid", shorten(sub), whyPartner)
	}
	return a.poll(q, number, func() (answer []byte, final bool, refused *refusal) {
		refused = a.read(q, func(r table.Reader) (err error) {
			f, ok := refund.ByNumber(r, q.mchid(), number)
			if !ok {
				return code.RefundNotFound.Err()
			}
			final = isFinal(refund.Moves, f.Status)
			answer, err = showRefund(r, q, f)
			return err
		})
		return answer, final, refused
	})
}

// showRefund reads the refunded order and writes the answer.
func showRefund(r table.Reader, q *request, f *pb.Refund) ([]byte, error) {
	o, ok := order.Get(r, f.OrderId)
	if !ok {
		return nil, fmt.Errorf("refund %d names order %d, which is not there", f.Id, f.OrderId)
	}
	return wechatjson.Refund(f, o, q.offset), nil
}
