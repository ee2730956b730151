package table_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
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
	o = table.NewOverlay(mem) // the frame was taken and came to nothing
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

var persons = table.Of[pb.Person, *pb.Person]{ID: table.Persons}

// A record that was peeked at is the same one in later frames, until its row is
// written, deleted, or its writing given up; and in test builds one that somebody
// modified is noticed.
func TestPeekFollowsTheRow(t *testing.T) {
	t.Parallel()
	mem := table.NewMem()
	o := table.NewOverlay(mem)
	key := table.K(table.Persons).U64(1)
	name := func() string {
		p, ok := persons.Peek(o, key)
		if !ok {
			return "none"
		}
		return p.Name
	}
	put := func(name string) func() {
		return func() { persons.Put(o, key, &pb.Person{Uid: 1, Name: name}) }
	}
	commit := func() {
		if err := mem.Commit(o.Flush(digests())); err != nil {
			t.Fatal(err)
		}
		o.Reset()
	}
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "none"}, {put("Li"), "Li"}, {commit, "Li"}, {put("Mei"), "Mei"}, {o.Reset, "Li"},
		{put("Mei"), "Mei"}, {commit, "Mei"}, {func() { o.Delete(key) }, "none"}, {commit, "none"}, {put("Bo"), "Bo"}, {commit, "Bo"},
	} {
		step.do()
		for range 2 {
			if got := name(); got != step.want {
				t.Fatalf("step %d: peeked at %q, want %q", i, got, step.want)
			}
		}
	}
	if !must.Enabled {
		return
	}
	p, _ := persons.Peek(o, key)
	p.Name = "modified"
	wantViolation(t, "a shared record that was modified", func() { persons.Peek(o, key) })
}

// What a frame handed out stays as it is in all frames to come: records hold
// parts of rows, and whoever was given one may keep it.
func TestOverlayNeverReusesMemory(t *testing.T) {
	t.Parallel()
	mem := table.NewMem()
	o := table.NewOverlay(mem)
	type held struct {
		p    *pb.Person
		row  []byte
		want string
	}
	var all []held
	for frame := range 200 {
		o.Reset()
		for i := range uint64(20) {
			key, want := table.K(table.Persons).U64(i), fmt.Sprintf("person %d of frame %d", i, frame)
			persons.Put(o, key, &pb.Person{Uid: i, Name: want})
			p, _ := persons.Get(o, key)
			row, _ := o.Get(key)
			all = append(all, held{p, row, want})
		}
		if frame%3 == 0 {
			continue // given up
		}
		if err := mem.Commit(o.Flush(digests())); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range all {
		if h.p.Name != h.want || !bytes.Contains(h.row, []byte(h.want)) {
			t.Fatalf("%q became %q, its row %q", h.want, h.p.Name, h.row)
		}
	}
}

// Keys and rows of a hot path cost no allocation but the records'.
func TestTypedAccessCostsRecordsOnly(t *testing.T) {
	if must.Enabled {
		t.Skip("test builds check more than they do")
	}
	mem := table.NewMem()
	o := table.NewOverlay(mem)
	persons.Put(o, table.K(table.Persons).U64(1), &pb.Person{Uid: 1, Name: "Li", Ref: "ref"})
	p := &pb.Person{Uid: 1, Name: "Mei"}
	got := testing.AllocsPerRun(1000, func() {
		persons.Put(o, table.K(table.Persons).U64(1), p)
		persons.Get(o, table.K(table.Persons).U64(1)) // one: the record
		persons.Peek(o, table.K(table.Persons).U64(2))
	})
	if got > 1.1 {
		t.Errorf("%v allocations, want 1", got)
	}
}
