package journal

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// maxSize bounds a tree: tlog counts in int64, and a leaf and its inner nodes
// take two numbers.
const maxSize = 1 << 62

// Load rebuilds the tree of the given size from the journal's rows and tiles
// and compares its root with the one the state remembers. It reads at most 255
// entries and 255 tiles a level. A missing entry or tile, a root that differs,
// or an entry beyond size is an error that names it; so is a damaged row.
func Load(r table.Reader, size uint64, root []byte) (t *Tree, err error) {
	err = table.Read(r, func(r table.Reader) error {
		t, err = load(r, size)
		if err != nil {
			return err
		}
		return t.confirm(r, root)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func load(r table.Reader, size uint64) (*Tree, error) {
	if size > maxSize {
		return nil, fmt.Errorf("journal: size %d is beyond what a journal can hold", size)
	}
	t := &Tree{size: size}
	for level := uint32(0); size>>(tileHeight*level) != 0; level++ {
		count := size >> (tileHeight * level)
		tile, err := children(r, make([]byte, 0, tileBytes), level, count&^(tileWidth-1), count)
		if err != nil {
			return nil, fmt.Errorf("journal of size %d cannot be loaded: %w", size, err)
		}
		t.tiles = append(t.tiles, tile)
		t.loadEdge(level, tile)
	}
	return t, nil
}

// loadEdge fills the part of the edge that an incomplete tile covers: its
// hashes fall into complete subtrees, the largest first.
func (t *Tree) loadEdge(level uint32, tile []byte) {
	for height := tileHeight - 1; height >= 0; height-- {
		n := tlog.HashSize << height
		if len(tile) < n {
			continue
		}
		t.edge[int(level)*tileHeight+height] = fold(tile[:n])
		tile = tile[n:]
	}
}

func (t *Tree) confirm(r table.Reader, root []byte) error {
	if got := t.Root(); !bytes.Equal(got[:], root) {
		return fmt.Errorf("journal of size %d has root %v, but the state remembers %s: "+
			"entries were changed or the data folder is mixed from two", t.size, got, showRoot(root))
	}
	_, to := table.Range(table.Journal)
	var beyond error
	r.Scan(RowKey(t.size), to, func(key, _ []byte) bool {
		seq, _ := rowSeq(key)
		beyond = &Fault{Seq: seq, What: fmt.Sprintf("lies beyond the journal's size %d", t.size)}
		return false
	})
	return beyond
}
