package table

import (
	"slices"
	"sync"
)

// Mem is a Backend in memory, for tests and simulation: sorted chunks of rows.
// A commit replaces the chunks it touches and leaves the others alone, so that a
// snapshot is a reference and a commit costs little however many rows there are.
type Mem struct {
	mu     sync.RWMutex
	chunks []memChunk // none is empty; keys ascend within and across chunks
	fail   error
}

type memRow struct {
	key    []byte
	stored []byte
}

type memChunk []memRow

const memChunkRows = 256

// NewMem returns an empty Mem.
func NewMem() *Mem { return &Mem{} }

func (c memChunk) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(c, key, func(r memRow, k []byte) int { return cmp(r.key, k) })
}

// chunkOf is the index of the chunk that holds key or would: the last whose
// first key is not above it, or the first.
func chunkOf(chunks []memChunk, key []byte) int {
	i, found := slices.BinarySearchFunc(chunks, key, func(c memChunk, k []byte) int { return cmp(c[0].key, k) })
	if !found && i > 0 {
		i--
	}
	return i
}

// Load implements Backend.
func (m *Mem) Load(key, buf []byte) ([]byte, bool, error) {
	chunks := m.view()
	if len(chunks) == 0 {
		return buf, false, nil
	}
	c := chunks[chunkOf(chunks, key)]
	i, ok := c.find(key)
	if !ok {
		return buf, false, nil
	}
	return append(buf, c[i].stored...), true, nil
}

// Iterate implements Backend.
func (m *Mem) Iterate(from, to []byte, visit func(key, stored []byte) bool) error {
	chunks := m.view()
	for n := chunkOf(chunks, from); n < len(chunks); n++ {
		i, _ := chunks[n].find(from)
		for _, r := range chunks[n][i:] {
			if to != nil && cmp(r.key, to) >= 0 || !visit(r.key, r.stored) {
				return nil
			}
		}
	}
	return nil
}

func (m *Mem) view() []memChunk {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.chunks
}

// Commit implements Backend.
func (m *Mem) Commit(writes []Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	sorted := slices.Clone(writes)
	slices.SortStableFunc(sorted, func(a, b Write) int { return cmp(a.Key, b.Key) })
	chunks := make([]memChunk, 0, len(m.chunks)+1)
	for i, c := range m.chunks {
		n := len(sorted)
		if i+1 < len(m.chunks) {
			n, _ = slices.BinarySearchFunc(sorted, m.chunks[i+1][0].key, func(w Write, k []byte) int { return cmp(w.Key, k) })
		}
		if n == 0 {
			chunks = append(chunks, c)
			continue
		}
		chunks = appendChunks(chunks, c.merge(sorted[:n]))
		sorted = sorted[n:]
	}
	m.chunks = appendChunks(chunks, memChunk(nil).merge(sorted))
	return nil
}

// merge returns the chunk with sorted writes applied, as a fresh slice.
func (c memChunk) merge(sorted []Write) memChunk {
	merged := make(memChunk, 0, len(c)+len(sorted))
	for i, w := range sorted {
		if i+1 < len(sorted) && cmp(sorted[i+1].Key, w.Key) == 0 {
			continue
		}
		n, found := c.find(w.Key)
		merged = append(merged, c[:n]...)
		if found {
			n++
		}
		c = c[n:]
		if w.Stored != nil {
			merged = append(merged, memRow{slices.Clone(w.Key), slices.Clone(w.Stored)})
		}
	}
	return append(merged, c...)
}

// appendChunks adds rows in pieces of memChunkRows; the last may be up to twice
// as long, so that inserts at random do not leave splinters.
func appendChunks(chunks []memChunk, rows memChunk) []memChunk {
	for len(rows) > 2*memChunkRows {
		chunks = append(chunks, rows[:memChunkRows:memChunkRows])
		rows = rows[memChunkRows:]
	}
	if len(rows) > 0 {
		chunks = append(chunks, rows)
	}
	return chunks
}

// FailCommits makes every later Commit return err; nil heals.
func (m *Mem) FailCommits(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Clone is a Mem of its own with the same rows. It costs nothing: both go on from
// the same chunks, which nobody changes.
func (m *Mem) Clone() *Mem { return &Mem{chunks: m.view()} }

// Snapshot implements Backend.
func (m *Mem) Snapshot() Snapshot { return NewView(&Mem{chunks: m.view()}, nil) }
