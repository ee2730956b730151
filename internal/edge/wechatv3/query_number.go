package wechatv3

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// queryByNumber answers GET /v3/pay/transactions/out-trade-no/{out_trade_no}:
// an order in any state.
func queryByNumber(a *API, q *request) ([]byte, *refusal) {
	number := q.params[0]
	if why := outTradeNo(number); why != nil {
		return nil, badField("url", "out_trade_no", shorten(number), why)
	}
	return a.queryOrder(q, number, func(r table.Reader) (*pb.Order, bool) { return order.ByNumber(r, q.mchid(), number) })
}
