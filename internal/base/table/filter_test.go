package table_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

func number(n int) table.Key {
	return table.K(table.OrderNos).Str(fmt.Sprintf("19%08d", n%20)).Str(fmt.Sprintf("T-%012d", n))
}

// What was added is never new, and of ten keys a line not one in fifty is taken
// for one that was.
//
//test:cases
func TestFilterKnowsWhatWasAdded(t *testing.T) {
	t.Parallel()
	const keys = 100_000
	f := table.NewFilter(keys / 10 * 64)
	if f.New(number(1)) {
		t.Fatal("a filter that is not complete called a key new")
	}
	for i := range keys {
		f.Add(number(i))
	}
	f.Complete()
	wrong := 0
	for i := range keys {
		if f.New(number(i)) {
			t.Fatalf("key %d was added and is called new", i)
		}
		if !f.New(number(keys + i)) {
			wrong++
		}
	}
	if wrong > keys/50 {
		t.Errorf("%d of %d new keys are taken for known ones", wrong, keys)
	}
}

// Frames with a filter read what frames without one read, whenever the filter
// becomes complete.
func TestFilterChangesNoAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		mem := table.NewMem()
		write := func(o *table.Overlay, rows ...int) {
			for _, n := range rows {
				o.Set(number(n), []byte{byte(n)})
			}
			if err := mem.Commit(o.Flush(digests())); err != nil {
				rt.Fatal(err)
			}
		}
		have := map[int]bool{}
		some := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 8)
		before := some.Draw(rt, "before")
		write(table.NewOverlay(mem), before...)
		for _, n := range before {
			have[n] = true
		}
		o, f := table.NewOverlay(mem), table.NewFilter(rapid.IntRange(64, 4096).Draw(rt, "bytes"))
		o.Use(f, table.OrderNos)
		snap := mem.Snapshot()
		complete := rapid.IntRange(0, 5).Draw(rt, "complete at frame")
		for frame := range 6 {
			if frame == complete && table.FillFilter(f, snap, table.OrderNos, func() bool { return true }) {
				f.Complete()
			}
			o.Reset()
			for n := range 40 {
				if _, ok := o.Get(number(n)); ok != have[n] {
					rt.Fatalf("frame %d: row %d is there: %v, want %v", frame, n, ok, have[n])
				}
			}
			rows := some.Draw(rt, "rows")
			write(o, rows...)
			for _, n := range rows {
				have[n] = true
			}
		}
	})
}

// A scan that is cut short leaves the filter incomplete, and so without a say.
func TestFilterScanCutShort(t *testing.T) {
	t.Parallel()
	mem := table.NewMem()
	o := table.NewOverlay(mem)
	for n := range 2500 {
		o.Set(number(n), nil)
	}
	if err := mem.Commit(o.Flush(digests())); err != nil {
		t.Fatal(err)
	}
	asked := 0
	if table.FillFilter(table.NewFilter(1<<16), mem.Snapshot(), table.OrderNos, func() bool { asked++; return asked < 2 }) || asked != 2 {
		t.Errorf("the scan came to its end, or was asked %d times", asked)
	}
}

// In test builds a filter that lies is caught at the row it lies about.
func TestFilterThatLiesIsCaught(t *testing.T) {
	t.Parallel()
	if !must.Enabled {
		t.Skip("only test builds ask the store as well")
	}
	mem := table.NewMem()
	o := table.NewOverlay(mem)
	o.Set(number(1), []byte("order 1"))
	if err := mem.Commit(o.Flush(digests())); err != nil {
		t.Fatal(err)
	}
	o = table.NewOverlay(mem)
	f := table.NewFilter(64)
	o.Use(f, table.OrderNos)
	f.Complete() // without the row that is there
	wantViolation(t, "a wrong new", func() { o.Get(number(1)) })
}

// In production the store is asked now and then: a filter that lies does not do so
// for long.
func TestFilterThatLiesIsFoundOut(t *testing.T) {
	t.Parallel()
	const rows = 64
	mem := table.NewMem()
	o := table.NewOverlay(mem)
	for n := range rows {
		o.Set(number(n), []byte("order"))
	}
	if err := mem.Commit(o.Flush(digests())); err != nil {
		t.Fatal(err)
	}
	o = table.NewOverlay(mem)
	f := table.NewFilter(64)
	o.Use(f, table.OrderNos)
	f.Complete() // without the rows that are there
	wantViolation(t, "one wrong new of many", func() {
		for n := range rows {
			o.Get(number(n))
		}
	})
}

func BenchmarkFilter(b *testing.B) {
	f := table.NewFilter(table.FilterSize(1 << 20))
	f.Complete()
	key := number(17)
	for n := uint64(0); b.Loop(); n++ {
		key[len(key)-2], key[len(key)-3] = byte(n), byte(n>>8)
		if f.New(key) {
			f.Add(key)
		}
	}
}
