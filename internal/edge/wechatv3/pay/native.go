package pay

import (
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var nativeSchema = prepayFields(optionalScene())

// native answers POST /v3/pay/transactions/native: an order whose payer
// scans a code.
func (l Links) native(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	var p prepay
	if refused := wechatv3.Decode(q, nativeSchema, &p); refused != nil {
		return nil, refused
	}
	o, refused := createOrder(q, &p, pb.Product_PRODUCT_NATIVE)
	if refused != nil {
		return nil, refused
	}
	if q.Merchant.Settings.GetWeixinCodeUrl() {
		return oneString("code_url", weixinCodeURL+o.PrepayId), nil
	}
	return oneString("code_url", l.Code(o.PrepayId)), nil
}

// weixinCodeURL begins a code_url in WeChat's own form, for merchants whose
// software insists on it; the prepay_id stands where WeChat has a token.
const weixinCodeURL = "weixin://wxpay/bizpayurl?pr="
