package table

import (
	"hash/crc32"
	"sync/atomic"
)

// Filter tells keys that a table has no row under, without asking the store: a
// Bloom filter whose bits for one key all lie in one cache line. It is wrong only
// by taking a new key for a known one, which costs a look-up. That it is wrong in no
// other way the overlay checks now and then.
//
// It says nothing until Complete was called, which is when every row of the
// table has been added: those in the store at one moment by whoever scans it,
// those written since by the overlay that the filter belongs to. Add may be
// called by both at once.
type Filter struct {
	lines    []line
	complete atomic.Bool
}

// line is one cache line of bits.
type line [8]uint64

const (
	// FilterMin is what a filter of few rows takes, in bytes: it is to last.
	FilterMin = 16 << 20
	// FilterMax is the most a filter may take, in bytes.
	FilterMax = 64 << 20
	// filterBits is how many bits stand for a key. A line for every ten keys has
	// one wrong answer in a hundred.
	filterBits = 6
)

// NewFilter returns an empty filter of at most so many bytes.
func NewFilter(bytes int) *Filter { return &Filter{lines: make([]line, max(bytes/64, 1))} }

// FilterSize is how many bytes suit a table with so many rows and many more to
// come.
func FilterSize(rows uint64) int { return int(min(max(8*rows, FilterMin), FilterMax)) }

// spread makes a key's 64 bits: the line from the upper half, the bits in it from
// six groups of nine.
func (f *Filter) spread(key []byte) (at *line, bits uint64) {
	h := uint64(crc32.Checksum(key, castagnoli)) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	h ^= h >> 29
	n := (h >> 32) * uint64(len(f.lines)) >> 32
	return &f.lines[n], (h ^ h>>23) * 0x94d049bb133111eb
}

// Add notes that there is a row under key.
func (f *Filter) Add(key []byte) {
	at, bits := f.spread(key)
	for range filterBits {
		atomic.OrUint64(&at[bits>>6&7], 1<<(bits&63))
		bits >>= 9
	}
}

// Complete says that all rows have been added.
func (f *Filter) Complete() { f.complete.Store(true) }

// New says that there is certainly no row under key.
func (f *Filter) New(key []byte) bool {
	if !f.complete.Load() {
		return false
	}
	at, bits := f.spread(key)
	for range filterBits {
		if atomic.LoadUint64(&at[bits>>6&7])>>(bits&63)&1 == 0 {
			return true
		}
		bits >>= 9
	}
	return false
}

// FillFilter adds the keys of a table's rows, as far as more allows; it asks
// after each thousand rows. It returns whether it came to the end.
func FillFilter(f *Filter, r Reader, id ID, more func() bool) bool {
	from, to := Range(id)
	n, whole := 0, true
	r.Scan(from, to, func(key, _ []byte) bool {
		f.Add(key)
		n++
		whole = n%1000 != 0 || more()
		return whole
	})
	return whole
}
