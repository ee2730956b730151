package journal

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// MaxEntry bounds an entry's stored bytes. A batch that needs more is
// journalled in parts (Entry.part).
const MaxEntry = 60_000

// Tree is the journal's right edge in memory: enough to append and to know the
// root, not to prove. It belongs to the one goroutine that applies commands.
type Tree struct {
	size uint64
	// edge[h] is the root of the complete subtree of 2^h entries that bit h of
	// size stands for; it means nothing where the bit is zero.
	edge [64]tlog.Hash
	// tiles[l] is the incomplete last tile of level l, size>>8l & 255 hashes.
	tiles [][]byte
	// leaf and key are scratch space: the hot path allocates nothing.
	leaf []byte
	key  table.Key
}

// Rows takes the journal's new rows; table.Overlay does.
type Rows interface {
	// Append adds a row under a key that is new. Both are copied.
	Append(key, value []byte)
}

// New returns the empty tree.
func New() *Tree { return &Tree{} }

// Append adds an entry's stored bytes as the next leaf and returns its
// sequence number. It appends the journal row and the tiles that it completes;
// tx copies them. Call it only while applying a command. An entry that is
// empty or longer than MaxEntry is a broken invariant.
func (t *Tree) Append(tx Rows, entry []byte) (seq uint64) {
	t.key = append(t.key[:0], byte(table.Journal)).U64(t.size)
	tx.Append(t.key, entry)
	return t.Add(tx, entry)
}

// Add is Append for an entry whose row is written already.
func (t *Tree) Add(tx Rows, entry []byte) (seq uint64) {
	if len(entry) == 0 || len(entry) > MaxEntry {
		must.Never("a journal entry has 1 to %d bytes, not %d", MaxEntry, len(entry))
	}
	must.Check(func() error { return checkSeq(entry, t.size) })
	seq = t.size
	t.add(t.leafHash(entry), func(level uint32, n uint64, tile []byte) {
		t.key = append(t.key[:0], byte(table.Tiles)).U32(level).U64(n)
		tx.Append(t.key, tile)
	})
	return seq
}

// AddRow is Add for all entries of a row.
func (t *Tree) AddRow(tx Rows, key, value []byte) {
	row, err := openRow(key, value)
	if err == nil && row.first != t.size {
		must.Never("a row of entries %d to %d comes at place %d", row.first, row.last, t.size)
	}
	if err == nil {
		_, err = row.each(row.first, func(_ uint64, entry []byte) bool {
			t.Add(tx, entry)
			return true
		})
	}
	must.NoError(err, "read a row of the journal that the frame wrote")
}

// add appends a leaf hash; complete is told of every tile that became full.
// The tile is valid only during the call.
func (t *Tree) add(h tlog.Hash, complete func(level uint32, n uint64, tile []byte)) {
	for height := uint(0); ; height++ {
		if height%tileHeight == 0 {
			t.push(height/tileHeight, h, complete)
		}
		if t.size>>height&1 == 0 {
			t.edge[height] = h
			break
		}
		h = tlog.NodeHash(t.edge[height], h)
	}
	t.size++
}

// push appends a hash to the last tile of a level.
func (t *Tree) push(level uint, h tlog.Hash, complete func(level uint32, n uint64, tile []byte)) {
	if level == uint(len(t.tiles)) {
		t.tiles = append(t.tiles, make([]byte, 0, tileBytes))
	}
	tile := append(t.tiles[level], h[:]...)
	if len(tile) == tileBytes {
		complete(uint32(level), t.size>>(tileHeight*(level+1)), tile)
		tile = tile[:0]
	}
	t.tiles[level] = tile
}

// leafHash is tlog.RecordHash without its allocation.
func (t *Tree) leafHash(entry []byte) tlog.Hash {
	t.leaf = append(append(t.leaf[:0], 0), entry...)
	return sha256.Sum256(t.leaf)
}

// Size is how many entries the journal has; the next one takes it as its
// sequence number.
func (t *Tree) Size() uint64 { return t.size }

// Root is the RFC 6962 tree hash over all entries. It costs at most one hash
// for each bit of Size.
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		return emptyRoot
	}
	height := bits.TrailingZeros64(t.size)
	h := t.edge[height]
	for rest := t.size >> (height + 1); rest != 0; rest >>= 1 {
		height++
		if rest&1 == 1 {
			h = tlog.NodeHash(t.edge[height], h)
		}
	}
	return h
}

// Clone returns an independent copy, for trying out what would be appended.
func (t *Tree) Clone() *Tree {
	c := &Tree{size: t.size, edge: t.edge, tiles: make([][]byte, len(t.tiles))}
	for i, tile := range t.tiles {
		c.tiles[i] = append(make([]byte, 0, tileBytes), tile...)
	}
	return c
}

// emptyRoot is the hash of no entries at all: RFC 6962, section 2.1.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

func checkSeq(entry []byte, seq uint64) error {
	var e pb.Entry
	if err := e.UnmarshalVT(slices.Clone(entry)); err != nil {
		return fmt.Errorf("appended entry %d decodes: %w", seq, err)
	}
	if e.Seq != seq {
		return fmt.Errorf("appended entry says seq %d at place %d", e.Seq, seq)
	}
	return nil
}

// TileKey is the address of a complete tile.
func TileKey(level uint32, n uint64) table.Key { return table.K(table.Tiles).U32(level).U64(n) }
