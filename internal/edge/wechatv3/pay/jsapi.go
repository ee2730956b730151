package pay

import (
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var jsapiSchema = prepayFields(optionalScene(), subsidyField(),
	sj.Nested("payer", func(p *prepay) *payer { return &p.payer }, sj.Of(openidField.Required(), identityField)).Required())

var (
	openidField   = sj.String("openid", func(p *payer) *string { return &p.openid }, sj.Text{Min: 1, Max: 128})
	identityField = sj.Keep(sj.Nested("identity", func(p *payer) *payer { return p }, sj.Of(
		sj.String("type", discard[payer], sj.Text{Min: 1, Max: 32}).Required(),
		sj.String("number", discard[payer], sj.Text{Min: 1, Max: 1024}).Required(),
		sj.String("name", discard[payer], sj.Text{Min: 1, Max: 1024}).Required(),
	)), func(p *payer) *[]byte { return &p.identity })
)

// discard takes a value that is checked and not kept.
func discard[T any](*T) *string { return new(string) }

// subsidyField is documented for JSAPI and APP orders.
func subsidyField() sj.Field[prepay] {
	plan := sj.Of(
		sj.Int("subsidy_installment_num", func(*struct{}) *int64 { return new(int64) }, sj.Number{Min: 1, Max: 24}),
		sj.Int("subsidy_percent", func(*struct{}) *int64 { return new(int64) }, sj.Number{Min: 0, Max: 100}),
	)
	one := sj.Of(
		sj.String("subsidy_period_type", discard[struct{}], sj.Text{Max: 32}),
		sj.Objects("subsidy_plan", func(*struct{}) *[]struct{} { return new([]struct{}) }, 100, plan),
	)
	return sj.Keep(sj.Nested("subsidy_info", func(p *prepay) *prepay { return p }, sj.Of(
		sj.Objects("subsidy_detail", func(*prepay) *[]struct{} { return new([]struct{}) }, 100, one),
	)), func(p *prepay) *[]byte { return &p.subsidy })
}

// jsapi answers POST /v3/pay/transactions/jsapi: an order for one payer,
// named by an openid, who pays inside a page or mini program.
func jsapi(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	var p prepay
	if refused := wechatv3.Decode(q, jsapiSchema, &p); refused != nil {
		if refused.Detail.Field == "/payer" || refused.Detail.Field == "/payer/openid" {
			refused.Digits = wechatv3.DigitsNoOpenid
		}
		return nil, refused
	}
	o, refused := createOrder(q, &p, pb.Product_PRODUCT_JSAPI)
	if refused != nil {
		return nil, refused
	}
	return oneString("prepay_id", o.PrepayId), nil
}
