package transfer

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// tells: a transfer that begins to wait concerns its payee, and what becomes of it
// its payer.
func tells(r table.Reader, by catalogue.Number, id uint64, name []byte) uint64 {
	if by != catalogue.TransferCreate {
		return person.NamedIn(name)
	}
	t, ok := Get(r, id)
	if !ok {
		return 0
	}
	return t.Payee
}
