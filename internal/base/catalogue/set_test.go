package catalogue_test

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func tick(*deed.Deed, *pb.Tick) code.Code { return code.OK }

func command(n catalogue.Number, name string) []*catalogue.Spec {
	return []*catalogue.Spec{catalogue.Plain(n, name, tick).Spec}
}

// Whatever two rules claim is found before anything runs.
func TestCollisions(t *testing.T) {
	t.Parallel()
	due := []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_REFUND}}
	for claim, rule := range map[string]catalogue.Rule{
		"command number 4001":          {Name: "b", Commands: command(4001, "count_other")},
		"command count":                {Name: "b", Commands: command(4002, "count")},
		"table 0x38 (orders)":          {Name: "b", Tables: []table.ID{table.Orders}},
		"counter 9":                    {Name: "b", Counters: []deed.Counter{9}},
		"due kind DUE_KIND_REFUND":     {Name: "b", Due: due},
		"sweep things":                 {Name: "b", Sweeps: []catalogue.Sweep{{Name: "things"}}},
		"backfill index":               {Name: "b", Fills: []catalogue.Fill{{Name: "index"}}},
		"rule a":                       {Name: "a"},
		"command number 0 of b":        {Name: "b", Commands: command(0, "none")},
		"command number 70000 of b is": {Name: "b", Commands: command(70000, "far")},
	} {
		first := catalogue.Rule{
			Name: "a", Commands: command(4001, "count"), Tables: []table.ID{table.Orders}, Counters: []deed.Counter{9}, Due: due,
			Sweeps: []catalogue.Sweep{{Name: "things"}}, Fills: []catalogue.Fill{{Name: "index"}},
		}
		if _, err := catalogue.NewSet(&first, &rule); err == nil || !strings.Contains(err.Error(), claim) {
			t.Errorf("%s is claimed twice, or is none: %v", claim, err)
		}
	}
}

func TestSetFindsWhatRulesDeclare(t *testing.T) {
	t.Parallel()
	a := catalogue.Rule{Name: "a", Commands: command(4003, "a"), Fills: []catalogue.Fill{{Name: "later", Level: 3}}}
	b := catalogue.Rule{Name: "b", Commands: command(4001, "b"), Tables: []table.ID{table.Due}, Fills: []catalogue.Fill{{Name: "sooner", Level: 2}}}
	set, err := catalogue.NewSet(&a, &b)
	if err != nil {
		t.Fatal(err)
	}
	if c := set.Commands(); len(c) != 2 || c[0].Name != "b" || c[1].Name != "a" {
		t.Errorf("commands are listed as %v", c)
	}
	if set.Command(4001).Name != "b" || set.Command(4002) != nil || set.Command(1<<31) != nil {
		t.Error("a command is not found by its number, or another one is")
	}
	if set.Owner(table.Due) != "b" || set.Owner(table.Head) != "" {
		t.Error("a table has another owner than the rule that declares it")
	}
	if f := set.Fills(); f[0].Name != "sooner" || f[1].Name != "later" {
		t.Errorf("backfills are listed as %v", f)
	}
	if set.Due(pb.DueKind_DUE_KIND_REFUND) != nil {
		t.Error("a kind of due row that nobody declares was found")
	}
}
