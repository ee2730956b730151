package table

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/arena"
	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// Overlay is the Txn of one frame. Reads see the frame's own writes first; Take
// hands the changed rows over once. It serves one goroutine, and is reused by
// Reset.
//
// Rows are remembered from frame to frame (recall.go), so nobody else may write
// to the backend, and an overlay whose frame was taken and not committed must not
// be used again. Frames are committed in their order; the next one may be under
// way meanwhile, but not the one after it.
type Overlay struct {
	base    Backend
	mem     arena.Arena
	recall  recall
	frame   uint64       // counts Resets: which frame this is
	changed [256]changes // by the key's first byte, which names the table
	filters [256]*Filter // by the same byte; nil for most
	doubts  uint64       // how often a filter said that a row is new
	top     [256][]byte  // the highest key remembered, by the same byte
	load    []byte
	written uint64    // Sets, Inserts and Deletes so far
	scans   int       // scans under way, which forbid writes
	frames  [2]*Taken // of this frame and the one before, in turns
	taken   bool      // Take was called
	settled func()    // waits until the frame before is committed; may be nil
}

// cell is a row as a frame sees it, and as the next frame will find it.
type cell struct {
	key    []byte
	old    []byte // stored bytes before the frame; nil when there was no row
	row    []byte // stored bytes to be: room for the header, then value; nil when deleted
	record any    // the present value decoded, for Peek; nil when nobody peeked
	frame  uint64 // the frame that the fields above are about
	known  bool   // old has been looked up, or cannot be there
	dirty  bool   // the frame wrote or deleted the row

	// What follows is written by who settles frames (Taken), and by nobody else.
	sum    [16]byte // the row's hash in its table's digest, as the last settled frame left it
	summed bool     // sum is known
}

// stored is the row's present stored form, nil when there is none. The header in
// it belongs to who settles frames: here only the value may be looked at.
func (c *cell) stored() []byte {
	if c.dirty {
		return c.row
	}
	return c.old
}

// value is the row's present value, nil when there is no row.
func (c *cell) value() []byte {
	if s := c.stored(); s != nil {
		return s[rowHeader:]
	}
	return nil
}

// NewOverlay returns an empty overlay over base.
func NewOverlay(base Backend) *Overlay {
	return &Overlay{base: base, frame: 1, recall: newRecall(recallBytes), frames: [2]*Taken{{}, {}}}
}

// Settled gives the overlay a way to wait until the frame before this one is
// committed, which a scan of the store needs.
func (o *Overlay) Settled(wait func()) { o.settled = wait }

// Use lets a filter, which is empty, answer for rows of a table. The overlay adds
// what it writes from now on.
func (o *Overlay) Use(f *Filter, id ID) { o.filters[id] = f }

// Arena is where the frame's rows are made. Texts and bytes that a record of the
// frame is to hold may be made there too.
func (o *Overlay) Arena() *arena.Arena { return &o.mem }

// Reset begins the next frame. A frame that was taken counts as committed, one
// that was not as given up. What the overlay handed out stays as it is.
func (o *Overlay) Reset() {
	for i := range o.changed {
		if !o.taken {
			o.changed[i].giveUp()
		}
		o.changed[i].reset()
	}
	o.scans, o.taken = 0, false
	o.frame++
	o.recall.age(o.mem.Taken())
}

// giveUp leaves the rows as they were before the frame.
func (c *changes) giveUp() {
	for _, list := range [...][]*cell{c.order, c.tail} {
		for _, n := range list {
			n.row, n.record, n.dirty = nil, nil, false
		}
	}
}

// find returns the cell of a remembered row, nil when there is none; hash is the
// key's.
func (o *Overlay) find(hash uint32, key []byte) *cell {
	s := o.recall.get(hash, key)
	if s == nil {
		return nil
	}
	if !o.recall.young(s) {
		o.recall.renew(s, o.renew(s.cell))
	}
	if s.cell.frame != o.frame {
		o.enter(s.cell)
	}
	return s.cell
}

// renew copies what is remembered of a row that was not used for long, so that
// it does not keep the memory it was made in.
func (o *Overlay) renew(c *cell) *cell {
	n := o.blankCell(c.key)
	n.known, n.record = c.known, c.record
	if s := c.stored(); s != nil {
		n.old = o.mem.Take(len(s))
		copy(n.old[rowHeader:], s[rowHeader:])
	}
	return n
}

// enter brings a cell that an earlier frame touched into this one.
func (o *Overlay) enter(c *cell) {
	if c.dirty {
		c.old, c.row, c.dirty = c.row, nil, false
	}
	c.frame = o.frame
	if c.known && must.Sometimes(10) {
		o.compare(c)
	}
}

// compare looks whether the store has a row as it is remembered.
func (o *Overlay) compare(c *cell) {
	o.settle()
	stored, found := o.loadBase(c.key)
	if found != (c.old != nil) || found && !bytes.Equal(stored[rowHeader:], c.old[rowHeader:]) {
		must.Never("row %x is in the store as it is remembered", c.key)
	}
}

// settle waits until the store has all frames before this one.
func (o *Overlay) settle() {
	if o.settled != nil {
		o.settled()
	}
}

// newCell remembers a row that is not remembered yet.
func (o *Overlay) newCell(hash uint32, key []byte) *cell {
	c := o.blankCell(key)
	o.recall.put(hash, c)
	return c
}

func (o *Overlay) blankCell(key []byte) *cell {
	c := o.recall.take()
	c.key, c.frame = o.mem.Copy(key), o.frame
	if top := &o.top[key[0]]; cmp(c.key, *top) > 0 {
		*top = c.key
	}
	return c
}

// lookup returns the cell of key with its old row read from the base.
func (o *Overlay) lookup(key []byte) *cell {
	hash := o.recall.hash(key)
	c := o.find(hash, key)
	if c == nil {
		c = o.newCell(hash, key)
	}
	if !c.known {
		o.fetch(c)
	}
	return c
}

// fetch reads a cell's old row. A cell that could not be read stays unknown, so
// the next read fails again instead of finding nothing.
func (o *Overlay) fetch(c *cell) {
	if f := o.filters[c.key[0]]; f != nil && f.New(c.key) {
		o.doubt(c.key)
		c.known = true
		return
	}
	stored, found := o.loadBase(c.key)
	if found {
		old := o.mem.Copy(stored)
		if _, err := Open(c.key, old); err != nil {
			panic(&Damage{Key: slices.Clone(c.key), Cause: err})
		}
		c.old = old
	}
	c.known = true
}

// loadBase reads a row from the backend into a buffer of the overlay's.
func (o *Overlay) loadBase(key []byte) ([]byte, bool) {
	stored, found, err := o.base.Load(key, o.load[:0])
	if err != nil {
		panic(&Damage{Key: slices.Clone(key), Cause: err})
	}
	o.load = stored[:0]
	return stored, found
}

// Get implements Txn.
func (o *Overlay) Get(key []byte) ([]byte, bool) {
	value := o.lookup(key).value()
	return value, value != nil
}

// Set implements Txn.
func (o *Overlay) Set(key, value []byte) {
	c := o.lookup(key)
	copy(o.room(c, len(value)), value)
}

// SetRecord implements Txn.
func (o *Overlay) SetRecord(key []byte, rec Record) { o.encode(o.lookup(key), rec) }

// Insert implements Txn.
func (o *Overlay) Insert(key, value []byte) {
	c := o.fresh(key)
	copy(o.room(c, len(value)), value)
}

// InsertRecord implements Txn.
func (o *Overlay) InsertRecord(key []byte, rec Record) { o.encode(o.fresh(key), rec) }

// Append is Insert for a row that no frame reads, and so is not remembered: the
// journal's. It does not count as written.
func (o *Overlay) Append(key, value []byte) { copy(o.appended(key, len(value)), value) }

// AppendRecord is Append of a record's encoding.
func (o *Overlay) AppendRecord(key []byte, rec Record) {
	size := rec.SizeVT()
	fill(o.appended(key, size), rec)
}

// Adopt is Append of a row that is kept where it was made: the value after
// RowRoom bytes that are the overlay's. Nobody may write to it again.
func (o *Overlay) Adopt(key, row []byte) {
	c := o.appendedCell(key)
	o.mark(c)
	c.row = row
}

// appended is the room of a row that is appended.
func (o *Overlay) appended(key []byte, n int) []byte { return o.room(o.appendedCell(key), n) }

// appendedCell is the cell of a row that is appended.
func (o *Overlay) appendedCell(key []byte) *cell {
	c := o.recall.take()
	c.key, c.frame, c.known = o.mem.Copy(key), o.frame, true
	o.absent(c.key)
	o.written--
	return c
}

// fresh is the cell of a row that is inserted. Most are numbered upwards, and
// nothing is remembered above what was remembered highest.
func (o *Overlay) fresh(key []byte) *cell {
	var c *cell
	hash := o.recall.hash(key)
	if cmp(key, o.top[key[0]]) <= 0 {
		c = o.find(hash, key)
	}
	if c == nil {
		c = o.newCell(hash, key)
		c.known = true
		o.absent(c.key)
	}
	if !c.known || c.stored() != nil {
		must.Never("inserted row %x is new", c.key)
	}
	return c
}

// checkEvery is how often the store is asked although a filter says that it has no
// such row.
const checkEvery = 64

// doubt asks the store now and then whether a filter tells the truth, in test builds
// always. A wrong "new" would overwrite a row that nobody sees: it gives an order's
// number to another order. In a group the digests differ by it when one node is
// wrong; where all are, or there is one node only, nobody else would notice.
func (o *Overlay) doubt(key []byte) {
	o.absent(key)
	if o.doubts++; o.doubts%checkEvery != 0 {
		return
	}
	_, found := o.loadBase(key)
	must.That(!found, "a row that the filter calls new, %x, is not in the store", key)
}

// absent checks in test builds that the store has no such row.
func (o *Overlay) absent(key []byte) {
	if !must.Enabled {
		return
	}
	must.Check(func() error {
		_, found, err := o.base.Load(key, nil)
		must.That(!found, "a row that is new, %x, is not in the store", key)
		return err
	})
}

// encode writes a record where its row will be.
func (o *Overlay) encode(c *cell, rec Record) {
	size := rec.SizeVT()
	fill(o.room(c, size), rec)
}

// room returns where a cell's new value of n bytes belongs, with room before it
// for the row's header; an empty value is still a row. Values written before stay
// readable: somebody may hold them.
func (o *Overlay) room(c *cell, n int) []byte {
	o.mark(c)
	c.row = o.mem.Take(rowHeader + n)
	return c.row[rowHeader:]
}

// Delete implements Txn.
func (o *Overlay) Delete(key []byte) {
	c := o.lookup(key)
	o.mark(c)
	c.row = nil
}

func (o *Overlay) mark(c *cell) {
	// An argument of must.That is put on the heap whether the assertion holds or
	// not; on this path the condition comes first.
	if o.scans > 0 {
		must.Never("row %x is not written during a scan", c.key)
	}
	if o.taken {
		must.Never("row %x is not written after the frame was taken", c.key)
	}
	o.written++
	c.record = nil
	if !c.dirty {
		c.dirty = true
		o.changed[c.key[0]].add(c)
		if f := o.filters[c.key[0]]; f != nil {
			f.Add(c.key)
		}
	}
}

// Written counts the Sets, Inserts and Deletes since the overlay was made.
func (o *Overlay) Written() uint64 { return o.written }

// Changed is how many rows the frame has touched for writing so far.
func (o *Overlay) Changed() int {
	n := 0
	for i := range o.changed {
		n += o.changed[i].len()
	}
	return n
}

func cmp(a, b []byte) int { return bytes.Compare(a, b) }
