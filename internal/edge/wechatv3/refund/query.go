package refund

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// query answers GET /v3/refund/domestic/refunds/{out_refund_no}.
func query(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	number := q.Param(0)
	if why := wechatv3.OutRefundNo(number); why != nil {
		return nil, wechatv3.BadField("url", "out_refund_no", wechatv3.Shorten(number), why)
	}
	if sub, ok := q.Query("sub_mchid"); ok && sub != "" {
		return nil, wechatv3.BadField("query", "sub_mchid", wechatv3.Shorten(sub), whyPartner)
	}
	return q.Poll(number, func() (answer []byte, final bool, refused *wechatv3.Refusal) {
		refused = q.Read(func(r table.Reader) (err error) {
			f, ok := refund.ByNumber(r, q.Mchid(), number)
			if !ok {
				return code.RefundNotFound.Err()
			}
			final = wechatv3.IsFinal(refund.Moves, f.Status)
			answer, err = show(r, q, f)
			return err
		})
		return answer, final, refused
	})
}

// show reads the refunded order and writes the answer.
func show(r table.Reader, q *wechatv3.Request, f *pb.Refund) ([]byte, error) {
	o, ok := order.Get(r, f.OrderId)
	if !ok {
		return nil, fmt.Errorf("refund %d names order %d, which is not there", f.Id, f.OrderId)
	}
	return wechatjson.Refund(f, o, q.Offset), nil
}
