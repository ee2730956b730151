package verify

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// layer is a Backend that keeps its writes in memory over one that is only read.
type layer struct {
	base table.Backend
	mem  *table.Mem
	// gone holds the keys that were deleted here; their rows in base don't count.
	gone map[string]bool
}

func newLayer(base table.Backend) *layer {
	return &layer{base: base, mem: table.NewMem(), gone: make(map[string]bool)}
}

// Load implements table.Backend.
func (l *layer) Load(key, buf []byte) ([]byte, bool, error) {
	if stored, ok, err := l.mem.Load(key, buf); ok || err != nil {
		return stored, ok, err
	}
	if l.gone[string(key)] {
		return buf, false, nil
	}
	return l.base.Load(key, buf)
}

// Iterate implements table.Backend: a merge in which the memory's rows win.
func (l *layer) Iterate(from, to []byte, visit func(key, stored []byte) bool) error {
	type row struct{ key, stored []byte }
	var mine []row
	if err := l.mem.Iterate(from, to, func(key, stored []byte) bool {
		mine = append(mine, row{key, stored})
		return true
	}); err != nil {
		return err
	}
	more := true
	err := l.base.Iterate(from, to, func(key, stored []byte) bool {
		for more && len(mine) > 0 && bytes.Compare(mine[0].key, key) < 0 {
			more = visit(mine[0].key, mine[0].stored)
			mine = mine[1:]
		}
		if !more || l.gone[string(key)] || len(mine) > 0 && bytes.Equal(mine[0].key, key) {
			return more
		}
		more = visit(key, stored)
		return more
	})
	for ; more && err == nil && len(mine) > 0; mine = mine[1:] {
		more = visit(mine[0].key, mine[0].stored)
	}
	return err
}

// Commit implements table.Backend; nothing reaches the base.
func (l *layer) Commit(writes []table.Write) error {
	for _, w := range writes {
		if w.Stored == nil {
			l.gone[string(slices.Clone(w.Key))] = true
		} else {
			delete(l.gone, string(w.Key))
		}
	}
	return l.mem.Commit(writes)
}

// Snapshot implements table.Backend. The verifier reads only between commits.
func (l *layer) Snapshot() table.Snapshot { return table.NewView(l, nil) }
