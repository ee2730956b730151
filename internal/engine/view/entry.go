package view

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// entry is a journal entry read in place: the slices point into its row. The
// generated decoder would allocate four times for every posting.
type entry struct {
	at       int64
	number   uint32
	entity   []byte
	name     []byte
	postings []posting
}

type posting struct {
	code          uint64
	debit, credit []byte
	amount        int64
	currency      uint32
}

var errEntry = errors.New("a journal entry cannot be read")

// read fills e from an entry's stored bytes, reusing the postings' space.
func (e *entry) read(stored []byte) error {
	*e = entry{postings: e.postings[:0]}
	return fields(stored, func(field protowire.Number, n uint64, b []byte) error {
		switch field {
		case 3:
			e.at = int64(n)
		case 4:
			e.number = uint32(n)
		case 7:
			e.entity = b
		case 8:
			e.name = b
		case 9:
			var p posting
			if err := p.read(b); err != nil {
				return err
			}
			e.postings = append(e.postings, p)
		}
		return nil
	})
}

func (p *posting) read(b []byte) error {
	return fields(b, func(field protowire.Number, n uint64, b []byte) error {
		switch field {
		case 1:
			p.code = n
		case 2:
			p.debit = b
		case 3:
			p.credit = b
		case 4:
			p.amount = int64(n)
		case 5:
			p.currency = uint32(n)
		}
		return nil
	})
}

// fields visits a message's fields: a number for varints, bytes for the rest.
func fields(b []byte, visit func(field protowire.Number, n uint64, b []byte) error) error {
	for len(b) > 0 {
		field, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return errEntry
		}
		b = b[size:]
		var n uint64
		var value []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(field, kind, b)
		}
		if size < 0 {
			return errEntry
		}
		if err := visit(field, n, value); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}
