package table

import (
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// Overlay is the Txn of one frame. Reads see the frame's own writes first;
// Flush hands the changed rows over once, in key order. It serves one
// goroutine, and is reused by Reset.
type Overlay struct {
	base   Backend
	rows   map[string]*cell
	arena  arena
	cells  []cell
	order  []*cell
	hasher Hasher
	load   []byte
}

// cell is a row the frame has touched.
type cell struct {
	key   []byte
	old   []byte // stored bytes before the frame; nil when there was no row
	value []byte // present value; nil when there is no row
	known bool   // old has been looked up
	dirty bool
}

// NewOverlay returns an empty overlay over base.
func NewOverlay(base Backend) *Overlay {
	return &Overlay{base: base, rows: make(map[string]*cell, 4096)}
}

// Reset forgets the frame.
func (o *Overlay) Reset() {
	clear(o.rows)
	o.arena.reset()
	o.cells = o.cells[:0]
	o.order = o.order[:0]
}

func (o *Overlay) newCell(key []byte) *cell {
	if len(o.cells) == cap(o.cells) {
		o.cells = make([]cell, 0, 4096) // cells already handed out stay where they are
	}
	o.cells = append(o.cells, cell{key: o.arena.copy(key)})
	c := &o.cells[len(o.cells)-1]
	o.rows[unsafeString(c.key)] = c
	return c
}

// lookup returns the cell of key with its old row read from the base.
func (o *Overlay) lookup(key []byte) *cell {
	c, ok := o.rows[string(key)]
	if ok && c.known {
		return c
	}
	if !ok {
		c = o.newCell(key)
	}
	stored, found, err := o.base.Load(key, o.load[:0])
	o.load = stored[:0]
	if err != nil {
		panic(&Damage{Key: c.key, Cause: err})
	}
	c.known = true
	if !found {
		return c
	}
	c.old = o.arena.copy(stored)
	value, err := Open(key, c.old)
	if err != nil {
		panic(&Damage{Key: c.key, Cause: err})
	}
	if !c.dirty {
		c.value = value
	}
	return c
}

// Get implements Txn.
func (o *Overlay) Get(key []byte) ([]byte, bool) {
	if c, ok := o.rows[string(key)]; ok && (c.dirty || c.known) {
		return c.value, c.value != nil
	}
	c := o.lookup(key)
	return c.value, c.value != nil
}

// Set implements Txn.
func (o *Overlay) Set(key, value []byte) { o.write(o.lookup(key), value) }

// Insert implements Txn.
func (o *Overlay) Insert(key, value []byte) {
	c, ok := o.rows[string(key)]
	if !ok {
		c = o.newCell(key)
		c.known = true
	}
	must.That(c.value == nil && c.known, "inserted row %x is new", key)
	must.Check(func() error {
		_, found, err := o.base.Load(key, nil)
		must.That(!found || c.old != nil, "inserted row %x is not in the store", key)
		return err
	})
	o.write(c, value)
}

// write puts the value in the cell; an empty value is still a row.
func (o *Overlay) write(c *cell, value []byte) {
	c.value = o.arena.copy(value)
	o.markDirty(c)
}

// Delete implements Txn.
func (o *Overlay) Delete(key []byte) {
	c := o.lookup(key)
	c.value = nil
	o.markDirty(c)
}

func (o *Overlay) markDirty(c *cell) {
	if !c.dirty {
		c.dirty = true
		o.order = append(o.order, c)
	}
}

// Scan implements Txn: the base's rows with the frame's changes over them.
// visit must not write.
func (o *Overlay) Scan(from, to []byte, visit func(key, value []byte) bool) {
	var mine []*cell
	for _, c := range o.order {
		if cmp(c.key, from) >= 0 && (to == nil || cmp(c.key, to) < 0) {
			mine = append(mine, c)
		}
	}
	slices.SortFunc(mine, func(a, b *cell) int { return cmp(a.key, b.key) })
	more := true
	emit := func(c *cell) {
		if c.value != nil {
			more = visit(c.key, c.value)
		}
	}
	err := o.base.Iterate(from, to, func(key, stored []byte) bool {
		for more && len(mine) > 0 && cmp(mine[0].key, key) < 0 {
			emit(mine[0])
			mine = mine[1:]
		}
		if !more {
			return false
		}
		if len(mine) > 0 && cmp(mine[0].key, key) == 0 {
			emit(mine[0])
			mine = mine[1:]
			return more
		}
		value, err := Open(key, stored)
		if err != nil {
			panic(&Damage{Key: slices.Clone(key), Cause: err})
		}
		more = visit(key, value)
		return more
	})
	if err != nil {
		panic(&Damage{Key: slices.Clone(from), Cause: err})
	}
	for ; more && len(mine) > 0; mine = mine[1:] {
		emit(mine[0])
	}
}

// Flush returns the frame's changed rows in key order and keeps the digests up
// to date. The writes are valid until Reset. Rows that ended as they began are
// left out.
func (o *Overlay) Flush(digests map[ID]*Digest) []Write {
	slices.SortFunc(o.order, func(a, b *cell) int { return cmp(a.key, b.key) })
	writes := make([]Write, 0, len(o.order))
	for _, c := range o.order {
		var stored []byte
		if c.value != nil {
			stored = Seal(o.arena.take(rowHeader + len(c.value))[:0], c.key, c.value)
		}
		if stored == nil && c.old == nil || stored != nil && string(stored) == string(c.old) {
			continue
		}
		if id := ID(c.key[0]); id.Digested() {
			d := digests[id]
			must.That(d != nil, "table %s has a digest", id)
			if c.old != nil {
				d.Remove(&o.hasher, c.key, c.old)
			}
			if stored != nil {
				d.Add(&o.hasher, c.key, stored)
			}
		}
		writes = append(writes, Write{Key: c.key, Stored: stored})
	}
	return writes
}

// Changed is how many rows the frame has touched for writing so far.
func (o *Overlay) Changed() int { return len(o.order) }

func cmp(a, b []byte) int { return strings.Compare(unsafeString(a), unsafeString(b)) }
