// Package pay is the merchant API's product for payments: four kinds of orders
// (native, JSAPI, app and H5), queries, and closing. One file a route.
package pay

import (
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Links are the addresses payers are sent to.
type Links struct {
	// Code is the address of the page where an order is paid: code_url, unless
	// the merchant asked for weixin:// links.
	Code func(prepayID string) string
	// H5 is the address a payer's browser is sent to for an H5 order.
	H5 func(o *pb.Order) string
}

// Product lists the routes. Closing an order goes with refunds: it can wait a
// minute as they can, and an order that could not be closed ends by itself.
func Product(l Links) wechatv3.Product {
	const transactions = "/v3/pay/transactions/"
	return wechatv3.Product{Browsing: true, Routes: []wechatv3.Route{
		{Method: "POST", Path: transactions + "native", Name: "prepay_native", Class: gate.Pay, Handle: l.native},
		{Method: "POST", Path: transactions + "jsapi", Name: "prepay_jsapi", Class: gate.Pay, Handle: jsapi},
		{Method: "POST", Path: transactions + "app", Name: "prepay_app", Class: gate.Pay, Handle: app},
		{Method: "POST", Path: transactions + "h5", Name: "prepay_h5", Class: gate.Pay, Handle: l.h5},
		{Method: "GET", Path: transactions + "id/{transaction_id}", Name: "query_by_id", Class: gate.Query, Handle: queryByID},
		{Method: "GET", Path: transactions + "out-trade-no/{out_trade_no}", Name: "query_by_number", Class: gate.Query, Handle: queryByNumber},
		{Method: "POST", Path: transactions + "out-trade-no/{out_trade_no}/close", Name: "close", Class: gate.Refund, Handle: closeOrder},
	}}
}
