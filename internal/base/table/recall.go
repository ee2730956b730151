package table

import "github.com/holdfast-pay/holdfast/internal/base/arena"

// recall keeps the cells of rows that were lately read or written, so that the
// next frame does not ask the backend for them: merchants, hot accounts, orders
// between their creation and their payment. It has two generations; when the
// young one is full it becomes the old one, and what is asked for again comes
// back into the young.
type recall struct {
	young, old map[string]*cell
	slab       []cell // cells not handed out yet
	limit      uint64
	since      uint64 // bytes the arena had handed out when young began
}

const (
	// recallBytes is how many bytes the arena hands out in a generation. That also
	// bounds what remembered rows keep of the blocks they were made in.
	recallBytes = 64 << 20
	// recallSlab is how many cells are allocated at a time.
	recallSlab = 64
)

func newRecall(limit uint64) recall {
	return recall{young: make(map[string]*cell), old: make(map[string]*cell), limit: limit}
}

// take returns an empty cell.
func (r *recall) take() *cell {
	if len(r.slab) == 0 {
		r.slab = make([]cell, recallSlab)
	}
	c := &r.slab[0]
	r.slab = r.slab[1:]
	return c
}

// get returns the cell of a key, nil when there is none. One that is not young
// belongs to frames of long ago and is to be renewed.
func (r *recall) get(key []byte) (c *cell, young bool) {
	if c := r.young[string(key)]; c != nil {
		return c, true
	}
	return r.old[string(key)], false
}

// put remembers a cell under its key, which nobody writes again.
func (r *recall) put(c *cell) { r.young[arena.View(c.key)] = c }

// age begins a new generation when the young one is full; taken is how many
// bytes the arena has handed out. No frame may be under way: cells of the old
// generation are forgotten.
func (r *recall) age(taken uint64) {
	if taken-r.since <= r.limit {
		return
	}
	r.since = taken
	r.young, r.old = r.old, r.young
	clear(r.young)
}
