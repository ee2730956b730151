package till

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// tellsMerchant: what is done at a till concerns whose till it is.
func tellsMerchant(r table.Reader, _ catalogue.Number, id uint64, _ []byte) string {
	t, ok := Peek(r, id)
	if !ok {
		return ""
	}
	return t.Mchid
}
