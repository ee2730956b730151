package pay

import (
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var h5Schema = prepayFields(
	sj.Nested("scene_info", func(p *prepay) *scene { return &p.scene }, sceneH5Schema).Required(),
	sj.Nested("payer", func(p *prepay) *payer { return &p.payer }, sj.Of(identityField)))

// h5 answers POST /v3/pay/transactions/h5: an order paid from a browser
// on a phone. The address it answers lives five minutes.
func (l Links) h5(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	var p prepay
	if refused := wechatv3.Decode(q, h5Schema, &p); refused != nil {
		return nil, refused
	}
	o, refused := createOrder(q, &p, pb.Product_PRODUCT_H5)
	if refused != nil {
		return nil, refused
	}
	return oneString("h5_url", l.H5(o)), nil
}
