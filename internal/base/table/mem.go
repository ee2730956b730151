package table

import (
	"slices"
	"sync"
)

// Mem is a Backend in memory, for tests and simulation: sorted slices that are
// copied on write, so a snapshot is a reference.
type Mem struct {
	mu   sync.RWMutex
	rows []memRow
	fail error
}

type memRow struct {
	key    []byte
	stored []byte
}

// NewMem returns an empty Mem.
func NewMem() *Mem { return &Mem{} }

func find(rows []memRow, key []byte) (int, bool) {
	return slices.BinarySearchFunc(rows, key, func(r memRow, k []byte) int { return cmp(r.key, k) })
}

// Load implements Backend.
func (m *Mem) Load(key, buf []byte) ([]byte, bool, error) {
	rows := m.view()
	i, ok := find(rows, key)
	if !ok {
		return buf, false, nil
	}
	return append(buf, rows[i].stored...), true, nil
}

// Iterate implements Backend.
func (m *Mem) Iterate(from, to []byte, visit func(key, stored []byte) bool) error {
	rows := m.view()
	i, _ := find(rows, from)
	for ; i < len(rows) && (to == nil || cmp(rows[i].key, to) < 0); i++ {
		if !visit(rows[i].key, rows[i].stored) {
			break
		}
	}
	return nil
}

func (m *Mem) view() []memRow {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.rows
}

// Commit implements Backend: one merge of the sorted old rows and the writes.
func (m *Mem) Commit(writes []Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	sorted := slices.Clone(writes)
	slices.SortStableFunc(sorted, func(a, b Write) int { return cmp(a.Key, b.Key) })
	merged := make([]memRow, 0, len(m.rows)+len(sorted))
	old := m.rows
	for i, w := range sorted {
		if i+1 < len(sorted) && cmp(sorted[i+1].Key, w.Key) == 0 {
			continue // a later write of the same key wins
		}
		n, found := find(old, w.Key)
		merged = append(merged, old[:n]...)
		if found {
			n++
		}
		old = old[n:]
		if w.Stored != nil {
			merged = append(merged, memRow{slices.Clone(w.Key), slices.Clone(w.Stored)})
		}
	}
	m.rows = append(merged, old...)
	return nil
}

// FailCommits makes every later Commit return err; nil heals.
func (m *Mem) FailCommits(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Snapshot implements Backend.
func (m *Mem) Snapshot() Snapshot { return NewView(&Mem{rows: m.view()}, nil) }

// View makes a Snapshot of anything that loads and iterates stored rows.
type View struct {
	raw interface {
		Load(key, buf []byte) ([]byte, bool, error)
		Iterate(from, to []byte, visit func(key, stored []byte) bool) error
	}
	close func() error
}

// NewView returns a Snapshot over raw; close may be nil.
func NewView(raw interface {
	Load(key, buf []byte) ([]byte, bool, error)
	Iterate(from, to []byte, visit func(key, stored []byte) bool) error
}, close func() error) *View {
	return &View{raw: raw, close: close}
}

// Get implements Reader.
func (v *View) Get(key []byte) ([]byte, bool) {
	stored, ok, err := v.raw.Load(key, nil)
	if err == nil && !ok {
		return nil, false
	}
	var value []byte
	if err == nil {
		value, err = Open(key, stored)
	}
	if err != nil {
		panic(&Damage{Key: slices.Clone(key), Cause: err})
	}
	return value, true
}

// Scan implements Reader.
func (v *View) Scan(from, to []byte, visit func(key, value []byte) bool) {
	err := v.raw.Iterate(from, to, func(key, stored []byte) bool {
		value, err := Open(key, stored)
		if err != nil {
			panic(&Damage{Key: slices.Clone(key), Cause: err})
		}
		return visit(key, value)
	})
	if err != nil {
		panic(&Damage{Key: slices.Clone(from), Cause: err})
	}
}

// Close implements Snapshot.
func (v *View) Close() error {
	if v.close == nil {
		return nil
	}
	return v.close()
}
