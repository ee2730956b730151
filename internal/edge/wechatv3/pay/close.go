package pay

import (
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

type closeBody struct{ mchid string }

var closeSchema = sj.Of(
	sj.String("mchid", func(c *closeBody) *string { return &c.mchid }, sj.Text{Min: 1, Max: 32, Check: wechatv3.Mchid}).Required(),
)

// closeOrder answers POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close
// with 204, also for an order that is closed already or was never placed. A
// paid order is refused as ORDERPAID.
func closeOrder(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	number := q.Param(0)
	if why := wechatv3.OutTradeNo(number); why != nil {
		return nil, wechatv3.BadField("url", "out_trade_no", wechatv3.Shorten(number), why)
	}
	var body closeBody
	if refused := wechatv3.Decode(q, closeSchema, &body); refused != nil {
		return nil, refused
	}
	if refused := q.SameMchid("body", "/mchid", body.mchid); refused != nil {
		return nil, refused
	}
	_, refused := wechatv3.Do(q, order.Close, &pb.OrderClose{Mchid: q.Mchid(), OutTradeNo: number})
	return nil, refused
}
