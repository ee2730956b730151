package machine

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A whole rule, as a package of its own would hold it: it counts how often it is
// asked. All that the platform needs to know of it is its number and its line in
// the list of rules.
const (
	countUpNumber catalogue.Number = 4050
	calls         deed.Counter     = 4100
)

var (
	countUp = catalogue.Returning(countUpNumber, "count_up", applyCountUp).From(deed.CountersLevel)

	countingRule = catalogue.Rule{Name: "counting", Commands: []*catalogue.Spec{countUp.Spec}, Counters: []deed.Counter{calls}}
)

func init() { addRule(&countingRule) }

// applyCountUp answers with how often it was asked, as a person's number.
func applyCountUp(d *deed.Deed, _ *pb.PersonAdd) (code.Code, *pb.Person) {
	n := d.Next(calls)
	d.Record("counting/calls", "", nil)
	return code.OK, &pb.Person{Uid: n}
}

func TestANewRuleIsAPackageAndALine(t *testing.T) {
	w := newWorld(t, table.NewMem())
	for want := uint64(1); want <= 3; want++ {
		p, err := countUp.Record(w.do(countUpNumber, &pb.PersonAdd{}))
		if err != nil || p.GetUid() != want {
			t.Fatalf("call %d returned %v, %v", want, p, err)
		}
	}
	if got := deed.Last(w.backend.Snapshot(), calls); got != 3 || countUpNumber.String() != "count_up" || !Known(countUpNumber) {
		t.Errorf("%d calls of %s are counted, want 3", got, countUpNumber)
	}
	if err := Audit(w.backend.Snapshot()); err != nil {
		t.Error(err)
	}
	if _, err := catalogue.NewSet(&countingRule, &countingRule); err == nil {
		t.Error("a rule that is listed twice was taken")
	}
}
