package machine_test

import (
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Exactly one rule declares each table. That none is declared twice is
// catalogue.NewSet's to find.
func TestEveryTableHasItsRule(t *testing.T) {
	t.Parallel()
	set := machine.Rules()
	for _, id := range table.All() {
		if set.Owner(id) == "" {
			t.Errorf("no rule declares table %s: add it to the Tables of the one that writes it", id)
		}
	}
	for _, r := range set.Rules {
		for _, id := range r.Tables {
			if !slices.Contains(table.All(), id) {
				t.Errorf("rule %s declares table %s, which is not in table.All", r.Name, id)
			}
		}
	}
}

// A due row of a kind that nobody does would stop the next Tick.
func TestEveryDueKindHasItsRule(t *testing.T) {
	t.Parallel()
	for n, name := range pb.DueKind_name {
		if kind := pb.DueKind(n); kind != 0 && machine.Rules().Due(kind) == nil {
			t.Errorf("no rule does %s", name)
		}
	}
}

// A level that no binary knows would never be reached by a backfill or a command.
func TestLevelsAreKnown(t *testing.T) {
	t.Parallel()
	for _, c := range machine.Rules().Commands() {
		if c.Level > machine.MaxLevel {
			t.Errorf("%s begins at level %d, the highest is %d", c.Name, c.Level, machine.MaxLevel)
		}
	}
	for _, f := range machine.Rules().Fills() {
		if f.Level < 2 || f.Level > machine.MaxLevel {
			t.Errorf("backfill %s begins at level %d, and levels with something to fill in are 2 to %d", f.Name, f.Level, machine.MaxLevel)
		}
	}
}
