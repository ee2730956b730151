package journal

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

const (
	// tileHeight is how many levels of the tree one tile spans.
	tileHeight = 8
	// tileWidth is how many hashes a complete tile holds.
	tileWidth = 1 << tileHeight
	// tileBytes is the size of a complete tile.
	tileBytes = tileWidth * tlog.HashSize
)

// fold returns the root of the complete subtree over hashes, a power of two of
// them, 32 bytes each.
func fold(hashes []byte) tlog.Hash {
	var stack [tileHeight + 1]tlog.Hash
	for i := 0; i*tlog.HashSize < len(hashes); i++ {
		h := hashAt(hashes, i)
		height := 0
		for ; i>>height&1 == 1; height++ {
			h = tlog.NodeHash(stack[height], h)
		}
		stack[height] = h
		if (i+1)*tlog.HashSize == len(hashes) {
			return h
		}
	}
	return emptyRoot
}

// hashAt reads the i-th hash.
func hashAt(hashes []byte, i int) tlog.Hash {
	return tlog.Hash(hashes[i*tlog.HashSize : (i+1)*tlog.HashSize])
}

// fullTile reads a stored tile; it must be there.
func fullTile(r table.Reader, level uint32, n uint64) ([]byte, error) {
	tile, ok := r.Get(TileKey(level, n))
	if !ok {
		return nil, &Fault{Level: level, Tile: n, IsTile: true, What: "is missing"}
	}
	if len(tile) != tileBytes {
		return nil, &Fault{Level: level, Tile: n, IsTile: true, What: fmt.Sprintf("has %d bytes, not %d", len(tile), tileBytes)}
	}
	return tile, nil
}

// leaves hashes the entries from <= seq < to onto hashes.
func leaves(r table.Reader, hashes []byte, from, to uint64) ([]byte, error) {
	next := from
	Scan(r, from, to, func(seq uint64, entry []byte) bool {
		if seq != next {
			return false
		}
		h := tlog.RecordHash(entry)
		hashes = append(hashes, h[:]...)
		next++
		return true
	})
	if next != to {
		return nil, &Fault{Seq: next, What: "is missing"}
	}
	return hashes, nil
}

// roots appends the roots of the complete tiles from <= n < to of a level.
func roots(r table.Reader, hashes []byte, level uint32, from, to uint64) ([]byte, error) {
	for n := from; n < to; n++ {
		tile, err := fullTile(r, level, n)
		if err != nil {
			return nil, err
		}
		h := fold(tile)
		hashes = append(hashes, h[:]...)
	}
	return hashes, nil
}

// children appends the hashes from <= n < to of a level, computed from what
// lies one level below: entries, or complete tiles.
func children(r table.Reader, hashes []byte, level uint32, from, to uint64) ([]byte, error) {
	if level == 0 {
		return leaves(r, hashes, from, to)
	}
	return roots(r, hashes, level-1, from, to)
}
