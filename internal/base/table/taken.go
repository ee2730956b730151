package table

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// Taken is what a frame changed, apart from the overlay: it is settled and
// committed while the next frame may be under way, by whoever settles all frames,
// in their order.
type Taken struct {
	rows   []change
	writes []Write
	hasher Hasher
}

// change is one row that a frame wrote or deleted.
type change struct {
	cell *cell  // for its key, and the row's hash
	old  []byte // as cell.old
	row  []byte // as cell.row
}

// Take ends the frame and returns what it changed, in key order. It is called
// once a frame; the answer is valid until the frame after the next begins.
func (o *Overlay) Take() *Taken {
	must.That(!o.taken, "a frame is taken once")
	t := o.frames[o.frame%2]
	clear(t.rows)
	t.rows = slices.Grow(t.rows[:0], o.Changed())
	for id := range o.changed {
		for _, c := range o.changed[id].sorted() {
			t.rows = append(t.rows, change{c, c.old, c.row})
		}
	}
	o.taken = true
	return t
}

// Flush takes the frame and settles it, for who does one after the other.
func (o *Overlay) Flush(digests map[ID]*Digest) []Write { return o.Take().Settle(digests) }

// Settle fills in the rows' headers, keeps the digests up to date and returns the
// writes in key order, valid as long as t. Rows that ended as they began are left
// out.
func (t *Taken) Settle(digests map[ID]*Digest) []Write {
	clear(t.writes)
	t.writes = slices.Grow(t.writes[:0], len(t.rows))
	var d *Digest
	var table ID
	for i := range t.rows {
		r := &t.rows[i]
		if id := ID(r.cell.key[0]); id != table {
			table, d = id, digests[id]
			if d == nil && id.Digested() {
				must.Never("table %s has a digest", id)
			}
		}
		t.settle(r, d)
	}
	return t.writes
}

// Each visits a table's changed rows in key order; deleted ones are left out.
func (t *Taken) Each(id ID, visit func(key, value []byte)) {
	for i := range t.rows {
		if r := &t.rows[i]; ID(r.cell.key[0]) == id && r.row != nil {
			visit(r.cell.key, r.row[rowHeader:])
		}
	}
}

// settle adds one changed row to the writes and to its table's digest. The hash
// of what it was is mostly known: it was counted in not long ago.
func (t *Taken) settle(r *change, d *Digest) {
	c := r.cell
	if r.row == nil && r.old == nil || r.row != nil && r.old != nil && bytes.Equal(r.row[rowHeader:], r.old[rowHeader:]) {
		if r.row != nil {
			sealInPlace(c.key, r.row) // it is what is remembered from now on
		}
		return
	}
	if d != nil && r.old != nil {
		d.remove(c.key, t.oldSum(r))
	}
	c.summed = false
	if r.row != nil {
		sealInPlace(c.key, r.row)
		if d != nil {
			c.sum, c.summed = t.hasher.row(c.key, r.row), true
			d.add(c.key, c.sum)
		}
	}
	t.writes = append(t.writes, Write{Key: c.key, Stored: r.row})
}

// oldSum is the hash of a row as it was before the frame.
func (t *Taken) oldSum(r *change) [16]byte {
	c := r.cell
	if c.summed && !must.Sometimes(10) {
		return c.sum
	}
	sealInPlace(c.key, r.old) // a row that was copied lacks its header
	sum := t.hasher.row(c.key, r.old)
	if c.summed && c.sum != sum {
		must.Never("the hash of row %x is the one remembered", c.key)
	}
	return sum
}
