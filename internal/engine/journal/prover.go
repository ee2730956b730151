package journal

import (
	"fmt"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// Prover makes proofs from snapshots of one journal and remembers hashes
// between them; history never changes, so what it remembers stays true. It is
// safe for concurrent use. Make a new one for another journal.
type Prover struct {
	mu sync.Mutex
	// full remembers complete tiles, one at each place (at most 4 MiB).
	full [512]cachedTile
	// edge[level] is the incomplete tile last asked for: a prefix that grows.
	edge [8]cachedTile
}

type cachedTile struct {
	level  uint32
	n      uint64
	hashes []byte
}

// NewProver returns a Prover that has read nothing yet.
func NewProver() *Prover { return &Prover{} }

// Prove returns the RFC 6962 inclusion proof, leaf to root, that the journal
// of the given size holds entry seq. r must hold that many entries.
func (p *Prover) Prove(r table.Reader, size, seq uint64) ([][]byte, error) {
	if seq >= size || size > maxSize {
		return nil, fmt.Errorf("journal: no proof of entry %d in a journal of size %d", seq, size)
	}
	var proof tlog.RecordProof
	err := p.read(r, func(h tlog.HashReader) (err error) {
		proof, err = tlog.ProveRecord(int64(size), int64(seq), h)
		return err
	})
	return proofBytes(proof), err
}

// ProveConsistency returns the RFC 6962 consistency proof that the journal of
// newSize begins with the journal of oldSize. It is empty for oldSize 0.
func (p *Prover) ProveConsistency(r table.Reader, oldSize, newSize uint64) ([][]byte, error) {
	if oldSize > newSize || newSize > maxSize {
		return nil, fmt.Errorf("journal: no consistency proof from size %d to %d", oldSize, newSize)
	}
	if oldSize == 0 {
		return nil, nil
	}
	var proof tlog.TreeProof
	err := p.read(r, func(h tlog.HashReader) (err error) {
		proof, err = tlog.ProveTree(int64(newSize), int64(oldSize), h)
		return err
	})
	return proofBytes(proof), err
}

// RootAt returns the root the journal had when it held size entries.
func (p *Prover) RootAt(r table.Reader, size uint64) (root tlog.Hash, err error) {
	if size > maxSize {
		return tlog.Hash{}, fmt.Errorf("journal: no root at size %d", size)
	}
	err = p.read(r, func(h tlog.HashReader) (err error) {
		root, err = tlog.TreeHash(int64(size), h)
		return err
	})
	return root, err
}

// Prove is Prover.Prove without a memory.
func Prove(r table.Reader, size, seq uint64) ([][]byte, error) {
	return NewProver().Prove(r, size, seq)
}

// ProveConsistency is Prover.ProveConsistency without a memory.
func ProveConsistency(r table.Reader, oldSize, newSize uint64) ([][]byte, error) {
	return NewProver().ProveConsistency(r, oldSize, newSize)
}

// RootAt is Prover.RootAt without a memory.
func RootAt(r table.Reader, size uint64) (tlog.Hash, error) { return NewProver().RootAt(r, size) }

// read runs f with the tree's hashes; damaged rows become errors.
func (p *Prover) read(r table.Reader, f func(tlog.HashReader) error) error {
	return table.Read(r, func(r table.Reader) error {
		return f(tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			hashes := make([]tlog.Hash, len(indexes))
			for i, index := range indexes {
				h, err := p.hash(r, index)
				if err != nil {
					return nil, err
				}
				hashes[i] = h
			}
			return hashes, nil
		}))
	})
}

// hash returns the node that tlog stores under index.
func (p *Prover) hash(r table.Reader, index int64) (tlog.Hash, error) {
	height, n := tlog.SplitStoredHashIndex(index)
	level, up := uint32(height/tileHeight), height%tileHeight
	first := uint64(n) << up // of the 2^up hashes of this level that the node covers
	tile := first / tileWidth
	at := int(first % tileWidth)
	hashes, err := p.tile(r, level, tile, at+1<<up)
	if err != nil {
		return tlog.Hash{}, err
	}
	return fold(hashes[at*tlog.HashSize : (at+1<<up)*tlog.HashSize]), nil
}

// tile returns at least the first width hashes of a tile.
func (p *Prover) tile(r table.Reader, level uint32, n uint64, width int) ([]byte, error) {
	known := p.recall(level, n)
	if len(known) >= width*tlog.HashSize {
		return known, nil
	}
	if stored, ok := r.Get(TileKey(level, n)); ok {
		if len(stored) != tileBytes {
			return fullTile(r, level, n) // names it
		}
		stored = slices.Clone(stored)
		p.remember(level, n, stored)
		return stored, nil
	}
	have := uint64(len(known) / tlog.HashSize)
	base := n * tileWidth
	more, err := children(r, slices.Clone(known), level, base+have, base+uint64(width))
	if err != nil {
		return nil, err
	}
	p.remember(level, n, more)
	return more, nil
}

func (p *Prover) place(level uint32, n uint64) *cachedTile {
	return &p.full[(n+uint64(level)*101)%uint64(len(p.full))]
}

func (p *Prover) recall(level uint32, n uint64) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []*cachedTile{&p.edge[level], p.place(level, n)} {
		if c.hashes != nil && c.level == level && c.n == n {
			return c.hashes
		}
	}
	return nil
}

func (p *Prover) remember(level uint32, n uint64, hashes []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.place(level, n)
	if len(hashes) < tileBytes {
		c = &p.edge[level]
	}
	if c.level == level && c.n == n && len(c.hashes) >= len(hashes) {
		return // another caller has read further meanwhile
	}
	*c = cachedTile{level: level, n: n, hashes: hashes}
}

func proofBytes[P ~[]tlog.Hash](proof P) [][]byte {
	out := make([][]byte, len(proof))
	for i := range proof {
		out[i] = slices.Clone(proof[i][:])
	}
	return out
}
