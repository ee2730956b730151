package table

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// Overlay is the Txn of one frame. Reads see the frame's own writes first;
// Flush hands the changed rows over once, in key order. It serves one
// goroutine, and is reused by Reset.
//
// Rows are remembered from frame to frame (recall.go), so nobody else may write
// to the backend, and an overlay whose flushed frame was not committed must not
// be used again.
type Overlay struct {
	base    Backend
	rows    map[string]*cell
	arena   arena
	cells   []cell
	changed [256]changes // by the key's first byte, which names the table
	recall  recall
	hasher  Hasher
	load    []byte
	writes  []Write
	scans   int  // scans under way, which forbid writes
	flushed bool // Flush was called
}

// cell is a row the frame has touched.
type cell struct {
	key   []byte
	old   []byte // stored bytes before the frame; nil when there was no row
	row   []byte // stored bytes to be: room for the header, then value; nil when not written
	value []byte // present value; nil when there is no row
	known bool   // old has been looked up, or cannot be there
	asked bool   // a rule asked for the row, not only inserted it
	dirty bool   // the frame wrote or deleted the row
}

const (
	overlayCells  = 4096
	overlayRowMax = 1 << 17 // a map that grew beyond it is not kept: clearing it costs every frame
)

// NewOverlay returns an empty overlay over base.
func NewOverlay(base Backend) *Overlay {
	return &Overlay{base: base, rows: make(map[string]*cell, overlayCells), recall: newRecall(recallBytes)}
}

// Reset begins the next frame. All bytes that the overlay handed out become
// invalid. A frame that was flushed counts as committed, one that was not as
// given up.
func (o *Overlay) Reset() {
	if o.flushed {
		o.remember()
	}
	if len(o.rows) > overlayRowMax {
		o.rows = make(map[string]*cell, overlayCells)
	} else {
		clear(o.rows)
	}
	for i := range o.changed {
		o.changed[i].reset()
	}
	o.arena.reset()
	o.cells = o.cells[:0]
	o.writes = o.writes[:0]
	o.scans, o.flushed = 0, false
}

// remember brings what is remembered up to date with the committed frame. Rows
// that were only inserted are left out: most are not read for a long time, and
// they would crowd out those that are.
func (o *Overlay) remember() {
	for id := range o.changed {
		if !ID(id).Digested() { // nobody reads the journal's rows while it applies
			continue
		}
		for _, c := range o.changed[id].order {
			if c.asked {
				o.recall.put(c.key, c.row)
			}
		}
	}
}

func (o *Overlay) newCell(key []byte) *cell {
	if len(o.cells) == cap(o.cells) {
		o.cells = make([]cell, 0, overlayCells) // cells already handed out stay where they are
	}
	o.cells = append(o.cells, cell{key: o.arena.copy(key)})
	c := &o.cells[len(o.cells)-1]
	o.rows[unsafeString(c.key)] = c
	return c
}

// lookup returns the cell of key with its old row read from the base.
func (o *Overlay) lookup(key []byte) *cell {
	c := o.rows[string(key)]
	if c == nil {
		c = o.newCell(key)
	}
	if !c.known {
		o.fetch(c)
	}
	c.asked = true
	return c
}

// fetch reads a cell's old row. A cell that could not be read stays unknown, so
// the next read fails again instead of finding nothing.
func (o *Overlay) fetch(c *cell) {
	stored, found, young := o.recall.get(c.key)
	if !found || must.Sometimes(10) {
		stored, found = o.loadBase(c.key, stored)
	}
	if found {
		old := o.arena.copy(stored)
		value, err := Open(c.key, old)
		if err != nil {
			panic(&Damage{Key: slices.Clone(c.key), Cause: err})
		}
		c.old, c.value = old, value
		if !young && ID(c.key[0]).Digested() {
			o.recall.put(c.key, old)
		}
	}
	c.known = true
}

// loadBase reads a row from the backend. What is remembered of it, if anything
// is, must be the same.
func (o *Overlay) loadBase(key, remembered []byte) ([]byte, bool) {
	stored, found, err := o.base.Load(key, o.load[:0])
	if err != nil {
		panic(&Damage{Key: slices.Clone(key), Cause: err})
	}
	o.load = stored[:0]
	if remembered != nil && !bytes.Equal(remembered, stored) {
		must.Never("row %x is in the store as it is remembered", key)
	}
	return stored, found
}

// Get implements Txn.
func (o *Overlay) Get(key []byte) ([]byte, bool) {
	c := o.lookup(key)
	return c.value, c.value != nil
}

// Set implements Txn.
func (o *Overlay) Set(key, value []byte) { o.write(o.lookup(key), value) }

// Insert implements Txn.
func (o *Overlay) Insert(key, value []byte) {
	c := o.rows[string(key)]
	if c == nil {
		c = o.newCell(key)
		c.known = true
		must.Check(func() error {
			_, found, err := o.base.Load(key, nil)
			must.That(!found, "inserted row %x is not in the store", key)
			return err
		})
	}
	if !c.known || c.value != nil {
		must.Never("inserted row %x is new", key)
	}
	o.write(c, value)
}

// write puts the value in the cell with room before it for the row's header; an
// empty value is still a row. Values written before stay readable: somebody may
// hold them.
func (o *Overlay) write(c *cell, value []byte) {
	c.row = o.arena.take(rowHeader + len(value))
	c.value = c.row[rowHeader:]
	copy(c.value, value)
	o.mark(c)
}

// Delete implements Txn.
func (o *Overlay) Delete(key []byte) {
	c := o.lookup(key)
	c.row, c.value = nil, nil
	o.mark(c)
}

func (o *Overlay) mark(c *cell) {
	// An argument of must.That is put on the heap whether the assertion holds or
	// not; on this path the condition comes first.
	if o.scans > 0 {
		must.Never("row %x is not written during a scan", c.key)
	}
	if o.flushed {
		must.Never("row %x is not written after the frame's flush", c.key)
	}
	if !c.dirty {
		c.dirty = true
		o.changed[c.key[0]].add(c)
	}
}

// Flush returns the frame's changed rows in key order and keeps the digests up
// to date. It is called once a frame; the writes are valid until Reset. Rows
// that ended as they began are left out.
func (o *Overlay) Flush(digests map[ID]*Digest) []Write {
	must.That(!o.flushed, "a frame is flushed once")
	for id := range o.changed {
		cells := o.changed[id].sorted()
		if len(cells) == 0 {
			continue
		}
		var d *Digest
		if ID(id).Digested() {
			if d = digests[ID(id)]; d == nil {
				must.Never("table %s has a digest", ID(id))
			}
		}
		for _, c := range cells {
			o.flush(c, d)
		}
	}
	o.flushed = true
	return o.writes
}

// flush adds one changed row to the writes and to its table's digest.
func (o *Overlay) flush(c *cell, d *Digest) {
	if c.row != nil {
		sealInPlace(c.key, c.row)
	}
	if c.row == nil && c.old == nil || c.row != nil && bytes.Equal(c.row, c.old) {
		return
	}
	if d != nil && c.old != nil {
		d.Remove(&o.hasher, c.key, c.old)
	}
	if d != nil && c.row != nil {
		d.Add(&o.hasher, c.key, c.row)
	}
	o.writes = append(o.writes, Write{Key: c.key, Stored: c.row})
}

// Changed is how many rows the frame has touched for writing so far.
func (o *Overlay) Changed() int {
	n := 0
	for i := range o.changed {
		n += o.changed[i].len()
	}
	return n
}

func cmp(a, b []byte) int { return bytes.Compare(a, b) }
