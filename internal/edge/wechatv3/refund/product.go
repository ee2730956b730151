// Package refund is the merchant API's product for refunds. One file a route.
package refund

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
)

// Product lists the routes.
func Product() wechatv3.Product {
	const refunds = "/v3/refund/domestic/refunds"
	return wechatv3.Product{Words: words, Routes: []wechatv3.Route{
		{Method: "POST", Path: refunds, Name: "refund_create", Class: gate.Refund, Unlimited: true, Handle: create},
		{Method: "GET", Path: refunds + "/{out_refund_no}", Name: "refund_query", Class: gate.Query, Handle: query},
	}}
}

// words are the outcomes that read otherwise on refunds.
var words = map[code.Code]wechatv3.Word{
	code.MerchantNotFound: {Status: 404, Name: "MCH_NOT_EXISTS", Digits: wechatv3.DigitsMerchant},
	code.OrderNotFound:    {Status: 404, Name: "RESOURCE_NOT_EXISTS", Digits: wechatv3.DigitsNoOrder},
	code.AccountFrozen:    {Status: 403, Name: "NO_AUTH", Digits: wechatv3.DigitsRestricted},
}
