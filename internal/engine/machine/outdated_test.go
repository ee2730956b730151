package machine

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// newestCommand is a command of the highest level, as the binary before knew
// none.
const newestCommand catalogue.Number = 4090

func init() {
	newest := catalogue.Plain(newestCommand, "test_newest", applyTick).From(MaxLevel)
	addRule(&catalogue.Rule{Name: "newest", Commands: []*catalogue.Spec{newest.Spec}})
}

// TestOlderBinaryStops (U3): a binary stops where the log goes beyond what it
// knows, before anything of the frame is written, and says what to start; the
// newer binary goes on from there and ends where one would that had been there
// from the beginning.
func TestOlderBinaryStops(t *testing.T) {
	const known = MaxLevel - 1
	for name, test := range map[string]struct {
		number catalogue.Number
		body   table.Record
		want   Outdated
		says   string
	}{
		"a higher level": {
			catalogue.SetLevel, &pb.SetLevel{Level: MaxLevel, Version: "v9.8.7"},
			Outdated{Position: 1, Level: MaxLevel, Version: "v9.8.7", Known: known}, "version v9.8.7 or a newer one",
		},
		"a higher level, nobody says whose": {
			catalogue.SetLevel, &pb.SetLevel{Level: MaxLevel},
			Outdated{Position: 1, Level: MaxLevel, Known: known}, "a version that knows feature level",
		},
		"a command of a higher level": {
			newestCommand, &pb.Tick{},
			Outdated{Position: 1, Number: newestCommand, Known: known}, "the version that the other nodes run",
		},
	} {
		mem := table.NewMem()
		w := newWorldAt(t, mem, known, Options{MaxLevel: known})
		before := dump(t, mem)
		test.want.Index = w.index + 1
		frame := table.Encode(&pb.Frame{Commands: [][]byte{w.encode(catalogue.PersonAdd, &pb.PersonAdd{Ref: "r", Name: "n"}), w.encode(test.number, test.body)}})

		_, err := w.m.Apply(w.index+1, 1, frame)
		var o *Outdated
		if !errors.As(err, &o) || *o != test.want || !strings.Contains(o.Start(), test.says) {
			t.Errorf("%s: it stopped with %v (%+v), which says %q", name, err, o, o.Start())
		}
		if !slices.Equal(dump(t, mem), before) {
			t.Errorf("%s left rows behind", name)
		}
		if _, again := w.m.Apply(w.index+1, 1, table.Encode(&pb.Frame{})); again != err {
			t.Errorf("%s: the machine went on: %v", name, again)
		}
		goesOn(t, name, mem, frame)
	}
}

// goesOn opens the state by this binary and by the older one.
func goesOn(t *testing.T, name string, mem *table.Mem, frame []byte) {
	t.Helper()
	m, err := Open(mem, Options{})
	if err != nil {
		t.Fatal(err)
	}
	index, _ := m.Applied()
	if _, err := m.Apply(index+1, 1, frame); err != nil {
		t.Errorf("%s: the newer binary: %v", name, err)
	}
	if m.Position().Level != MaxLevel {
		return
	}
	var o *Outdated
	if _, err := Open(mem, Options{MaxLevel: MaxLevel - 1}); !errors.As(err, &o) || o.Level != MaxLevel || o.Index != 0 {
		t.Errorf("%s: the older binary opened the newer state: %v", name, err)
	}
}

// A log may also begin above what a binary knows; and a second genesis is the
// refusal it always was, whatever it asks for.
func TestGenesisAboveWhatIsKnown(t *testing.T) {
	m, err := Open(table.NewMem(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	begin := table.Encode(catalogue.NewCommand(catalogue.Genesis, "a", "", &pb.Genesis{LogName: "x", Level: MaxLevel + 1}))
	var o *Outdated
	if _, err := m.Apply(1, 1, table.Encode(&pb.Frame{Commands: [][]byte{begin}})); !errors.As(err, &o) || o.Level != MaxLevel+1 {
		t.Errorf("a log that begins above: %v", err)
	}
	w := newWorld(t, table.NewMem())
	if res := w.do(catalogue.Genesis, &pb.Genesis{LogName: "x", Level: MaxLevel + 1}); res.Code != code.AlreadyGenesis {
		t.Errorf("a second genesis: %s", res.Code)
	}
}

// TestAdmissible: what a leader puts into the log is known to every node that
// knows the state's level.
func TestAdmissible(t *testing.T) {
	for _, test := range []struct {
		number       catalogue.Number
		body         table.Record
		level, known uint32
		want         code.Code
	}{
		{catalogue.Tick, &pb.Tick{}, 1, MaxLevel, code.OK},
		{999, &pb.Tick{}, 1, MaxLevel, code.CommandUnknown},
		{catalogue.MemberChange, &pb.MemberChange{}, 2, MaxLevel, code.LevelTooLow},
		{catalogue.MemberChange, &pb.MemberChange{}, 3, MaxLevel, code.OK},
		{newestCommand, &pb.Tick{}, MaxLevel - 1, MaxLevel - 1, code.CommandUnknown},
		{newestCommand, &pb.Tick{}, MaxLevel - 1, MaxLevel, code.LevelTooLow},
		{catalogue.SetLevel, &pb.SetLevel{Level: 3}, 2, 3, code.OK},
		{catalogue.SetLevel, &pb.SetLevel{Level: 4}, 2, 3, code.LevelUnsupported},
		{catalogue.SetLevel, &pb.SetLevel{}, 2, 3, code.OK}, // the machine refuses it
		{catalogue.Genesis, &pb.Genesis{Level: 4}, 0, 3, code.LevelUnsupported},
		{catalogue.Genesis, &pb.Genesis{Level: 3}, 0, 3, code.OK},
		{catalogue.Genesis, &pb.Genesis{Level: 4}, 1, 3, code.OK},   // the machine says that there is one already
		{catalogue.MemberChange, &pb.MemberChange{}, 0, 3, code.OK}, // the machine says that the log has not begun
	} {
		if got := Admissible(catalogue.NewCommand(test.number, "", "", test.body), test.level, test.known); got != test.want {
			t.Errorf("%s at level %d, %d known: %s, want %s", test.number, test.level, test.known, got, test.want)
		}
	}
}
