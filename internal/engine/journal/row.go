package journal

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// LevelPacked is the feature level from which on the entries of a frame are
// packed, many to a row.
const LevelPacked = 5

// MaxRow bounds the value of a packed row. It has room for the longest entry.
const MaxRow = 64 << 10

// A packed row is the byte 0, with which no entry begins (it would be field 0 of
// a message), the number of its entries in two bytes, big-endian, and for each
// entry its length as a varint and its bytes.
const (
	packedMark   = 0
	packedHeader = 3
)

var (
	errNoEntry = errors.New("is no entry's")
	errTorn    = errors.New("does not hold the entries that it says it holds")
)

// entryRow is a row of the journal: consecutive entries, one below LevelPacked.
type entryRow struct {
	first, last uint64
	packed      bool
	entries     []byte
}

// openRow reads a row. Its key is the number of its last entry.
func openRow(key, value []byte) (entryRow, error) {
	last, ok := rowSeq(key)
	switch {
	case !ok:
		return entryRow{}, errNoEntry
	case len(value) == 0 || value[0] != packedMark:
		return entryRow{first: last, last: last, entries: value}, nil
	case len(value) < packedHeader:
		return entryRow{}, errTorn
	}
	n := uint64(binary.BigEndian.Uint16(value[1:]))
	if n == 0 || n-1 > last {
		return entryRow{}, errTorn
	}
	return entryRow{first: last - (n - 1), last: last, packed: true, entries: value[packedHeader:]}, nil
}

// each visits the row's entries from the number from on, until visit returns
// false. What comes before is stepped over by its length.
func (r entryRow) each(from uint64, visit func(seq uint64, entry []byte) bool) (more bool, err error) {
	if !r.packed {
		return r.last < from || visit(r.last, r.entries), nil
	}
	rest := r.entries
	for left := r.last - r.first + 1; left > 0; left-- {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return false, errTorn
		}
		end := size + int(n)
		if seq := r.last - (left - 1); seq >= from && !visit(seq, rest[size:end:end]) {
			return false, nil
		}
		rest = rest[end:]
	}
	if len(rest) != 0 {
		return false, errTorn
	}
	return true, nil
}

// Scan visits the entries from <= seq < to in order, until visit returns false.
// Numbers that are missing are passed over. entry is valid only during the call.
func Scan(r table.Reader, from, to uint64, visit func(seq uint64, entry []byte) bool) {
	if from >= to {
		return
	}
	within := func(seq uint64, entry []byte) bool { return seq < to && visit(seq, entry) }
	_, end := table.Range(table.Journal)
	r.Scan(RowKey(from), end, func(key, value []byte) bool {
		row, err := openRow(key, value)
		more := false
		if err == nil {
			more, err = row.each(from, within)
		}
		if err != nil {
			panic(&table.Damage{Key: slices.Clone(key), Cause: err})
		}
		return more && row.last+1 < to
	})
}

// Entry returns the stored bytes of entry seq; ok is false when there is none.
func Entry(r table.Reader, seq uint64) (entry []byte, ok bool) {
	Scan(r, seq, seq+1, func(_ uint64, e []byte) bool {
		entry, ok = slices.Clone(e), true
		return false
	})
	return entry, ok
}

// Read is Entry, decoded. One that cannot be decoded panics with a *table.Damage.
func Read(r table.Reader, seq uint64) (e *pb.Entry, ok bool) {
	stored, ok := Entry(r, seq)
	if !ok {
		return nil, false
	}
	return decoded.Decode(RowKey(seq), stored), true
}

var decoded = table.Of[pb.Entry, *pb.Entry]{ID: table.Journal}

// RowKey is the address of the row whose last entry is seq. Entry seq is in the
// first row that does not come before it.
func RowKey(seq uint64) table.Key { return table.K(table.Journal).U64(seq) }

// rowSeq reads the number of a row's last entry back from its address.
func rowSeq(key []byte) (uint64, bool) {
	if len(key) != 9 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}
