package lane

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// letters are a second kind of work that only this test has. Its leases lie in a
// table that nothing here writes.
var letters = Work{Table: table.Batches, Worker: "clerk"}

// Workers of two kinds of work share nothing but the rules: each kind has all
// lanes to give away, a name may serve both, and who leaves one stays in the other.
func TestKindsOfWorkAreApart(t *testing.T) {
	t.Parallel()
	overlay := table.NewOverlay(table.NewMem())
	at := int64(1_780_000_000_000)
	ask := func(w Work, c *pb.CourierLease) (*pb.Courier, *deed.Deed) {
		t.Helper()
		d := &deed.Deed{Tx: overlay, Mem: overlay.Arena(), Head: &pb.Head{Level: Level}, Stamp: stamp.Stamp{At: at}}
		out, rec := w.Lease(d, c)
		if out != code.OK {
			t.Fatalf("%s of %s: %s", c.Courier, w.Worker, out)
		}
		for _, e := range d.Entries() {
			if !strings.HasPrefix(e.Entity, w.Worker+"/") {
				t.Errorf("a lease of %s is journalled as %s", w.Worker, e.Entity)
			}
		}
		return rec, d
	}
	for _, w := range []Work{Notices, letters} {
		one, _ := ask(w, &pb.CourierLease{Courier: "one", LeaseMs: 10_000, Started: 1})
		if held := Held(one); held.Len() != Count {
			t.Errorf("the first %s has %d lanes, want all", w.Worker, held.Len())
		}
		two, _ := ask(w, &pb.CourierLease{Courier: "two", LeaseMs: 10_000, Started: 1})
		if held := Held(two); held.Len() != 0 || two.Share != Count/2 {
			t.Errorf("the second %s took %d lanes, and is to have %d", w.Worker, held.Len(), two.Share)
		}
	}
	ask(letters, &pb.CourierLease{Courier: "one", Leave: true, Started: 1})
	for _, c := range []struct {
		work Work
		want int
	}{{Notices, 2}, {letters, 1}} {
		if got := len(c.work.Workers(overlay)); got != c.want {
			t.Errorf("%d workers are %ss, want %d", got, c.work.Worker, c.want)
		}
		c.work.Disjoint(overlay, nil, func(where, what string, args ...any) bool {
			t.Errorf("%s "+what, append([]any{where}, args...)...)
			return true
		})
	}
	at += MaxLease
	free, _ := ask(letters, &pb.CourierLease{Courier: "three", LeaseMs: 10_000, Started: 1})
	if held := Held(free); held.Len() != Count || len(Notices.Workers(overlay)) != 2 {
		t.Errorf("after its leases ended the letters' %d lanes went to the next clerk, %d couriers are left", held.Len(), len(Notices.Workers(overlay)))
	}
}
