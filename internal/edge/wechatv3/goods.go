package wechatv3

import (
	"math"

	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

// goods is the detail of an order. It is checked and then kept as it was sent.
type goods struct {
	costPrice int64
	invoiceID string
	items     []goodsItem
}

type goodsItem struct {
	merchantID, wechatID, name                    string
	quantity, price, refundAmount, refundQuantity int64
}

// maxGoods bounds the items of one order or refund.
const maxGoods = 6000

var anyAmount = sj.Number{Min: 0, Max: math.MaxInt64}

func goodsFields(more ...sj.Field[goodsItem]) *sj.Object[goodsItem] {
	return sj.Of(append([]sj.Field[goodsItem]{
		sj.String("merchant_goods_id", func(g *goodsItem) *string { return &g.merchantID }, sj.Text{Min: 1, Max: 32}).Required(),
		sj.String("wechatpay_goods_id", func(g *goodsItem) *string { return &g.wechatID }, sj.Text{Max: 32}),
		sj.String("goods_name", func(g *goodsItem) *string { return &g.name }, sj.Text{Max: 256}),
		sj.Int("unit_price", func(g *goodsItem) *int64 { return &g.price }, anyAmount).Required(),
	}, more...)...)
}

var goodsSchema = sj.Of(
	sj.Int("cost_price", func(g *goods) *int64 { return &g.costPrice }, anyAmount),
	sj.String("invoice_id", func(g *goods) *string { return &g.invoiceID }, sj.Text{Max: 32}),
	sj.Objects("goods_detail", func(g *goods) *[]goodsItem { return &g.items }, maxGoods, goodsFields(
		sj.Int("quantity", func(g *goodsItem) *int64 { return &g.quantity }, sj.Number{Min: 1, Max: math.MaxInt64}).Required(),
	)),
)
