package deed

import (
	"encoding/binary"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// Counter hands out numbers: 1, 2, 3 and so on. The number that names it is for
// ever, and declared by the rule that takes from it (catalogue.Rule).
//
// A counter is a row, which is there once its first number was taken. So a new
// one changes no digest and no row of a log that does not use it. The counters
// that were there before feature level 4 are fields of the head.
type Counter uint32

// CountersLevel is the feature level from which on there are counters; commands
// that take from one begin there or later.
const CountersLevel = 4

func (c Counter) key() table.Key { return table.K(table.Counters).U32(uint32(c)) }

// Next takes the counter's next number. Like a write it comes after all checks,
// and what is done with the number is recorded.
func (d *Deed) Next(c Counter) uint64 {
	must.That(d.Head.Level >= CountersLevel, "counter %d is taken from at feature level %d", c, d.Head.Level)
	n := Last(d.Tx, c) + 1
	d.Tx.Set(c.key(), binary.BigEndian.AppendUint64(nil, n))
	return n
}

// Last is the last number that was taken from the counter, 0 when none was.
func Last(r table.Reader, c Counter) uint64 {
	value, ok := r.Get(c.key())
	if !ok {
		return 0
	}
	must.That(len(value) == 8, "counter %d is 8 bytes, not %d", c, len(value))
	return binary.BigEndian.Uint64(value)
}
