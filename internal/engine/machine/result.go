package machine

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// DecodeBody reads the Body of a Result as another node sent it: a record of the
// type that the command's descriptor names. It fails for a command that returns
// no record, for one that this binary does not know, and for damaged bytes.
func DecodeBody(n catalogue.Number, raw []byte) (table.Record, error) {
	c := set.Command(n)
	switch {
	case c == nil:
		return nil, fmt.Errorf("command number %d is unknown: the node that ran it is newer; upgrade this one", uint32(n))
	case c.NewRecord == nil:
		return nil, fmt.Errorf("%s returns no record, and the node that ran it sent %d bytes", n, len(raw))
	}
	rec := c.NewRecord()
	if err := rec.UnmarshalVT(raw); err != nil {
		return nil, fmt.Errorf("what %s returned cannot be decoded: %w", n, err)
	}
	return rec, nil
}
