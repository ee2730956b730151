package wechatv3

import (
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var nativeSchema = prepayFields(optionalScene())

// prepayNative answers POST /v3/pay/transactions/native: an order whose payer
// scans a code.
func prepayNative(a *API, q *request) ([]byte, *refusal) {
	var p prepay
	if refused := decode(q, nativeSchema, &p); refused != nil {
		return nil, refused
	}
	o, refused := a.createOrder(q, &p, pb.Product_PRODUCT_NATIVE)
	if refused != nil {
		return nil, refused
	}
	if q.merchant.Settings.GetWeixinCodeUrl() {
		return oneString("code_url", weixinCodeURL+o.PrepayId), nil
	}
	return oneString("code_url", a.codeURL(o.PrepayId)), nil
}

// weixinCodeURL begins a code_url in WeChat's own form, for merchants whose
// software insists on it; the prepay_id stands where WeChat has a token.
const weixinCodeURL = "weixin://wxpay/bizpayurl?pr="
