package owed

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// known remembers the rows a stream has told, by number, with a hash of each.
// Rows come at the end (add) and from a sweep in ascending order (begin, then
// meet and keep for each, end), which also forgets rows that are gone.
type known struct {
	seed maphash.Seed
	rows []knownRow

	// During a sweep: what it has passed, and where it stands in rows.
	kept []knownRow
	at   int

	// mine are rows that the worker knows from the answer to its own report. An
	// entry is good for the sweep under way and the next one.
	mu         sync.Mutex
	mine, past map[uint64]uint64
}

// knownRow is a row the stream knows. since is 0 for one of another's lane, which
// is kept so that it is not decoded again at each sweep.
type knownRow struct {
	number, sum uint64
	since       int64
}

func newKnown() known { return known{seed: maphash.MakeSeed(), mine: map[uint64]uint64{}} }

func (k *known) sum(value []byte) uint64 { return maphash.Bytes(k.seed, value) }

// read is a row as it stands in the table.
func (k *known) read(key, value []byte) knownRow {
	f := table.F(key)
	return knownRow{number: f.U64(), sum: k.sum(value)}
}

// answered notes that the worker was told a row in answer to a report. Unlike
// the other methods it may be called from any goroutine.
func (k *known) answered(number uint64, value []byte) {
	sum := k.sum(value)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mine[number] = sum
}

func (k *known) wasAnswered(number, sum uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.mine[number] == sum || k.past[number] == sum
}

// add notes a row above all others.
func (k *known) add(row knownRow) { k.rows = append(k.rows, row) }

// begin starts a sweep over the rows there are now.
func (k *known) begin() {
	k.kept, k.at = k.kept[:0], 0
	k.mu.Lock()
	defer k.mu.Unlock()
	k.past, k.mine = k.mine, make(map[uint64]uint64)
}

// meet looks a row up that a sweep comes upon. same says that the worker knows
// it as it is; the row is then complete.
func (k *known) meet(number, sum uint64) (row knownRow, same bool) {
	for k.at < len(k.rows) && k.rows[k.at].number < number {
		k.at++ // gone
	}
	if k.at == len(k.rows) || k.rows[k.at].number != number {
		return knownRow{number: number, sum: sum}, false
	}
	row = k.rows[k.at]
	k.at++
	same = row.sum == sum || k.wasAnswered(number, sum)
	row.sum = sum
	return row, same
}

// keep notes a row that the sweep met.
func (k *known) keep(row knownRow) { k.kept = append(k.kept, row) }

// end finishes a sweep that reached number last; rows above it were added since.
func (k *known) end(last uint64) {
	for k.at < len(k.rows) && k.rows[k.at].number <= last {
		k.at++
	}
	k.kept = append(k.kept, k.rows[k.at:]...)
	k.rows, k.kept = k.kept, k.rows
	if cap(k.rows) > 4096 && len(k.rows) < cap(k.rows)/4 {
		k.rows, k.kept = slices.Clone(k.rows), nil // a drained backlog gives its memory back
	}
}
