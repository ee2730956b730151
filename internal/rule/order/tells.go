package order

import (
	"bytes"
	"strings"

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

// tillNumber begins the numbers of orders that tills place.
const tillNumber = 'T'

// tillDevice begins the device of an order that a till places, which is the till.
const tillDevice = "till/"

// tellsMerchant: at a till somebody waits for what becomes of an order, also when it is
// not paid: its payer is asked, or it is closed.
func tellsMerchant(r table.Reader, by catalogue.Number, id uint64, name []byte) string {
	switch by {
	case catalogue.CodePay, catalogue.AskAnswer, catalogue.OrderClose, catalogue.Tick:
	default:
		return ""
	}
	mchid, number, _ := bytes.Cut(name, []byte("/"))
	if len(number) == 0 || number[0] != tillNumber {
		return "" // spares the row of an order that no till placed
	}
	if o, ok := Get(r, id); !ok || !strings.HasPrefix(o.DeviceId, tillDevice) {
		return ""
	}
	return string(mchid)
}
