package journal

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Check re-derives the journal of the given size from its raw entries, in one
// pass: every entry is there, decodes and stands at its own number, every
// complete tile is stored and holds the recomputed hashes, nothing lies beyond,
// and the root is root. visit, when not nil, sees each entry in order; e is
// valid only during the call, and an error from it ends the check.
//
// Damage is a *Fault that names the first wrong entry or tile (entries that no
// complete tile covers are vouched for by the root alone), or the *table.Damage
// of a row that cannot be read.
func Check(r table.Reader, size uint64, root []byte, visit func(seq uint64, e *pb.Entry) error) error {
	return table.Read(r, func(r table.Reader) error {
		c := &checker{r: r, tree: New(), visit: visit}
		_, to := table.Range(table.Journal)
		r.Scan(RowKey(0), to, func(key, value []byte) bool {
			c.row(key, value, size)
			return c.err == nil
		})
		if c.err != nil {
			return c.err
		}
		if c.tree.size != size {
			return &Fault{Seq: c.tree.size, What: fmt.Sprintf("is missing: the journal has %d entries", size)}
		}
		if err := c.tiles(size); err != nil {
			return err
		}
		return c.root(size, root)
	})
}

// checker is one pass of Check.
type checker struct {
	r     table.Reader
	tree  *Tree
	visit func(uint64, *pb.Entry) error
	err   error
}

// row checks the next row of the journal.
func (c *checker) row(key, value []byte, size uint64) {
	row, err := openRow(key, value)
	if err == nil {
		_, err = row.each(row.first, func(seq uint64, entry []byte) bool {
			c.err = c.entry(seq, entry, size)
			return c.err == nil
		})
	}
	if err != nil {
		c.err = &table.Damage{Key: slices.Clone(key), Cause: err}
	}
}

// entry checks the next entry.
func (c *checker) entry(seq uint64, stored []byte, size uint64) error {
	want := c.tree.size
	switch {
	case seq >= size:
		if want < size {
			return &Fault{Seq: want, What: "is missing"}
		}
		return &Fault{Seq: seq, What: fmt.Sprintf("lies beyond the journal's size %d", size)}
	case seq > want:
		return &Fault{Seq: want, What: "is missing"}
	case seq < want:
		return &Fault{Seq: seq, What: "stands in two rows"}
	case len(stored) == 0 || len(stored) > MaxEntry:
		return &Fault{Seq: seq, What: fmt.Sprintf("has %d bytes", len(stored))}
	}
	var wrong error
	c.tree.add(c.tree.leafHash(stored), func(level uint32, n uint64, tile []byte) {
		if wrong == nil {
			wrong = c.tile(level, n, tile)
		}
	})
	if wrong != nil {
		return wrong
	}
	var e pb.Entry
	if err := e.UnmarshalVT(stored); err != nil {
		return &Fault{Seq: seq, What: fmt.Sprintf("cannot be decoded: %v", err)}
	}
	if e.Seq != seq {
		return &Fault{Seq: seq, What: fmt.Sprintf("says that it is entry %d", e.Seq)}
	}
	if c.visit == nil {
		return nil
	}
	return c.visit(seq, &e)
}

// tile compares a recomputed tile with the stored one. Where they differ, the
// stored tile's parent tells whether the tile or what lies below it changed.
func (c *checker) tile(level uint32, n uint64, computed []byte) error {
	stored, err := fullTile(c.r, level, n)
	if err != nil {
		return err
	}
	if bytes.Equal(stored, computed) {
		return nil
	}
	i := 0
	for hashAt(stored, i) == hashAt(computed, i) {
		i++
	}
	if level == 0 && !c.contradicts(level, n, stored) {
		return &Fault{Seq: n*tileWidth + uint64(i), What: fmt.Sprintf("is not the one hashed in tile %d", n)}
	}
	return &Fault{IsTile: true, Level: level, Tile: n, What: fmt.Sprintf("has a wrong hash at place %d", i)}
}

// contradicts says whether the tile above a stored tile knows another one.
func (c *checker) contradicts(level uint32, n uint64, stored []byte) bool {
	parent, err := fullTile(c.r, level+1, n/tileWidth)
	return err == nil && hashAt(parent, int(n%tileWidth)) != fold(stored)
}

// tiles checks that no tile is stored that the size does not account for.
func (c *checker) tiles(size uint64) (err error) {
	from, to := table.Range(table.Tiles)
	c.r.Scan(from, to, func(key, _ []byte) bool {
		if len(key) != 13 {
			err = fmt.Errorf("journal: row %x is no tile's", key)
			return false
		}
		f := table.F(key)
		level, n := f.U32(), f.U64()
		if level > 7 || n >= size>>(tileHeight*(level+1)) {
			err = &Fault{IsTile: true, Level: level, Tile: n, What: fmt.Sprintf("lies beyond the journal's size %d", size)}
		}
		return err == nil
	})
	return err
}

// root compares the recomputed root.
func (c *checker) root(size uint64, root []byte) error {
	got := c.tree.Root()
	if bytes.Equal(got[:], root) {
		return nil
	}
	whole := size &^ (tileWidth - 1)
	if whole == size {
		return fmt.Errorf("journal: root at size %d is %v, but the state remembers %s, "+
			"although entries and tiles agree: the remembered root was changed", size, got, showRoot(root))
	}
	return fmt.Errorf("journal: root at size %d is %v, but the state remembers %s: one of the entries %d to %d, "+
		"which no tile covers yet, or the remembered root was changed", size, got, showRoot(root), whole, size-1)
}

// showRoot prints a root as checkpoints do, or the bytes when it is none.
func showRoot(root []byte) string {
	if len(root) != tlog.HashSize {
		return fmt.Sprintf("%x", root)
	}
	return tlog.Hash(root).String()
}
