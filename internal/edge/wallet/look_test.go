package wallet_test

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// uidOf is whose a device is.
func uidOf(b *bank, device []byte) (uid uint64) {
	b.t.Helper()
	if err := b.core.Read(func(r table.Reader) error {
		if w, ok := rule.ByDevice(r, device); ok {
			uid = w.Uid
		}
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	return uid
}
