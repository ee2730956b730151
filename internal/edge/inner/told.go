package inner

import (
	"hash/maphash"
	"slices"
	"sync"
)

// told remembers the rows a stream has told, by number, with a hash of each.
// Rows come at the end (add) and from a sweep in ascending order (begin, then
// meet and keep for each, end), which also forgets rows that are gone.
type told struct {
	seed maphash.Seed
	rows []toldRow

	// During a sweep: what it has passed, and where it stands in rows.
	kept []toldRow
	at   int

	// mine are rows that the courier knows from the answer to its own report. An
	// entry is good for the sweep under way and the next one.
	mu         sync.Mutex
	mine, past map[uint64]uint64
}

// toldRow is a row the stream knows. since is 0 for one of another's lane, which
// is kept so that it is not decoded again at each sweep.
type toldRow struct {
	id, sum uint64
	since   int64
}

func newTold() told { return told{seed: maphash.MakeSeed(), mine: map[uint64]uint64{}} }

func (t *told) sum(value []byte) uint64 { return maphash.Bytes(t.seed, value) }

// answered notes that the courier was told a row in answer to a report. Unlike
// the other methods it may be called from any goroutine.
func (t *told) answered(id uint64, value []byte) {
	sum := t.sum(value)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mine[id] = sum
}

func (t *told) wasAnswered(id, sum uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mine[id] == sum || t.past[id] == sum
}

// add notes a row above all others.
func (t *told) add(row toldRow) { t.rows = append(t.rows, row) }

// begin starts a sweep over the rows there are now.
func (t *told) begin() {
	t.kept, t.at = t.kept[:0], 0
	t.mu.Lock()
	defer t.mu.Unlock()
	t.past, t.mine = t.mine, make(map[uint64]uint64)
}

// meet looks a row up that a sweep comes upon. same says that the courier knows
// it as it is; the row is then complete.
func (t *told) meet(id, sum uint64) (row toldRow, same bool) {
	for t.at < len(t.rows) && t.rows[t.at].id < id {
		t.at++ // gone
	}
	if t.at == len(t.rows) || t.rows[t.at].id != id {
		return toldRow{id: id, sum: sum}, false
	}
	row = t.rows[t.at]
	t.at++
	same = row.sum == sum || t.wasAnswered(id, sum)
	row.sum = sum
	return row, same
}

// keep notes a row that the sweep met.
func (t *told) keep(row toldRow) { t.kept = append(t.kept, row) }

// end finishes a sweep that reached number last; rows above it were added since.
func (t *told) end(last uint64) {
	for t.at < len(t.rows) && t.rows[t.at].id <= last {
		t.at++
	}
	t.kept = append(t.kept, t.rows[t.at:]...)
	t.rows, t.kept = t.kept, t.rows
	if cap(t.rows) > 4096 && len(t.rows) < cap(t.rows)/4 {
		t.rows, t.kept = slices.Clone(t.rows), nil // a drained backlog gives its memory back
	}
}
