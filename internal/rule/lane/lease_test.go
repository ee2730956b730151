package lane

import (
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// state is the rule on a memory table; each lease is a frame.
type state struct {
	mem     *table.Mem
	overlay *table.Overlay
	at      int64
	last    []*pb.Entry
}

func newState() *state {
	mem := table.NewMem()
	return &state{mem: mem, overlay: table.NewOverlay(mem), at: 1_780_000_000_000}
}

func (s *state) lease(t rapid.TB, c *pb.CourierLease) (code.Code, *pb.Courier) {
	t.Helper()
	s.overlay.Reset()
	d := &deed.Deed{Tx: s.overlay, Mem: s.overlay.Arena(), Head: &pb.Head{Level: Level}, Stamp: stamp.Stamp{At: s.at}}
	out, rec := ApplyLease(d, c)
	s.last = d.Entries()
	wrote := s.overlay.Changed() > 0
	if wrote != (len(s.last) > 0) || wrote && out != code.OK {
		t.Fatalf("%v came out as %s with %d entries, rows written: %t", c, out, len(s.last), wrote)
	}
	if err := s.mem.Commit(s.overlay.Flush(map[table.ID]*table.Digest{table.Couriers: {}})); err != nil {
		t.Fatal(err)
	}
	return out, rec
}

// renew is what a courier does that obeys its share at once.
func (s *state) renew(t rapid.TB, name string) Set {
	t.Helper()
	var holds Set
	if c, ok := Get(s.mem.Snapshot(), name); ok {
		held := Held(c)
		holds = held.Least(int(c.Share))
	}
	out, rec := s.lease(t, &pb.CourierLease{Courier: name, LeaseMs: 10_000, Started: 1, Holds: holds[:]})
	if out != code.OK {
		t.Fatalf("%s: %s", name, out)
	}
	return Held(rec)
}

// holders checks that no lane has two holders and returns how many each has.
func (s *state) holders(t rapid.TB) map[string]int {
	t.Helper()
	var all Set
	n := map[string]int{}
	for _, c := range Couriers(s.mem.Snapshot()) {
		held := Held(c)
		if both := all.And(held); both.Len() > 0 {
			t.Fatalf("%d lanes of %s are another's too", both.Len(), c.Name)
		}
		for i := range all {
			all[i] |= held[i]
		}
		n[c.Name] = held.Len()
	}
	return n
}

func TestSharesOfOneToFiveCouriers(t *testing.T) {
	t.Parallel()
	for couriers := 1; couriers <= 5; couriers++ {
		t.Run(fmt.Sprint(couriers), func(t *testing.T) {
			t.Parallel()
			s := newState()
			names := []string{"c3", "c1", "c5", "c2", "c4"}[:couriers]
			for range 3 { // learn the share, give up, take
				for _, name := range names {
					s.renew(t, name)
					s.at += 100
				}
			}
			total, least, most := 0, Count, 0
			for _, n := range s.holders(t) {
				total, least, most = total+n, min(least, n), max(most, n)
			}
			if total != Count || most-least > 1 {
				t.Errorf("%v: together %d, from %d to %d", s.holders(t), total, least, most)
			}
			before := s.holders(t)
			for range 3 {
				for _, name := range names {
					s.renew(t, name)
				}
			}
			if after := s.holders(t); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("lanes moved although nobody came or went: %v, then %v", before, after)
			}
		})
	}
}

// A courier that does not give up what it was told to keeps it as long as it
// lives, and not a moment longer.
func TestNobodyTakesFromTheLiving(t *testing.T) {
	t.Parallel()
	s := newState()
	all := All()
	stubborn := &pb.CourierLease{Courier: "c1", LeaseMs: 10_000, Started: 1, Holds: all[:]}
	s.lease(t, stubborn)
	for range 5 {
		if got := s.renew(t, "c2"); got.Len() != 0 {
			t.Fatalf("c2 got %d lanes", got.Len())
		}
		s.at += 3_000
		if _, rec := s.lease(t, stubborn); rec.Share != Count/2 {
			t.Fatalf("c1 is told a share of %d", rec.Share)
		}
	}
	s.at += 9_999
	if got := s.renew(t, "c2"); got.Len() != 0 {
		t.Errorf("c2 got %d lanes a millisecond before c1's lease was over", got.Len())
	}
	s.at++
	if got := s.renew(t, "c2"); got.Len() != Count {
		t.Errorf("c2 got %d lanes after c1's lease was over", got.Len())
	}
}

// A renewal that changes nothing is one row and one entry without lanes; asked
// again at once it is nothing.
func TestWhatARenewalWrites(t *testing.T) {
	t.Parallel()
	s := newState()
	all := All()
	c := &pb.CourierLease{Courier: "c1", LeaseMs: 10_000, Started: 1, Holds: all[:]}
	s.lease(t, c)
	if len(s.last) != 1 || s.last[0].Entity != "courier/c1" || s.last[0].Name != hex.EncodeToString(all[:]) {
		t.Errorf("the first lease is journalled as %v", s.last)
	}
	s.at += 2_499
	if _, rec := s.lease(t, c); len(s.last) != 0 || rec.Until != s.at-2_499+10_000 {
		t.Errorf("within a quarter of the lease it wrote %v", s.last)
	}
	s.at++
	if _, rec := s.lease(t, c); len(s.last) != 1 || s.last[0].Name != "" || rec.Until != s.at+10_000 {
		t.Errorf("a renewal is journalled as %v", s.last)
	}
	s.lease(t, &pb.CourierLease{Courier: "c1", Leave: true, Started: 1})
	if len(s.last) != 1 || s.last[0].Name != "none" {
		t.Errorf("leaving is journalled as %v", s.last)
	}
}

// TestLanesProperty: whatever couriers do, no lane has two holders, nobody that
// lives loses a lane it named, and once things are quiet all lanes are held in
// equal shares.
func TestLanesProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newState()
		names := []string{"a", "b", "c", "d", "e"}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "who")
			before, had := Get(s.mem.Snapshot(), name)
			var holds Set
			if had {
				held := Held(before)
				holds = held.Least(rapid.IntRange(0, Count).Draw(t, "holds"))
			}
			c := &pb.CourierLease{
				Courier: name, LeaseMs: rapid.Int64Range(MinLease, 12_000).Draw(t, "lease"), Holds: holds[:],
				Leave: rapid.IntRange(0, 9).Draw(t, "leave") == 0, Started: rapid.Int64Range(0, 1).Draw(t, "started"),
			}
			out, rec := s.lease(t, c)
			if out == code.OK && !c.Leave {
				if kept := Held(rec).And(holds); kept != holds {
					t.Fatalf("%s named %d lanes and has %d of them left", name, holds.Len(), kept.Len())
				}
			}
			s.holders(t)
			s.at += rapid.SampledFrom([]int64{0, 10, 500, 3_000, 15_000}).Draw(t, "wait")
		}
		s.at += MaxLease
		quiet := names[:rapid.IntRange(1, 5).Draw(t, "left")]
		for range 3 {
			for _, name := range quiet {
				s.renew(t, name)
			}
		}
		n := s.holders(t)
		sizes := make([]int, 0, 5)
		for _, name := range quiet {
			sizes = append(sizes, n[name])
		}
		if len(n) != len(quiet) || slices.Max(sizes)-slices.Min(sizes) > 1 || s.total(t) != Count {
			t.Fatalf("in the end they have %v", n)
		}
	})
}

func (s *state) total(t rapid.TB) (total int) {
	for _, n := range s.holders(t) { // order does not matter: a sum
		total += n
	}
	return total
}

func TestFairSharesAddUp(t *testing.T) {
	t.Parallel()
	for couriers := 1; couriers <= Count+3; couriers++ {
		total := 0
		for rank := range couriers {
			total += fair(couriers, rank)
		}
		if total != Count {
			t.Errorf("%d couriers share %d lanes", couriers, total)
		}
	}
}
