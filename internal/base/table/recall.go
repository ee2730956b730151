package table

// recall keeps the stored form of rows that were lately read or written, so that
// the next frame does not ask the backend for them: merchants, hot accounts,
// orders between their creation and their payment. It has two generations; when
// the young one is full it becomes the old one, and what is asked for again
// comes back into the young.
type recall struct {
	young, old generation
	limit      int // bytes of keys and rows in one generation
}

type generation struct {
	rows  map[string][]byte
	arena arena
	bytes int
}

const (
	recallBytes  = 32 << 20
	recallRowMax = 4 << 10 // larger rows are not worth their room
)

func newRecall(limit int) recall {
	return recall{
		young: generation{rows: make(map[string][]byte)},
		old:   generation{rows: make(map[string][]byte)},
		limit: limit,
	}
}

// get returns the row's stored form, valid until the next put. A row that was
// used in this generation is young; any other is to be put once more.
func (r *recall) get(key []byte) (stored []byte, ok, young bool) {
	if stored, ok := r.young.rows[string(key)]; ok {
		return stored, true, true
	}
	stored, ok = r.old.rows[string(key)]
	return stored, ok, false
}

// put remembers a row; nil forgets it.
func (r *recall) put(key, stored []byte) {
	if len(stored) == 0 || len(stored) > recallRowMax {
		delete(r.young.rows, string(key))
		delete(r.old.rows, string(key))
		return
	}
	g := &r.young
	if have, ok := g.rows[string(key)]; ok {
		if cap(have) < len(stored) {
			have = g.take(len(stored) + len(stored)/4) // accounts grow digit by digit
		}
		have = have[:len(stored)]
		copy(have, stored)
		g.rows[string(key)] = have
		return
	}
	if g.bytes > r.limit {
		r.turn()
	}
	k := g.take(len(key))
	copy(k, key)
	row := g.take(len(stored))
	copy(row, stored)
	g.rows[unsafeString(k)] = row
}

func (g *generation) take(n int) []byte {
	g.bytes += n
	return g.arena.take(n)
}

// turn makes the young generation the old one.
func (r *recall) turn() {
	r.young, r.old = r.old, r.young
	clear(r.young.rows)
	r.young.arena.rewind()
	r.young.bytes = 0
}
