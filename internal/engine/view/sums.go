package view

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// sums are what was debited and credited, in minor units. Pebble adds them up
// by itself (Merge), so that writing needs no read.
type sums struct{ debits, credits int64 }

var errSums = errors.New("sums cannot be read")

func (s sums) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.debits))
	return binary.BigEndian.AppendUint64(b, uint64(s.credits))
}

// plus adds encoded sums.
func (s *sums) plus(b []byte) error {
	if len(b) != 16 {
		return errSums
	}
	s.debits += int64(binary.BigEndian.Uint64(b))
	s.credits += int64(binary.BigEndian.Uint64(b[8:]))
	return nil
}

// merger is Pebble's way to add sums; its name is stored with the data.
var merger = &pebble.Merger{
	Name: "holdfast.view.sums.1",
	Merge: func(_, value []byte) (pebble.ValueMerger, error) {
		m := new(sumMerger)
		return m, m.plus(value)
	},
}

type sumMerger struct{ sums }

// MergeNewer implements pebble.ValueMerger.
func (m *sumMerger) MergeNewer(value []byte) error { return m.plus(value) }

// MergeOlder implements pebble.ValueMerger: addition has no order.
func (m *sumMerger) MergeOlder(value []byte) error { return m.plus(value) }

// Finish implements pebble.ValueMerger.
func (m *sumMerger) Finish(bool) ([]byte, io.Closer, error) { return m.append(nil), nil, nil }

// hour is the length of a bucket of sums in milliseconds.
const hour = 3600 * 1000

// hourOf numbers the hour a time falls in; it rounds down before 1970 too.
func hourOf(at int64) int64 {
	h := at / hour
	if at%hour < 0 {
		h--
	}
	return h
}
