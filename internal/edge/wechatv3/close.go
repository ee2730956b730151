package wechatv3

import (
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

type closeBody struct{ mchid string }

var closeSchema = sj.Of(
	sj.String("mchid", func(c *closeBody) *string { return &c.mchid }, sj.Text{Min: 1, Max: 32, Check: mchid}).Required(),
)

// closeOrder answers POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close
// with 204, also for an order that is closed already or was never placed. A
// paid order is refused as ORDERPAID.
func closeOrder(a *API, q *request) ([]byte, *refusal) {
	number := q.params[0]
	if why := outTradeNo(number); why != nil {
		return nil, badField("url", "out_trade_no", shorten(number), why)
	}
	var body closeBody
	if refused := decode(q, closeSchema, &body); refused != nil {
		return nil, refused
	}
	if refused := q.sameMchid("body", "/mchid", body.mchid); refused != nil {
		return nil, refused
	}
	_, refused := a.do(q, machine.OrderClose, &pb.OrderClose{Mchid: q.mchid(), OutTradeNo: number})
	return nil, refused
}
