package table

import "hash/maphash"

// recall keeps the cells of rows that were lately read or written, so that the
// next frame does not ask the backend for them: merchants, hot accounts, orders
// between their creation and their payment. It has two generations; when the
// young one is full it becomes the old one, and what is asked for again comes
// back into the young.
//
// It is a hash table of its own because nearly every look-up of a frame ends
// here, mostly in memory that is in no cache: a map reads a group of controls, a
// slot, a key and a cell, and this one the slot, the cell and the key beside the
// row. A key that is not remembered costs one slot, where a map a generation
// cost two groups.
type recall struct {
	slots      []slot // a power of two of them, at most three quarters in use
	used       int
	generation uint32
	spare      []slot // empty slots for the next generation
	slab       []cell // cells not handed out yet
	seed       maphash.Seed
	limit      uint64
	since      uint64 // bytes the arena had handed out when the young generation began
}

// slot is where a cell stands: at its key's hash or in the next free slot after
// it. Cells are not taken out one by one.
type slot struct {
	hash       uint32
	generation uint32
	cell       *cell // nil for a free slot
}

const (
	// recallBytes is how many bytes the arena hands out in a generation. That also
	// bounds what remembered rows keep of the blocks they were made in.
	recallBytes = 64 << 20
	// recallSlab is how many cells are allocated at a time.
	recallSlab = 64
	// recallSlots is how many slots there are at least.
	recallSlots = 256
)

func newRecall(limit uint64) recall {
	return recall{slots: make([]slot, recallSlots), seed: maphash.MakeSeed(), limit: limit}
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

// hash spreads keys over the slots. Whoever chooses keys cannot know the seed, and
// so can't choose such as fall together.
func (r *recall) hash(key []byte) uint32 { return uint32(maphash.Bytes(r.seed, key)) }

// get returns the slot of a key, nil when the row is not remembered.
func (r *recall) get(hash uint32, key []byte) *slot {
	mask := uint32(len(r.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &r.slots[i]
		switch {
		case s.cell == nil:
			return nil
		case s.hash == hash && string(s.cell.key) == string(key):
			return s
		}
	}
}

// young says whether a slot's cell is of the present generation. One that is not
// belongs to frames of long ago and is to be renewed.
func (r *recall) young(s *slot) bool { return s.generation == r.generation }

// put remembers a cell, of whose row there is none yet, under its key's hash.
func (r *recall) put(hash uint32, c *cell) {
	if r.used++; r.used > len(r.slots)/4*3 {
		r.move(make([]slot, 2*len(r.slots)))
	}
	place(r.slots, slot{hash, r.generation, c})
}

// renew puts a cell made of an older one of the same key in its place.
func (r *recall) renew(s *slot, c *cell) { s.cell, s.generation = c, r.generation }

// place puts a slot's content where it belongs.
func place(slots []slot, s slot) {
	mask := uint32(len(slots) - 1)
	i := s.hash & mask
	for slots[i].cell != nil {
		i = (i + 1) & mask
	}
	slots[i] = s
}

// move puts all content into other slots.
func (r *recall) move(to []slot) {
	for _, s := range r.slots {
		if s.cell != nil {
			place(to, s)
		}
	}
	r.slots = to
}

// age begins a new generation when the young one is full; taken is how many
// bytes the arena has handed out. No frame may be under way: cells of the old
// generation are forgotten.
func (r *recall) age(taken uint64) {
	if taken-r.since <= r.limit {
		return
	}
	r.since = taken
	for i := range r.slots {
		if s := &r.slots[i]; s.cell != nil && !r.young(s) {
			s.cell = nil
			r.used--
		}
	}
	r.generation++
	was := r.slots
	r.move(r.room())
	clear(was)
	r.spare = was
}

// room is empty slots for what is in use and as much again.
func (r *recall) room() []slot {
	n := recallSlots
	for n/4*3 < 2*r.used {
		n *= 2
	}
	if len(r.spare) == n {
		return r.spare
	}
	return make([]slot, n)
}
