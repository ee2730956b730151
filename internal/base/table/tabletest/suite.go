// Package tabletest is the suite that every table.Backend passes, and a model
// to compare one with at random.
package tabletest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// Run checks what table.Backend promises, and what a frame through a
// table.Overlay does over it. open answers an empty Backend and arranges for it
// to be closed when t ends; it is called once for each subtest.
func Run(t *testing.T, open func(t *testing.T) table.Backend) {
	for _, c := range []struct {
		name  string
		check func(t *testing.T, b table.Backend)
	}{
		{"load answers what was committed", loads},
		{"commit copies what it is given", commitCopies},
		{"iterate keeps to its bounds and to key order", iterates},
		{"snapshots do not change", snapshotsStay},
		{"a commit shows at once", commitsAtOnce},
		{"a frame is read, written and flushed (create, pay, pay again)", createPayPayAgain},
		{"a frame scans its own writes over the rows", scansOwnWrites},
		{"digests equal a recomputation", digestsEqual},
		{"damage is noticed", damageNoticed},
		{"a large frame keeps its rows", largeFrame},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t, open(t))
		})
	}
}

// stored makes the stored form of a row.
func stored(key []byte, value string) []byte { return table.Seal(nil, key, []byte(value)) }

func commit(t *testing.T, b table.Backend, writes ...table.Write) {
	t.Helper()
	if err := b.Commit(writes); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func set(key []byte, value string) table.Write {
	return table.Write{Key: key, Stored: stored(key, value)}
}

func key(id table.ID, n uint64) table.Key { return table.K(id).U64(n) }

// value reads one row through Load.
func value(t *testing.T, b table.Stored, k []byte) (string, bool) {
	t.Helper()
	raw, ok, err := b.Load(k, nil)
	if err != nil {
		t.Fatalf("load %x: %v", k, err)
	}
	if !ok {
		return "", false
	}
	v, err := table.Open(k, raw)
	if err != nil {
		t.Fatalf("open %x: %v", k, err)
	}
	return string(v), true
}

func wantValue(t *testing.T, b table.Stored, k []byte, want string) {
	t.Helper()
	if got, ok := value(t, b, k); !ok || got != want {
		t.Fatalf("row %x is %q (%v), want %q", k, got, ok, want)
	}
}

func wantNone(t *testing.T, b table.Stored, k []byte) {
	t.Helper()
	if got, ok := value(t, b, k); ok {
		t.Fatalf("row %x is %q, want none", k, got)
	}
}

func loads(t *testing.T, b table.Backend) {
	k := key(table.Orders, 7)
	wantNone(t, b, k)
	commit(t, b, set(k, "one"), set(key(table.Orders, 8), ""))
	wantValue(t, b, k, "one")
	wantValue(t, b, key(table.Orders, 8), "") // an empty value is a row
	commit(t, b, set(k, "two"))
	wantValue(t, b, k, "two")
	commit(t, b, table.Write{Key: k})
	wantNone(t, b, k)
	commit(t, b, table.Write{Key: k}) // deleting nothing is nothing
	commit(t, b)                      // and so is an empty frame
	wantNone(t, b, k)

	var twice []table.Write // of several writes of one key the last counts
	for i := range 50 {
		twice = append(twice, set(k, fmt.Sprint(i)), set(key(table.Orders, 8), fmt.Sprint(i)), table.Write{Key: key(table.Orders, 8)})
	}
	commit(t, b, twice...)
	wantValue(t, b, k, "49")
	wantNone(t, b, key(table.Orders, 8))

	commit(t, b, set(k, "three"))
	buf := append(make([]byte, 0, 64), "before"...)
	raw, ok, err := b.Load(k, buf)
	if err != nil || !ok || string(raw) != "before"+string(stored(k, "three")) {
		t.Fatalf("load appended %q (%v, %v)", raw, ok, err)
	}
	raw, ok, err = b.Load(key(table.Orders, 99), buf)
	if err != nil || ok || string(raw) != "before" {
		t.Fatalf("load of nothing answered %q (%v, %v)", raw, ok, err)
	}
}

func commitCopies(t *testing.T, b table.Backend) {
	k := key(table.Accounts, 1)
	w := set(slices.Clone(k), "value")
	commit(t, b, w)
	for i := range w.Key {
		w.Key[i] = 0xee
	}
	for i := range w.Stored {
		w.Stored[i] = 0xee
	}
	wantValue(t, b, k, "value")
	raw, _, err := b.Load(k, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] ^= 0xff // what Load answered is the caller's own
	wantValue(t, b, k, "value")
}

// collect lists keys and values of a range; limit 0 is no limit.
func collect(t *testing.T, b table.Stored, from, to []byte, limit int) []string {
	t.Helper()
	var got []string
	err := b.Iterate(from, to, func(k, raw []byte) bool {
		v, err := table.Open(k, raw)
		if err != nil {
			t.Fatalf("open %x: %v", k, err)
		}
		got = append(got, fmt.Sprintf("%x=%s", k, v))
		return limit == 0 || len(got) < limit
	})
	if err != nil {
		t.Fatalf("iterate: %v", err)
	}
	return got
}

func row(k []byte, v string) string { return fmt.Sprintf("%x=%s", k, v) }

func wantRows(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("rows are\n%q, want\n%q", got, want)
	}
}

func iterates(t *testing.T, b table.Backend) {
	k := func(n uint64) table.Key { return key(table.Due, n) }
	from, to := table.Range(table.Due)
	wantRows(t, collect(t, b, from, to, 0))
	commit(t, b, set(k(1), "a"), set(k(2), "b"), set(k(256), "c"), set(k(1<<40), "d"),
		set(key(table.Parked, 5), "below"), set(key(table.Due+1, 0), "above"))
	wantRows(t, collect(t, b, from, to, 0), row(k(1), "a"), row(k(2), "b"), row(k(256), "c"), row(k(1<<40), "d"))
	wantRows(t, collect(t, b, k(2), k(1<<40), 0), row(k(2), "b"), row(k(256), "c"))
	wantRows(t, collect(t, b, k(3), k(256), 0))
	wantRows(t, collect(t, b, k(3), nil, 0), row(k(256), "c"), row(k(1<<40), "d"), row(key(table.Due+1, 0), "above"))
	wantRows(t, collect(t, b, from, to, 2), row(k(1), "a"), row(k(2), "b"))
	commit(t, b, table.Write{Key: k(2)}, set(k(256), "c2"))
	wantRows(t, collect(t, b, from, k(257), 0), row(k(1), "a"), row(k(256), "c2"))
}

func snapshotsStay(t *testing.T, b table.Backend) {
	k1, k2, k3 := key(table.Orders, 1), key(table.Orders, 2), key(table.Orders, 3)
	commit(t, b, set(k1, "one"), set(k2, "two"))
	snap := b.Snapshot()
	commit(t, b, set(k1, "changed"), table.Write{Key: k2}, set(k3, "new"))
	for want, k := range map[string][]byte{"one": k1, "two": k2} {
		if got, ok := snap.Get(k); !ok || string(got) != want {
			t.Fatalf("snapshot's row %x is %q (%v), want %q", k, got, ok, want)
		}
	}
	if _, ok := snap.Get(k3); ok {
		t.Fatal("snapshot shows a row that was committed after it")
	}
	var seen []string
	snap.Scan(k1, nil, func(k, v []byte) bool {
		seen = append(seen, row(k, string(v)))
		return true
	})
	wantRows(t, seen, row(k1, "one"), row(k2, "two"))
	if err := snap.Close(); err != nil {
		t.Fatalf("close the snapshot: %v", err)
	}
	wantValue(t, b, k1, "changed")
	wantNone(t, b, k2)
}

// commitsAtOnce reads while frames are committed: every snapshot shows all rows
// of one frame or all of the one before.
func commitsAtOnce(t *testing.T, b table.Backend) {
	const rows, frames = 20, 200
	ids := []table.ID{table.Orders, table.Accounts, table.Owed, table.Due}
	frame := func(n int) []table.Write {
		var w []table.Write
		for _, id := range ids {
			for i := range uint64(rows) {
				w = append(w, set(key(id, i), fmt.Sprint(n)))
			}
		}
		return w
	}
	commit(t, b, frame(0)...)
	done := make(chan error, 1)
	go func() {
		var err error
		for n := 1; n <= frames && err == nil; n++ {
			err = b.Commit(frame(n))
		}
		done <- err
	}()
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("commit: %v", err)
			}
			running = false
		default:
		}
		oneFrame(t, b, ids, rows)
	}
	wantValue(t, b, key(table.Due, 0), fmt.Sprint(frames))
}

func oneFrame(t *testing.T, b table.Backend, ids []table.ID, rows int) {
	t.Helper()
	snap := b.Snapshot()
	defer snap.Close()
	first, _ := snap.Get(key(ids[0], 0))
	for _, id := range ids {
		n := 0
		from, to := table.Range(id)
		snap.Scan(from, to, func(k, v []byte) bool {
			if n++; string(v) != string(first) {
				t.Errorf("row %x is of frame %s, another of frame %s", k, v, first)
			}
			return true
		})
		if n != rows {
			t.Errorf("table %s shows %d of %d rows", id, n, rows)
		}
	}
}

func damageNoticed(t *testing.T, b table.Backend) {
	k := key(table.Accounts, 1)
	good := stored(k, "balance")
	for name, bad := range map[string][]byte{
		"a flipped bit in the value": flip(good, len(good)-1),
		"a flipped bit in the CRC":   flip(good, 2),
		"a flipped version":          flip(good, 0),
		"a row of another key":       stored(key(table.Accounts, 2), "balance"),
		"a row cut short":            good[:3],
		"a row without its end":      good[:len(good)-1],
	} {
		commit(t, b, table.Write{Key: k, Stored: bad})
		wantDamage(t, name+", read by a snapshot", k, func() {
			snap := b.Snapshot()
			defer snap.Close()
			snap.Get(k)
		})
		wantDamage(t, name+", scanned by a snapshot", k, func() {
			snap := b.Snapshot()
			defer snap.Close()
			snap.Scan(k, nil, func(_, _ []byte) bool { return true })
		})
		o := table.NewOverlay(b)
		for range 2 { // the second read must not find the remains of the first
			wantDamage(t, name+", read by a frame", k, func() { o.Get(k) })
			wantDamage(t, name+", written by a frame", k, func() { o.Set(k, []byte("x")) })
		}
		wantDamage(t, name+", scanned by a frame", k, func() { o.Scan(k, nil, func(_, _ []byte) bool { return true }) })
	}
}

func flip(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 0x10
	return b
}

func wantDamage(t *testing.T, what string, k []byte, read func()) {
	t.Helper()
	err := table.Read(nil, func(table.Reader) error {
		read()
		return nil
	})
	var d *table.Damage
	if !errors.As(err, &d) {
		t.Fatalf("%s: answered %v, want *table.Damage", what, err)
	}
	if !slices.Equal(d.Key, k) {
		t.Fatalf("%s: names key %x, want %x", what, d.Key, k)
	}
}
