package view

import (
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// Steps returns the journal entries about an entity ("order/17", "refund/3",
// "merchant/1900000001") with a seq below before (0 for no bound): the newest
// limit of them, the oldest first.
func (v *Views) Steps(entity string, before uint64, limit int) ([]uint64, error) {
	var steps []uint64 // newest first
	prefix := entityKey(entity)
	from, to := table.Prefix(prefix)
	if before > 0 {
		to = entityKey(entity).U64(before)
	}
	err := v.query(func(db *pebble.DB) error {
		return scan(db, from, to, true, func(key, value []byte) (bool, error) {
			first, ok := numberAfter(prefix, key)
			if !ok {
				return true, nil // another entity, whose name goes on
			}
			row, err := unpackSeqs(nil, value, first)
			if err != nil {
				return false, err
			}
			for i := len(row) - 1; i >= 0 && len(steps) < limit; i-- {
				if before == 0 || row[i] < before {
					steps = append(steps, row[i])
				}
			}
			return len(steps) < limit, nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(steps)
	return steps, nil
}
