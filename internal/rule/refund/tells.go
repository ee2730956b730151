package refund

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// tellsMerchant: a refund that could not be carried out moved nothing, and somebody has to
// do something about it.
func tellsMerchant(_ table.Reader, by catalogue.Number, _ uint64, name []byte) string {
	if by != catalogue.Tick {
		return ""
	}
	mchid, _, _ := bytes.Cut(name, []byte("/"))
	return string(mchid)
}
