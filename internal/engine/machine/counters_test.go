package machine

import (
	"errors"
	"maps"
	"strconv"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Two commands that only these tests have: each takes the next number of a
// counter of its own, and tells it in the journal. The others do what is of
// a level to come.
const (
	takesFirst catalogue.Number = 4092 + iota
	takesSecond
	takesTooEarly
	writesTooEarly
)

func init() {
	take := func(c deed.Counter) func(*deed.Deed, *pb.Tick) code.Code {
		return func(d *deed.Deed, _ *pb.Tick) code.Code {
			d.Record("number/"+strconv.FormatUint(d.Next(c), 10), "", nil)
			return code.OK
		}
	}
	addRule(&catalogue.Rule{Name: "takers", Counters: []deed.Counter{7001, 7002}, Commands: []*catalogue.Spec{
		catalogue.Plain(takesFirst, "test_takes_first", take(7001)).From(deed.CountersLevel).Spec,
		catalogue.Plain(takesSecond, "test_takes_second", take(7002)).From(deed.CountersLevel).Spec,
		catalogue.Plain(takesTooEarly, "test_takes_too_early", take(7001)).Spec,
		catalogue.Plain(writesTooEarly, "test_writes_too_early", func(d *deed.Deed, _ *pb.Tick) code.Code {
			d.Tx.Set(table.K(table.Counters).U32(7001), make([]byte, 8))
			d.Record("row", "", nil)
			return code.OK
		}).Spec,
	}})
}

// last is the last number of a counter, as it is stored.
func (w *world) last(c deed.Counter) (n uint64) {
	snap := w.backend.Snapshot()
	defer func() { _ = snap.Close() }()
	return deed.Last(snap, c)
}

func TestCountersCount(t *testing.T) {
	w := newWorld(t, table.NewMem())
	// The commands of one frame see each other's numbers.
	w.frame(w.encode(takesFirst, &pb.Tick{}), w.encode(takesSecond, &pb.Tick{}), w.encode(takesFirst, &pb.Tick{}))
	w.ok(takesFirst, &pb.Tick{})
	if first, second, third := w.last(7001), w.last(7002), w.last(7003); first != 3 || second != 1 || third != 0 {
		t.Errorf("the last numbers are %d, %d and %d", first, second, third)
	}
	m, err := Open(w.backend, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest() != w.m.Digest() || m.Digests()[table.Counters].Rows != 2 {
		t.Errorf("opened again there are %d counters", m.Digests()[table.Counters].Rows)
	}
}

// TestANewCounterChangesNoOldDigest: a log that does not take from a counter has
// the digests it had when there was none; taking from it adds a row and touches no
// other, and below the level there is no trace of the table.
func TestANewCounterChangesNoOldDigest(t *testing.T) {
	run := func(level uint32, commands ...catalogue.Number) *world {
		w := newWorldAt(t, table.NewMem(), level, Options{})
		w.shop(1000)
		for _, n := range commands {
			w.ok(n, &pb.Tick{})
		}
		return w
	}
	first := run(MaxLevel, takesFirst)
	both := run(MaxLevel, takesFirst, takesSecond)
	had, has := first.m.Digests(), both.m.Digests()
	if had[table.Counters].Rows != 1 || has[table.Counters].Rows != 2 || both.last(7001) != first.last(7001) {
		t.Errorf("%d counters became %d", had[table.Counters].Rows, has[table.Counters].Rows)
	}
	delete(had, table.Counters)
	delete(has, table.Counters)
	if !maps.Equal(had, has) {
		t.Error("another counter changed another table")
	}
	none := run(MaxLevel)
	with, all := none.m.Digest(), none.m.done.head.Digests
	none.m.done.head.Digests = all[1:]
	if all[0].Table != uint32(table.Counters) || none.m.Digest() != with {
		t.Error("the table counts in the digest before it has a row")
	}
	below := run(deed.CountersLevel - 1)
	if _, ok := below.m.Digests()[table.Counters]; ok {
		t.Error("below the level the head has a digest of the counters")
	}
}

// TestNothingOfALaterLevelIsWritten: a rule that forgets to gate a new layout
// stops the machine, before the row is written.
func TestNothingOfALaterLevelIsWritten(t *testing.T) {
	for _, n := range []catalogue.Number{takesTooEarly, writesTooEarly} {
		mem := table.NewMem()
		w := newWorldAt(t, mem, deed.CountersLevel-1, Options{})
		again, err := Open(mem, Options{}) // what is checked is found at opening too
		if err != nil {
			t.Fatal(err)
		}
		frame := table.Encode(&pb.Frame{Commands: [][]byte{w.encode(n, &pb.Tick{})}})
		for _, m := range []*Machine{w.m, again} {
			var broken *Broken
			if _, err := m.Apply(w.index+1, 1, frame); !errors.As(err, &broken) {
				t.Errorf("%s below its level: %v", n, err)
			}
		}
		if w.last(7001) != 0 {
			t.Errorf("%s left a row", n)
		}
	}
}
