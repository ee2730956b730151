package table_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

func order(n uint64) table.Key { return table.K(table.Orders).U64(n) }

func digests() map[table.ID]*table.Digest {
	d := map[table.ID]*table.Digest{}
	for _, id := range table.All() {
		if id.Digested() {
			d[id] = new(table.Digest)
		}
	}
	return d
}

// A batch that is only written to does not show its own writes; the overlay
// does, for every kind of write and read, before anything reaches the store.
func TestM_OverlayReadsItsOwnWrites(t *testing.T) {
	t.Parallel()
	mem := table.NewMem()
	o := table.NewOverlay(mem)
	get := func(k table.Key) string {
		v, ok := o.Get(k)
		if !ok {
			return "none"
		}
		return string(v)
	}
	steps := []struct {
		name string
		do   func()
		want string
	}{
		{"nothing yet", func() {}, "none"},
		{"inserted", func() { o.Insert(order(1), []byte("created")) }, "created"},
		{"set", func() { o.Set(order(1), []byte("paid")) }, "paid"},
		{"set to empty", func() { o.Set(order(1), nil) }, ""},
		{"deleted", func() { o.Delete(order(1)) }, "none"},
		{"inserted again", func() { o.Insert(order(1), []byte("anew")) }, "anew"},
	}
	for _, s := range steps {
		s.do()
		if got := get(order(1)); got != s.want {
			t.Fatalf("%s: get answers %q, want %q", s.name, got, s.want)
		}
		var seen []string
		o.Scan(order(0), order(2), func(_, v []byte) bool {
			seen = append(seen, string(v))
			return true
		})
		if s.want == "none" && len(seen) != 0 || s.want != "none" && (len(seen) != 1 || seen[0] != s.want) {
			t.Fatalf("%s: scan answers %q, want %q", s.name, seen, s.want)
		}
	}
	if _, ok, _ := mem.Load(order(1), nil); ok {
		t.Fatal("a row reached the store before the flush")
	}
}

// A value that was read stays as it is while the frame lasts, whatever is
// written under its key.
func TestOverlayKeepsWhatItHandedOut(t *testing.T) {
	t.Parallel()
	mem := table.NewMem()
	k := order(1)
	if err := mem.Commit([]table.Write{{Key: k, Stored: table.Seal(nil, k, []byte("stored"))}}); err != nil {
		t.Fatal(err)
	}
	o := table.NewOverlay(mem)
	stored, _ := o.Get(k)
	mine := []byte("first")
	o.Set(k, mine)
	first, _ := o.Get(k)
	copy(mine, "XXXXX") // the overlay took a copy
	o.Set(k, []byte("other"))
	o.Delete(k)
	for i := range 5000 { // force the arena and the slabs to grow
		o.Set(order(uint64(i)+10), bytes.Repeat([]byte{byte(i)}, 300))
	}
	if string(stored) != "stored" || string(first) != "first" {
		t.Fatalf("values changed to %q and %q", stored, first)
	}
}

func wantViolation(t *testing.T, what string, do func()) {
	t.Helper()
	defer func() {
		p := recover()
		err, _ := p.(error)
		var v *must.Violation
		if !errors.As(err, &v) {
			t.Errorf("%s: panics with %v, want a *must.Violation", what, p)
		}
	}()
	do()
}

func TestOverlayAssertsItsUse(t *testing.T) {
	t.Parallel()
	mem := table.NewMem()
	k := order(1)
	if err := mem.Commit([]table.Write{{Key: k, Stored: table.Seal(nil, k, []byte("stored"))}}); err != nil {
		t.Fatal(err)
	}
	o := table.NewOverlay(mem)
	wantViolation(t, "a write during a scan", func() {
		o.Scan(order(0), nil, func(_, _ []byte) bool { o.Set(order(9), nil); return true })
	})
	o.Set(order(9), nil) // the scan is over, although it ended in a panic
	wantViolation(t, "an insert of a row the frame has read", func() {
		o.Get(k)
		o.Insert(k, nil)
	})
	wantViolation(t, "an insert of a row the frame has written", func() { o.Insert(order(9), nil) })
	if must.Enabled {
		wantViolation(t, "an insert of a row in the store", func() {
			o.Reset()
			o.Insert(k, nil)
		})
	}
	o.Reset()
	o.Set(order(2), []byte("x"))
	wantViolation(t, "a table without a digest", func() { o.Flush(nil) })
	o.Reset()
	o.Set(order(2), []byte("x"))
	o.Flush(digests())
	wantViolation(t, "a second flush", func() { o.Flush(digests()) })
	wantViolation(t, "a write after the flush", func() { o.Set(order(3), nil) })
}

// failing is a backend whose reads fail until healed.
type failing struct {
	table.Backend
	err error
}

func (f *failing) Load(key, buf []byte) ([]byte, bool, error) {
	if f.err != nil {
		return nil, false, f.err
	}
	return f.Backend.Load(key, buf)
}

// A read that failed is tried again; it never turns into "no such row".
func TestOverlayForgetsFailedReads(t *testing.T) {
	t.Parallel()
	f := &failing{Backend: table.NewMem(), err: errors.New("unreadable")}
	k := order(1)
	if err := f.Commit([]table.Write{{Key: k, Stored: table.Seal(nil, k, []byte("stored"))}}); err != nil {
		t.Fatal(err)
	}
	o := table.NewOverlay(f)
	for range 2 {
		err := table.Read(o, func(r table.Reader) error { r.Get(k); return nil })
		var d *table.Damage
		if !errors.As(err, &d) || !errors.Is(err, f.err) {
			t.Fatalf("read answered %v", err)
		}
	}
	f.err = nil
	if v, ok := o.Get(k); !ok || string(v) != "stored" {
		t.Fatalf("after healing: %q (%v)", v, ok)
	}
}
