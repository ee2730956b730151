package view

import (
	"cmp"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Mark is an entity's place in its owner's list.
type Mark struct {
	// At is when the entity was made, business time in Unix milliseconds.
	At int64
	// ID is the entity's number.
	ID uint64
}

func (m Mark) compare(o Mark) int {
	return cmp.Or(cmp.Compare(m.At, o.At), cmp.Compare(m.ID, o.ID))
}

// List lists an owner's entities of a listed kind that come before a mark (the
// zero mark for no bound), at most limit, the newest first. The last one is the
// next page's before; Mark{At: t} begins with those made before time t.
func (v *Views) List(kind pb.Kind, owner string, before Mark, limit int) ([]Mark, error) {
	var marks []Mark
	prefix := listKey(kind, owner)
	from, to := table.Prefix(prefix)
	all := before == Mark{}
	if !all {
		to = listKey(kind, owner).I64(before.At).U64(before.ID)
	}
	err := v.query(func(db *pebble.DB) error {
		return scan(db, from, to, true, func(key, value []byte) (bool, error) {
			if len(key) != len(prefix)+16 {
				return false, errPacked
			}
			f := table.Fields(key[len(prefix):])
			row, err := unpackMarks(Mark{At: f.I64(), ID: f.U64()}, value)
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
func packMark(row []byte, last, m Mark) []byte {
	row = binary.AppendVarint(row, m.At-last.At)
	return binary.AppendUvarint(row, m.ID-last.ID)
}

func unpackMarks(first Mark, row []byte) ([]Mark, error) {
	d := decoder{rest: row}
	marks := []Mark{first}
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
