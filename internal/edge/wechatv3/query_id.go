package wechatv3

import (
	"net/http"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// queryByID answers GET /v3/pay/transactions/id/{transaction_id}: paid orders
// only, since others have no transaction_id.
func queryByID(a *API, q *request) ([]byte, *refusal) {
	id := q.params[0]
	if _, ok := ident.ParseTransactionID(id); !ok {
		return nil, &refusal{
			status: http.StatusInternalServerError, code: "INVALID_TRANSACTIONID", digits: digitsParam,
			zh: "订单号非法，transaction_id 应为 28 位数字", en: "The transaction_id is malformed; it has 28 digits",
			detail: &detail{field: "transaction_id", value: shorten(id), issue: "must be 28 digits as a paid order's query shows them", location: "url"},
		}
	}
	return a.queryOrder(q, id, func(r table.Reader) (*pb.Order, bool) { return order.ByTransactionID(r, id) })
}
