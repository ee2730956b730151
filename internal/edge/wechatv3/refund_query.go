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
	var f *pb.Refund
	refused := a.read(q, func(r table.Reader) error {
		f, _ = refund.ByNumber(r, q.mchid(), number)
		return nil
	})
	switch {
	case refused != nil:
		return nil, refused
	case f == nil:
		return nil, refusalOf(code.RefundNotFound, q.route.family)
	}
	return a.showRefund(q, f)
}

// showRefund reads the refunded order and writes the answer.
func (a *API) showRefund(q *request, f *pb.Refund) ([]byte, *refusal) {
	var o *pb.Order
	refused := a.read(q, func(r table.Reader) error {
		var ok bool
		if o, ok = order.Get(r, f.OrderId); !ok {
			return fmt.Errorf("refund %d names order %d, which is not there", f.Id, f.OrderId)
		}
		return nil
	})
	if refused != nil {
		return nil, refused
	}
	return wechatjson.Refund(f, o, q.offset), nil
}
