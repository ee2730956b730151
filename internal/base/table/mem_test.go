package table_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/base/table/tabletest"
)

func TestMem(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(*testing.T) table.Backend { return table.NewMem() })
}

// The memory backend and the overlay agree with a plain map whatever is done.
func TestMemAgreesWithAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := tabletest.Model{
			Backend: table.NewMem(),
			Draw:    func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") },
		}
		if err := m.Frames(6, 40); err != nil {
			rt.Fatal(err)
		}
	})
}

// Chunks split, shrink and vanish without losing a row.
func TestMemKeepsManyRows(t *testing.T) {
	t.Parallel()
	m := table.NewMem()
	want := map[uint64]string{}
	for round := range uint64(40) {
		var writes []table.Write
		for i := range uint64(400) {
			n := (i*2654435761 + round*97) % 5000
			k := table.K(table.Orders).U64(n)
			w := table.Write{Key: k}
			if delete(want, n); (i+round)%3 != 0 {
				want[n] = fmt.Sprint(round, i)
				w.Stored = table.Seal(nil, k, []byte(want[n]))
			}
			writes = append(writes, w)
		}
		if err := m.Commit(writes); err != nil {
			t.Fatal(err)
		}
	}
	snap := m.Snapshot()
	defer snap.Close()
	seen := 0
	from, to := table.Range(table.Orders)
	snap.Scan(from, to, func(k, v []byte) bool {
		f := table.F(k)
		if n := f.U64(); want[n] != string(v) {
			t.Errorf("row %d is %q, want %q", n, v, want[n])
		}
		seen++
		return true
	})
	if seen != len(want) {
		t.Errorf("%d rows, want %d", seen, len(want))
	}
	for n, v := range want {
		if got, ok := snap.Get(table.K(table.Orders).U64(n)); !ok || string(got) != v {
			t.Errorf("row %d is %q (%v), want %q", n, got, ok, v)
		}
	}
}

func TestMemFailCommits(t *testing.T) {
	t.Parallel()
	m, full := table.NewMem(), errors.New("full")
	k := table.K(table.Orders).U64(1)
	w := []table.Write{{Key: k, Stored: table.Seal(nil, k, nil)}}
	m.FailCommits(full)
	if err := m.Commit(w); !errors.Is(err, full) {
		t.Fatalf("commit answered %v", err)
	}
	if _, ok, _ := m.Load(k, nil); ok {
		t.Fatal("a failed commit left a row")
	}
	m.FailCommits(nil)
	if err := m.Commit(w); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := m.Load(k, nil); !ok {
		t.Fatal("a healed backend stores nothing")
	}
}

func TestMemCloneGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	a := table.NewMem()
	write := func(m *table.Mem, key byte) {
		k := []byte{byte(table.Orders), key}
		if err := m.Commit([]table.Write{{Key: k, Stored: table.Seal(nil, k, []byte{key})}}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(m *table.Mem, key byte) bool {
		_, ok, err := m.Load([]byte{byte(table.Orders), key}, nil)
		return ok && err == nil
	}
	write(a, 1)
	b := a.Clone()
	write(a, 2)
	write(b, 3)
	if !has(a, 1) || !has(a, 2) || has(a, 3) || !has(b, 1) || has(b, 2) || !has(b, 3) {
		t.Error("a clone and its original see each other's writes")
	}
}
