package machine_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// asked counts the look-ups that reach a store, by table.
type asked struct {
	table.Backend
	by map[table.ID]int
}

func (a *asked) Load(key, buf []byte) ([]byte, bool, error) {
	a.by[table.ID(key[0])]++
	return a.Backend.Load(key, buf)
}

// Names that callers give are looked for before each is taken, nearly always in vain:
// once those that are stored have been learnt, the store is not asked. A name that is
// there is found all the same, also by a machine that was opened since.
func TestTheStoreIsNotAskedForNewNames(t *testing.T) {
	if must.Enabled {
		t.Skip("test builds ask the store each time whether the filter is right")
	}
	t.Parallel()
	store := &asked{Backend: table.NewMem(), by: map[table.ID]int{}}
	p := newPairs(t, store, machine.MaxLevel)
	m, err := machine.Open(store, machine.Options{NumberBytes: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	p.m = m
	topup := func(ref string) code.Code {
		p.add(catalogue.PersonTopup, "bench", &pb.PersonTopup{Uid: 1, Amount: 1, Currency: money.CNY, Ref: ref, Line: "x"})
		return p.apply(p.frame())[0].Code
	}
	if !m.LearnNumbers(store.Snapshot(), func() bool { return true }) {
		t.Fatal("the names were not learnt")
	}
	clear(store.by)
	for _, ref := range []string{"a", "b", "c", "d"} {
		if c := topup(ref); c != code.OK {
			t.Fatal(c)
		}
	}
	if n := store.by[table.Batches]; n != 0 {
		t.Errorf("the store was asked %d times for names of top-ups", n)
	}
	if c := topup("0"); c != code.TopupExists || store.by[table.Batches] == 0 {
		t.Errorf("a name that is stored is %s, the store was asked %d times", c, store.by[table.Batches])
	}
}
