package order

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// tells: an order that asks its payer concerns them before they have paid.
func tells(r table.Reader, by catalogue.Number, id uint64, _ []byte) uint64 {
	if by != catalogue.CodePay {
		return 0
	}
	o, ok := Get(r, id)
	if !ok {
		return 0
	}
	return o.PayerUid
}
