// Package products lists what the merchant API serves.
package products

import (
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/certificates"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/pay"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/refund"
)

// All is every product, one line each.
func All(links pay.Links, keys certificates.Keys) []wechatv3.Product {
	return []wechatv3.Product{
		pay.Product(links),
		refund.Product(),
		certificates.Product(keys),
	}
}
