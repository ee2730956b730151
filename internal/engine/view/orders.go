package view

import (
	"cmp"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// OrderMark is an order's place in its merchant's list.
type OrderMark struct {
	// At is when the order was created, business time in Unix milliseconds.
	At int64
	// ID is the order's number.
	ID uint64
}

func (m OrderMark) compare(o OrderMark) int {
	return cmp.Or(cmp.Compare(m.At, o.At), cmp.Compare(m.ID, o.ID))
}

// Orders lists a merchant's orders that come before a mark (the zero mark for
// no bound), at most limit, the newest first. The last one is the next page's
// before; OrderMark{At: t} begins with the orders created before time t.
func (v *Views) Orders(mchid string, before OrderMark, limit int) ([]OrderMark, error) {
	var marks []OrderMark
	prefix := orderKey(mchid)
	from, to := table.Prefix(prefix)
	all := before == OrderMark{}
	if !all {
		to = orderKey(mchid).I64(before.At).U64(before.ID)
	}
	err := v.query(func(db *pebble.DB) error {
		return scan(db, from, to, true, func(key, value []byte) (bool, error) {
			if len(key) != len(prefix)+16 {
				return false, errPacked
			}
			f := table.Fields(key[len(prefix):])
			row, err := unpackMarks(OrderMark{At: f.I64(), ID: f.U64()}, value)
			if err != nil {
				return false, err
			}
			for i := len(row) - 1; i >= 0 && len(marks) < limit; i-- {
				if all || row[i].compare(before) < 0 {
					marks = append(marks, row[i])
				}
			}
			return len(marks) < limit, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return marks, nil
}

// packMark appends a mark to a row as differences from the last one.
func packMark(row []byte, last, m OrderMark) []byte {
	row = binary.AppendVarint(row, m.At-last.At)
	return binary.AppendUvarint(row, m.ID-last.ID)
}

func unpackMarks(first OrderMark, row []byte) ([]OrderMark, error) {
	d := decoder{rest: row}
	marks := []OrderMark{first}
	for len(d.rest) > 0 && !d.bad {
		first.At += d.varint()
		first.ID += d.uvarint()
		marks = append(marks, first)
	}
	if d.bad {
		return nil, errPacked
	}
	return marks, nil
}
