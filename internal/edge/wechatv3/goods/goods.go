// Package goods has the schema of the goods that orders and refunds list.
package goods

import (
	"math"

	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

// Detail is the detail of an order. It is checked and then kept as it was sent.
type Detail struct {
	costPrice int64
	invoiceID string
	items     []Item
}

// Item is one kind of goods.
type Item struct {
	merchantID, wechatID, name                    string
	quantity, price, RefundAmount, RefundQuantity int64
}

// Most bounds the items of one order or refund.
const Most = 6000

// AnyAmount is an amount that may be 0.
var AnyAmount = sj.Number{Min: 0, Max: math.MaxInt64}

// Fields are the members that the items of all products share.
func Fields(more ...sj.Field[Item]) *sj.Object[Item] {
	return sj.Of(append([]sj.Field[Item]{
		sj.String("merchant_goods_id", func(g *Item) *string { return &g.merchantID }, sj.Text{Min: 1, Max: 32}).Required(),
		sj.String("wechatpay_goods_id", func(g *Item) *string { return &g.wechatID }, sj.Text{Max: 32}),
		sj.String("goods_name", func(g *Item) *string { return &g.name }, sj.Text{Max: 256}),
		sj.Int("unit_price", func(g *Item) *int64 { return &g.price }, AnyAmount).Required(),
	}, more...)...)
}

// Schema is the schema of a Detail.
var Schema = sj.Of(
	sj.Int("cost_price", func(g *Detail) *int64 { return &g.costPrice }, AnyAmount),
	sj.String("invoice_id", func(g *Detail) *string { return &g.invoiceID }, sj.Text{Max: 32}),
	sj.Objects("goods_detail", func(g *Detail) *[]Item { return &g.items }, Most, Fields(
		sj.Int("quantity", func(g *Item) *int64 { return &g.quantity }, sj.Number{Min: 1, Max: math.MaxInt64}).Required(),
	)),
)
