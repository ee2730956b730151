package till

import (
	"bytes"
	"strconv"

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

// personKey begins the natural key, in the journal, of cash that waits for somebody or was
// called off.
const personKey = "person/"

func asked(uid uint64) string { return personKey + strconv.FormatUint(uid, 10) }

// tells: cash that a person is asked for, or that is called off, has their number.
func tells(_ table.Reader, _ catalogue.Number, _ uint64, name []byte) uint64 {
	number, ok := bytes.CutPrefix(name, []byte(personKey))
	if !ok {
		return 0
	}
	uid, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return uid
}
