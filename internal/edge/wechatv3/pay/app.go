package pay

import (
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var appSchema = prepayFields(optionalScene(), subsidyField())

// app answers POST /v3/pay/transactions/app: an order paid from the
// merchant's own app.
func app(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	var p prepay
	if refused := wechatv3.Decode(q, appSchema, &p); refused != nil {
		return nil, refused
	}
	o, refused := createOrder(q, &p, pb.Product_PRODUCT_APP)
	if refused != nil {
		return nil, refused
	}
	return oneString("prepay_id", o.PrepayId), nil
}
