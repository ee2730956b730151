package pay

import (
	"net/http"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// queryByID answers GET /v3/pay/transactions/id/{transaction_id}: paid orders
// only, since others have no transaction_id.
func queryByID(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	id := q.Param(0)
	if _, ok := ident.ParseTransactionID(id); !ok {
		return nil, &wechatv3.Refusal{
			Status: http.StatusInternalServerError, Code: "INVALID_TRANSACTIONID", Digits: wechatv3.DigitsParam,
			ZH: "订单号非法，transaction_id 应为 28 位数字", EN: "The transaction_id is malformed; it has 28 digits",
			Detail: &wechatv3.Detail{Field: "transaction_id", Value: wechatv3.Shorten(id), Issue: "must be 28 digits as a paid order's query shows them", Location: "url"},
		}
	}
	return queryOrder(q, id, func(r table.Reader) (*pb.Order, bool) { return order.ByTransactionID(r, id) })
}
