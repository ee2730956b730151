package tabletest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// Model drives a Backend through overlays at random and compares every answer
// with a plain map. It needs no test framework: Draw is where its choices come
// from.
type Model struct {
	Backend table.Backend
	// Draw answers a number from 0 to below n.
	Draw func(n int) int

	over    *table.Overlay
	digests map[table.ID]*table.Digest
	now     map[string]string // the frame's view
	before  map[string]string // what was committed
}

// Frames runs frames with up to ops operations each; every so often a frame is
// given up instead of committed. It returns the first difference.
func (m *Model) Frames(frames, ops int) error {
	m.over, m.digests = table.NewOverlay(m.Backend), NewDigests()
	m.before = map[string]string{}
	for range frames {
		m.over.Reset()
		m.now = maps.Clone(m.before)
		for range m.Draw(ops + 1) {
			if err := m.step(); err != nil {
				return err
			}
		}
		if m.Draw(8) == 0 {
			continue // given up: nothing of it may show later
		}
		if err := m.commit(); err != nil {
			return err
		}
	}
	return nil
}

// key draws from few keys, so that operations meet; some hold the bytes that
// strings in keys escape.
func (m *Model) key() []byte {
	ids := []table.ID{table.Orders, table.Accounts, table.Due, table.Journal}
	k := table.K(ids[m.Draw(len(ids))])
	switch n := m.Draw(24); n % 3 {
	case 0:
		return k.U64(uint64(n))
	case 1:
		return k.Str([]string{"", "\x00", "\x01", "\x00\x01", "a", "a\x00", "b"}[m.Draw(7)]).U32(uint32(n))
	default:
		return k.I64(int64(n) - 12)
	}
}

func (m *Model) step() error {
	k := m.key()
	want, held := m.now[string(k)]
	switch m.Draw(6) {
	case 0, 1:
		if got, ok := m.over.Get(k); ok != held || string(got) != want {
			return fmt.Errorf("get %x answers %q (%v), want %q (%v)", k, got, ok, want, held)
		}
	case 2:
		if held {
			return nil
		}
		m.now[string(k)] = m.value()
		m.over.Insert(k, []byte(m.now[string(k)]))
	case 3:
		m.now[string(k)] = m.value()
		m.over.Set(k, []byte(m.now[string(k)]))
	case 4:
		delete(m.now, string(k))
		m.over.Delete(k)
	default:
		return m.scan(k, m.key())
	}
	return nil
}

func (m *Model) value() string { return fmt.Sprint(m.Draw(5)) + "xxxxxxxx"[:m.Draw(8)] }

func (m *Model) scan(from, to []byte) error {
	if m.Draw(6) == 0 {
		to = nil
	}
	want := inRange(m.now, from, to)
	limit := len(want) + 1
	if m.Draw(4) == 0 {
		limit = m.Draw(limit) + 1
	}
	want = want[:min(limit, len(want))]
	var got []string
	m.over.Scan(from, to, func(k, v []byte) bool {
		got = append(got, row(k, string(v)))
		return len(got) < limit
	})
	if !slices.Equal(got, want) {
		return fmt.Errorf("scan %x to %x answers\n%q, want\n%q", from, to, got, want)
	}
	return nil
}

// inRange lists the map's rows with from <= key < to in key order.
func inRange(rows map[string]string, from, to []byte) []string {
	keys := slices.Sorted(maps.Keys(rows))
	var out []string
	for _, k := range keys {
		if k >= string(from) && (to == nil || k < string(to)) {
			out = append(out, row([]byte(k), rows[k]))
		}
	}
	return out
}

func (m *Model) commit() error {
	snap := m.Backend.Snapshot()
	defer snap.Close()
	if err := m.Backend.Commit(m.over.Flush(m.digests)); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := sameRows("the snapshot before the commit", snap, m.before); err != nil {
		return err
	}
	after := m.Backend.Snapshot()
	defer after.Close()
	if err := sameRows("the snapshot after the commit", after, m.now); err != nil {
		return err
	}
	m.before = m.now
	recomputed, err := Recompute(m.Backend)
	if err != nil {
		return fmt.Errorf("recompute the digests: %w", err)
	}
	for id, d := range m.digests {
		if *d != *recomputed[id] {
			return fmt.Errorf("table %s has digest %+v, recomputed %+v", id, *d, *recomputed[id])
		}
	}
	return nil
}

func sameRows(what string, r table.Reader, want map[string]string) error {
	var got []string
	// From the first table on: a Backend may keep rows of its own below it.
	r.Scan([]byte{byte(table.Head)}, nil, func(k, v []byte) bool {
		got = append(got, row(k, string(v)))
		return true
	})
	if w := inRange(want, nil, nil); !slices.Equal(got, w) {
		return fmt.Errorf("%s shows\n%q, want\n%q", what, got, w)
	}
	return nil
}
