package machine

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// Commands that only these tests have: each breaks a promise of handlers.
const (
	refusesAfterWriting catalogue.Number = 4000 + iota
	writesUnrecorded
	breaksMust
	panics
	scansAndWrites
	insertsTwice
	opensAnAccountTwice
	movesAgainstItsLife
	writesTooLongAnEntry
)

func init() {
	breakers := map[catalogue.Number]func(d *deed.Deed, _ *pb.Tick) code.Code{
		refusesAfterWriting: func(d *deed.Deed, _ *pb.Tick) code.Code {
			due.Put(d.Tx, 1, pb.DueKind_DUE_KIND_REFUND, 1)
			return code.BalanceTooLow
		},
		writesUnrecorded: func(d *deed.Deed, _ *pb.Tick) code.Code {
			due.Put(d.Tx, 1, pb.DueKind_DUE_KIND_REFUND, 1)
			return code.OK
		},
		breaksMust: func(*deed.Deed, *pb.Tick) code.Code { must.Never("pigs do not fly"); return code.OK },
		panics: func(*deed.Deed, *pb.Tick) code.Code {
			var none []int
			return code.Code(none[3])
		},
		scansAndWrites: func(d *deed.Deed, _ *pb.Tick) code.Code {
			from, to := table.Range(table.Accounts)
			d.Tx.Scan(from, to, func(k, v []byte) bool { d.Tx.Set(k, v); return true })
			return code.OK
		},
		insertsTwice: func(d *deed.Deed, _ *pb.Tick) code.Code {
			d.Tx.Insert(table.K(table.Orders).U64(1), nil)
			d.Tx.Insert(table.K(table.Orders).U64(1), nil)
			return code.OK
		},
		opensAnAccountTwice: func(d *deed.Deed, _ *pb.Tick) code.Code {
			ledger.OpenOwed(d.Tx, ledger.MerchantPending(mchid), money.CNY)
			return code.OK
		},
		movesAgainstItsLife: func(*deed.Deed, *pb.Tick) code.Code {
			state := pb.TradeState_TRADE_STATE_CLOSED
			order.Moves.Enter(&state, pb.TradeState_TRADE_STATE_SUCCESS)
			return code.OK
		},
		writesTooLongAnEntry: func(d *deed.Deed, _ *pb.Tick) code.Code {
			d.Record("long", string(make([]byte, 70_000)), nil)
			return code.OK
		},
	}
	rule := &catalogue.Rule{Name: "breakers"}
	for n, f := range breakers { // order does not matter: each has a number of its own
		rule.Commands = append(rule.Commands, catalogue.Plain(n, fmt.Sprintf("test_%d", n), f).Spec)
	}
	addRule(rule)
}

// addRule adds a rule that only these tests have.
func addRule(r *catalogue.Rule) {
	rules = append(rules, r)
	var err error
	if set, err = catalogue.NewSet(rules...); err != nil {
		panic(err)
	}
}

// dump is every stored row.
func dump(t *testing.T, b table.Backend) (rows []string) {
	t.Helper()
	if err := b.Iterate([]byte{0}, nil, func(k, v []byte) bool {
		rows = append(rows, fmt.Sprintf("%x=%x", k, v))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestBrokenInvariantStopsBeforeAnythingIsWritten: the good commands of the
// frame are not written either, and the machine stays stopped.
func TestBrokenInvariantStopsBeforeAnythingIsWritten(t *testing.T) {
	for n := refusesAfterWriting; n <= writesTooLongAnEntry; n++ {
		mem := table.NewMem()
		w := newWorld(t, mem)
		p := w.shop(1000)
		o := w.ok(catalogue.OrderCreate, create("T-0001", 300)).(*pb.Order)
		before, digests := dump(t, mem), w.m.Digests()
		good := w.encode(catalogue.OrderPay, pay(o, p.Uid, "a"))
		frame := table.Encode(&pb.Frame{Commands: [][]byte{good, w.encode(n, &pb.Tick{}), good}})
		_, err := w.m.Apply(w.index+1, 1, frame)
		var broken *Broken
		if !errors.As(err, &broken) || broken.Index != w.index+1 || broken.Position != 1 || broken.Number != n || broken.Assertion == "" {
			t.Fatalf("%s: %v", n, err)
		}
		if !slices.Equal(dump(t, mem), before) {
			t.Errorf("%s left rows behind", n)
		}
		if _, again := w.m.Apply(w.index+1, 1, table.Encode(&pb.Frame{})); again != err {
			t.Errorf("%s: the machine went on: %v", n, again)
		}
		m, err := Open(mem, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(m.Digests()) != fmt.Sprint(digests) {
			t.Errorf("%s: the digests differ after reopening", n)
		}
		w.quarantine(mem, n, frame)
	}
}

// quarantine opens the state again with the second command of the next frame
// quarantined, and applies it.
func (w *world) quarantine(mem *table.Mem, n catalogue.Number, frame []byte) {
	w.t.Helper()
	index := w.index + 1
	m, err := Open(mem, Options{Quarantined: func(i uint64, position int) bool { return i == index && position == 1 }})
	if err != nil {
		w.t.Fatal(err)
	}
	size := m.Position().JournalSize
	res, err := m.Apply(index, 1, frame)
	if err != nil {
		w.t.Fatalf("%s is quarantined and stops the machine all the same: %v", n, err)
	}
	got := []code.Code{res[0].Code, res[1].Code, res[2].Code}
	if !slices.Equal(got, []code.Code{code.OK, code.Quarantined, code.OK}) {
		w.t.Errorf("%s: the frame came out as %v", n, got)
	}
	w.m, w.index = m, index
	if m.Position().JournalSize != size+2 {
		w.t.Errorf("%s: the journal grew from %d to %d: the payment and the quarantine are entries", n, size, m.Position().JournalSize)
	}
	e := w.entry(size + 1)
	if e.Code != uint32(code.Quarantined) || e.Entity != fmt.Sprintf("quarantine/%d.1", index) || e.Name != "" || catalogue.Number(e.Number) != n || len(e.CommandHash) != 32 {
		w.t.Errorf("%s: the entry is %v", n, e)
	}
}

func (w *world) entry(seq uint64) *pb.Entry {
	w.t.Helper()
	e, ok := journal.Read(w.backend.Snapshot(), seq)
	if !ok {
		w.t.Fatalf("entry %d is not there", seq)
	}
	return e
}

// TestQuarantinedCommand: what cannot even be decoded can be passed over, and a
// command from a clock gone mad moves no time.
func TestQuarantinedCommand(t *testing.T) {
	mad := catalogue.NewCommand(catalogue.Tick, "node", "", &pb.Tick{})
	mad.At = 1 << 60
	long := catalogue.NewCommand(catalogue.Tick, string(make([]byte, MaxActor+1)), "", &pb.Tick{})
	for name, raw := range map[string][]byte{
		"garbage":        {0xff, 0xff, 0xff},
		"garbage body":   table.Encode(&pb.Command{Number: uint32(catalogue.OrderPay), Body: []byte{0xff}}),
		"unknown number": table.Encode(&pb.Command{Number: 77}),
		"a mad clock":    table.Encode(mad),
		"a long actor":   table.Encode(long),
		"empty":          {},
	} {
		mem := table.NewMem()
		w := newWorld(t, mem)
		w.shop(1000)
		before := w.m.Position()
		m, err := Open(mem, Options{Quarantined: func(i uint64, position int) bool { return i == w.index+1 && position == 0 }})
		if err != nil {
			t.Fatal(err)
		}
		res, err := m.Apply(w.index+1, 1, table.Encode(&pb.Frame{Commands: [][]byte{raw, w.encode(catalogue.OrderCreate, create("T-0001", 300))}}))
		if err != nil || res[0].Code != code.Quarantined || res[1].Code != code.OK {
			t.Errorf("%s: %v, %v", name, res, err)
			continue
		}
		if now := m.Position(); now.At > w.now || now.JournalSize != before.JournalSize+2 {
			t.Errorf("%s: time went to %d and the journal to %d", name, now.At, now.JournalSize)
		}
	}
}

// TestWhatCannotBeAppliedStops: bytes that are no frame, no command, or a
// command of a later version stop the node; a wrong order of frames does, too.
func TestWhatCannotBeAppliedStops(t *testing.T) {
	mad := catalogue.NewCommand(catalogue.Tick, "node", "", &pb.Tick{})
	mad.At = 1 << 60
	for name, test := range map[string]struct {
		index    uint64 // less the next one
		frame    []byte
		position int
	}{
		"garbage":            {0, []byte{0xff, 0xff}, -1},
		"another field":      {0, []byte{0x12, 0x00}, -1},
		"a cut frame":        {0, []byte{0x0a, 0x05, 1}, -1},
		"a garbage command":  {0, table.Encode(&pb.Frame{Commands: [][]byte{{0xff}}}), 0},
		"a garbage body":     {0, table.Encode(&pb.Frame{Commands: [][]byte{table.Encode(&pb.Command{Number: uint32(catalogue.OrderPay), Body: []byte{0xff}})}}), 0},
		"a clock gone mad":   {0, table.Encode(&pb.Frame{Commands: [][]byte{table.Encode(mad)}}), 0},
		"a frame done again": {^uint64(0), nil, -1},
	} {
		mem := table.NewMem()
		w := newWorld(t, mem)
		w.shop(1000)
		before := dump(t, mem)
		_, err := w.m.Apply(w.index+1+test.index, 1, test.frame)
		var broken *Broken
		if !errors.As(err, &broken) || broken.Position != test.position {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(dump(t, mem), before) {
			t.Errorf("%s left rows behind", name)
		}
	}
}

// TestFailedCommitStopsWhatWasBegun: a frame that was applied in memory beside a
// commit that failed comes to nothing.
func TestFailedCommitStopsWhatWasBegun(t *testing.T) {
	mem := table.NewMem()
	w := newWorld(t, mem)
	w.shop(1000)
	before := dump(t, mem)
	begin := func(index uint64, number string) *Pending {
		p, err := w.m.Begin(index, 1, table.Encode(&pb.Frame{Commands: [][]byte{w.encode(catalogue.OrderCreate, create(number, 300))}}))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second := begin(w.index+1, "T-0001"), begin(w.index+2, "T-0002")
	fault := errors.New("disk on fire")
	mem.FailCommits(fault)
	if _, err := first.Finish(); !errors.Is(err, fault) {
		t.Fatal(err)
	}
	mem.FailCommits(nil)
	if res, err := second.Finish(); !errors.Is(err, fault) || res != nil {
		t.Errorf("the frame after it came to %v, %v", res, err)
	}
	if _, err := w.m.Begin(w.index+3, 1, nil); !errors.Is(err, fault) {
		t.Errorf("the machine went on: %v", err)
	}
	if !slices.Equal(dump(t, mem), before) {
		t.Error("rows were left behind")
	}
}

// TestFailedCommitStops: what the machine holds in memory is ahead of a store
// that took nothing, so it must not go on.
func TestFailedCommitStops(t *testing.T) {
	mem := table.NewMem()
	w := newWorld(t, mem)
	w.shop(1000)
	before := dump(t, mem)
	fault := errors.New("disk on fire")
	mem.FailCommits(fault)
	if _, err := w.m.Apply(w.index+1, 1, table.Encode(&pb.Frame{Commands: [][]byte{w.encode(catalogue.OrderCreate, create("T-0001", 300))}})); !errors.Is(err, fault) {
		t.Fatal(err)
	}
	mem.FailCommits(nil)
	if _, err := w.m.Apply(w.index+1, 1, nil); !errors.Is(err, fault) {
		t.Errorf("the machine went on: %v", err)
	}
	if !slices.Equal(dump(t, mem), before) {
		t.Error("rows were left behind")
	}
}

// TestDamagedRowStops: a row that fails its check is not taken for missing.
func TestDamagedRowStops(t *testing.T) {
	mem := table.NewMem()
	w := newWorld(t, mem)
	p := w.shop(1000)
	o := w.ok(catalogue.OrderCreate, create("T-0001", 300)).(*pb.Order)
	key := ledger.Key(ledger.UserBalance(p.Uid), money.CNY)
	stored, _, _ := mem.Load(key, nil)
	stored[len(stored)-1] ^= 1
	if err := mem.Commit([]table.Write{{Key: key, Stored: stored}}); err != nil {
		t.Fatal(err)
	}
	m, err := Open(mem, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Apply(w.index+1, 1, table.Encode(&pb.Frame{Commands: [][]byte{w.encode(catalogue.OrderPay, pay(o, p.Uid, "a"))}}))
	var damage *table.Damage
	if !errors.As(err, &damage) || table.ID(damage.Key[0]) != table.Accounts {
		t.Errorf("a damaged balance: %v", err)
	}
}

func TestLongActorIsRefused(t *testing.T) {
	w := newWorld(t, table.NewMem())
	cmd := catalogue.NewCommand(catalogue.MerchantAdd, string(make([]byte, MaxActor+1)), "", &pb.MerchantAdd{Mchid: mchid, Name: "Tea House"})
	cmd.At, cmd.Seed = w.now, make([]byte, 16)
	if res := w.frame(table.Encode(cmd)); res[0].Code != code.CommandTooLarge {
		t.Errorf("it came out as %s", res[0].Code)
	}
}
