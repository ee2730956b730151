package machine_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// TestWhatARenewalCosts: couriers renew all day long, so what one renewal leaves
// for ever is bounded here, and said in docs/concepts/couriers.md.
func TestWhatARenewalCosts(t *testing.T) {
	t.Parallel()
	w := newWorkload(t, 5)
	w.begin(machine.MaxLevel)
	all := lane.All()
	renew := func() int {
		w.now += 4_000
		w.ok(catalogue.CourierLease, &pb.CourierLease{Courier: "courier-1", LeaseMs: 10_000, Started: 1, Holds: all[:]})
		return w.p.Machine.Rows()
	}
	renew()
	size := func() (bytes int) {
		err := w.p.Read(func(r table.Reader) error {
			for _, id := range []table.ID{table.Journal, table.Tiles, table.Couriers} {
				from, to := table.Range(id)
				r.Scan(from, to, func(k, v []byte) bool { bytes += len(k) + len(v) + 5; return true })
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	before := size()
	const renewals = 1000
	for range renewals {
		if rows := renew(); rows > 5 {
			t.Fatalf("a renewal writes %d rows", rows)
		}
	}
	per := (size() - before) / renewals
	if per > 200 {
		t.Errorf("a renewal leaves %d bytes for ever, want at most 200", per)
	}
	t.Logf("a renewal writes %d rows and leaves %d bytes; every 4 s that is %d kB a day", renew(), per, per*21_600/1000)
}
