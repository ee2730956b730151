package machine

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// A command that one node takes and another runs has its Result carried between
// them: the code as it is, the body as its record's bytes.

// EncodeBody writes the Body of a command's Result for another node. ok is false
// when there is no body.
func EncodeBody(n Number, body any) (raw []byte, ok bool) {
	if body == nil {
		return nil, false
	}
	rec, isRecord := body.(table.Record)
	if !isRecord {
		panic(fmt.Sprintf("%s answers a %T, which is no record", n, body))
	}
	return table.Encode(rec), true
}

// DecodeBody reads what EncodeBody wrote: a record of the type that the
// catalogue names for the command. It fails for a command that answers no
// record, for one that this binary does not know, and for damaged bytes.
func DecodeBody(n Number, raw []byte) (any, error) {
	c, ok := catalogue[n]
	if !ok {
		return nil, fmt.Errorf("command number %d is unknown: the node that ran it is newer; upgrade this one", uint32(n))
	}
	empty := c.answer()
	if empty == nil {
		return nil, fmt.Errorf("%s answers no record, and the node that ran it sent %d bytes", n, len(raw))
	}
	rec := empty()
	if err := rec.UnmarshalVT(raw); err != nil {
		return nil, fmt.Errorf("answer to %s cannot be decoded: %w", n, err)
	}
	return rec, nil
}

// answer makes an empty Result.Body; nil when the command answers none.
func (c command) answer() func() table.Record {
	if c.result != nil {
		return c.result
	}
	return c.apply.result
}
