package store

import (
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// isHot says for the tables, by their number, whether snapshots remember the rows
// of one: each request needs them, and commands rarely change them.
var isHot = [256]bool{table.Merchants: true, table.Certs: true, table.Persons: true}

// maxHot bounds what is remembered, in bytes; with a map's own a row takes about
// 100 more.
const maxHot = 16 << 20

// hot remembers rows as they are stored, so that snapshots need not look for them:
// Pebble takes some 8 us for a row that is in memory.
//
// A snapshot may use it for as long as no row of these tables was changed since
// before it was opened: what is remembered is then what it sees. epoch counts the
// changes twice, when one begins and when it has ended.
type hot struct {
	epoch atomic.Uint64 // odd while a change is under way

	mu    sync.RWMutex
	rows  map[string][]byte
	bytes int
}

// change runs a commit of the writes, and forgets those of their rows that are
// remembered. After a commit that failed nothing is remembered any more: nobody
// knows what is stored.
func (h *hot) change(writes []table.Write, commit func() error) error {
	changes := false
	for _, w := range writes {
		changes = changes || isHot[w.Key[0]]
	}
	if !changes {
		return commit()
	}
	h.epoch.Add(1)
	if err := commit(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range writes {
		if stored, ok := h.rows[string(w.Key)]; ok {
			delete(h.rows, string(w.Key))
			h.bytes -= len(w.Key) + len(stored)
		}
	}
	h.epoch.Add(1)
	return nil
}

// get appends the remembered row under key to buf; false when there is none, or
// it may be another than the snapshot of that epoch has.
func (h *hot) get(epoch uint64, key, buf []byte) ([]byte, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	stored, ok := h.rows[string(key)]
	if !ok || h.epoch.Load() != epoch || epoch%2 != 0 {
		return buf, false
	}
	return append(buf, stored...), true
}

// put remembers what a snapshot of that epoch has, unless that is old.
func (h *hot) put(epoch uint64, key, stored []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.epoch.Load() != epoch || epoch%2 != 0 {
		return
	}
	if _, ok := h.rows[string(key)]; ok {
		return
	}
	size := len(key) + len(stored)
	if h.rows == nil || h.bytes+size > maxHot {
		h.rows, h.bytes = make(map[string][]byte), 0 // forgetting all is simple and rare
	}
	h.rows[string(key)] = append([]byte(nil), stored...)
	h.bytes += size
}

// view reads stored rows from a snapshot.
type view struct {
	snap  *pebble.Snapshot
	hot   *hot   // nil for who checks what is stored
	epoch uint64 // of hot before the snapshot was opened
}

// Load appends the stored bytes under key to buf.
func (v view) Load(key, buf []byte) ([]byte, bool, error) {
	if v.hot == nil || len(key) == 0 || !isHot[key[0]] {
		return load(v.snap, key, buf)
	}
	if stored, ok := v.hot.get(v.epoch, key, buf); ok {
		return stored, true, nil
	}
	stored, ok, err := load(v.snap, key, buf)
	if err == nil && ok {
		v.hot.put(v.epoch, key, stored[len(buf):])
	}
	return stored, ok, err
}

// Iterate visits the stored rows with from <= key < to.
func (v view) Iterate(from, to []byte, visit func(key, stored []byte) bool) error {
	return iterate(v.snap, from, to, visit)
}
