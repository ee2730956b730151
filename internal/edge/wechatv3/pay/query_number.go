package pay

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// queryByNumber answers GET /v3/pay/transactions/out-trade-no/{out_trade_no}:
// an order in any state.
func queryByNumber(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	number := q.Param(0)
	if why := wechatv3.OutTradeNo(number); why != nil {
		return nil, wechatv3.BadField("url", "out_trade_no", wechatv3.Shorten(number), why)
	}
	return queryOrder(q, number, func(r table.Reader) (*pb.Order, bool) { return order.ByNumber(r, q.Mchid(), number) })
}
