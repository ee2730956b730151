package packet

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// tells: a new packet concerns the one person it is for, and each share the payer.
func tells(r table.Reader, by catalogue.Number, id uint64, name []byte) uint64 {
	if by != catalogue.PacketCreate {
		return person.NamedIn(name)
	}
	p, ok := Get(r, id)
	if !ok {
		return 0
	}
	return p.To
}
