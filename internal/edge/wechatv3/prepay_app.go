package wechatv3

import (
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var appSchema = prepayFields(optionalScene(), subsidyField())

// prepayApp answers POST /v3/pay/transactions/app: an order paid from the
// merchant's own app.
func prepayApp(a *API, q *request) ([]byte, *refusal) {
	var p prepay
	if refused := decode(q, appSchema, &p); refused != nil {
		return nil, refused
	}
	o, refused := a.createOrder(q, &p, pb.Product_PRODUCT_APP)
	if refused != nil {
		return nil, refused
	}
	return oneString("prepay_id", o.PrepayId), nil
}
