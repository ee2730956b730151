package courier

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// town is a world of many merchants behind one address.
type town struct {
	*world
	t *testing.T
	counted
	pause func() // called for each post, when it is set
}

const townMerchants = 30

func newTown(t *testing.T) *town { return newTownAt(t, machine.MaxLevel) }

func newTownAt(t *testing.T, level uint32) *town {
	w := &town{world: newWorldAt(t, level), t: t}
	for i := range townMerchants {
		w.merchant(townMchid(i), "", nil)
	}
	w.serve("shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.pause != nil {
			w.pause()
		}
		w.counted.ServeHTTP(rw, r)
	}))
	return w
}

func townMchid(i int) string { return fmt.Sprint(1900000100 + i) }

// payAll makes n paid orders, spread over the merchants.
func (w *town) payAll(n int) {
	for i := range n {
		w.pay(townMchid(i%townMerchants), shopURL)
	}
}

// courier is a courier of this town, with a node of its own to cut.
func (w *town) courier(name string) (*localNode, Config) {
	node := &localNode{svc: w.svc, name: name}
	cfg := w.config()
	cfg.Node = node
	return node, cfg
}

// owed counts owed notices.
func (w *town) owed() (n int) {
	w.t.Helper()
	if err := w.core.Read(func(r table.Reader) error {
		notice.Owed(r, 0, func(*pb.Notice) bool { n++; return true })
		return nil
	}); err != nil {
		w.t.Error(err)
	}
	return n
}

// delivered checks that all n notices are delivered and returns how many are
// marked as duplicates, and by whom they were delivered.
func (w *town) delivered(n int) (duplicates int, by map[string]int) {
	w.t.Helper()
	by = map[string]int{}
	for id := uint64(1); id <= uint64(n); id++ {
		x := w.notice(id)
		if x.State != pb.NoticeState_NOTICE_STATE_DELIVERED {
			w.t.Errorf("notice %d is %s after %d attempts", id, x.State, x.Attempts)
			continue
		}
		duplicates += int(x.Duplicates)
		by[x.Recent[len(x.Recent)-1].Courier]++
	}
	return duplicates, by
}

func (w *town) lanes() map[string]int {
	w.t.Helper()
	held := map[string]int{}
	if err := w.core.Read(func(r table.Reader) error {
		for _, c := range lane.Couriers(r) {
			s := lane.Held(c)
			held[c.Name] = s.Len()
		}
		return nil
	}); err != nil {
		w.t.Error(err)
	}
	return held
}

// Couriers join and leave under load: each notice is sent once, none waits for
// a lease to end, and in between all send.
func TestCouriersJoinAndLeave(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		w.pause = func() { time.Sleep(2500 * time.Millisecond) } // longer than another takes to ask for free lanes
		stops := map[string]func() error{}
		for i := range 40 {
			switch i {
			case 0, 10, 20:
				name := fmt.Sprint("c", i)
				_, cfg := w.courier(name)
				_, stops[name] = w.run(cfg)
			case 30:
				if got := w.lanes(); got["c0"] != 86 || got["c10"] != 85 || got["c20"] != 85 {
					t.Errorf("lanes are %v", got)
				}
				if err := stops["c10"](); err != nil {
					t.Error(err)
				}
				if got := w.lanes(); got["c10"] != 0 {
					t.Errorf("c10 has stopped and lanes are %v", got)
				}
			}
			w.payAll(townMerchants)
			time.Sleep(time.Second)
		}
		time.Sleep(15 * time.Second)
		if got := w.lanes(); got["c0"] != 128 || got["c20"] != 128 {
			t.Errorf("lanes are %v", got)
		}
		duplicates, by := w.delivered(40 * townMerchants)
		events, posts := w.counts()
		if events != 40*townMerchants || posts != events || duplicates != 0 {
			t.Errorf("%d posts of %d notices, %d marked", posts, events, duplicates)
		}
		if len(by) != 3 || by["c10"] < 100 || by["c20"] < 100 {
			t.Errorf("delivered by %v", by)
		}
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A courier loses the platform and keeps the merchants. It stops before its
// lanes are another's; what it could not report is sent again and, when it
// reports after all, marked.
func TestCutOffCourierStopsInTime(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		node, cfg := w.courier("c1")
		one, stop1 := w.run(cfg)
		time.Sleep(time.Second)
		_, cfg2 := w.courier("c2")
		_, stop2 := w.run(cfg2)
		time.Sleep(12 * time.Second)
		w.payAll(townMerchants)
		time.Sleep(time.Second)

		// From here on c1 can tell nobody. What it hears and sends in this second is
		// in doubt; what comes later is c2's once the lease is over.
		node.setOnReport(func([]*pb.Attempt) error { return errDown })
		w.payAll(townMerchants)
		time.Sleep(500 * time.Millisecond)
		inDoubt := w.owed()
		if inDoubt < 5 {
			t.Fatalf("only %d notices are in doubt", inDoubt)
		}
		node.setCut(errDown)
		cut := time.Now()
		for range 8 {
			w.payAll(townMerchants)
			time.Sleep(500 * time.Millisecond)
		}
		for w.lanes()["c2"] != lane.Count {
			if time.Since(cut) > 11*time.Second {
				t.Fatalf("%s after the cut lanes are %v", time.Since(cut), w.lanes())
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n, _ := one.link.Lanes(); n != 0 {
			t.Error("c2 has c1's lanes and c1 still holds a lease")
		}
		time.Sleep(3 * time.Second)
		if n := w.owed(); n != 0 {
			t.Errorf("%d notices are still owed %s after the cut", n, time.Since(cut))
		}
		node.setOnReport(nil)
		node.setCut(nil)
		time.Sleep(15 * time.Second)
		duplicates, by := w.delivered(10 * townMerchants)
		events, posts := w.counts()
		if events != 10*townMerchants || duplicates != inDoubt || posts != events+inDoubt {
			t.Errorf("%d posts of %d notices, %d marked; %d were in doubt", posts, events, duplicates, inDoubt)
		}
		if by["c1"] == 0 || by["c2"] == 0 {
			t.Errorf("delivered by %v", by)
		}
		if got := w.lanes(); got["c1"] != 128 || got["c2"] != 128 {
			t.Errorf("in the end lanes are %v", got)
		}
		for _, stop := range []func() error{stop1, stop2} {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

// Below the level that knows leases one courier works and the other waits; when
// the level is raised they share, and nothing is sent twice.
//
//test:cases
func TestLeasesBeginWithTheirLevel(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newTownAt(t, lane.Level-1)
		_, cfg1 := w.courier("c1")
		one, stop1 := w.run(cfg1)
		time.Sleep(time.Second)
		_, cfg2 := w.courier("c2")
		two, stop2 := w.run(cfg2)
		w.payAll(townMerchants)
		time.Sleep(10 * time.Second)
		_, alone1 := one.link.Lanes()
		_, alone2 := two.link.Lanes()
		if !alone1 || !alone2 {
			t.Error("a courier has a lease below the level of leases")
		}
		if n := w.owed(); n != 0 {
			t.Errorf("%d notices are owed", n)
		}
		if _, by := w.delivered(townMerchants); len(by) != 1 {
			t.Errorf("delivered by %v; attempts have no couriers below level 3", by)
		}
		w.core.Must(catalogue.SetLevel, &pb.SetLevel{Level: lane.Level})
		for range 30 {
			w.payAll(townMerchants)
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		if got := w.lanes(); got["c1"] != 128 || got["c2"] != 128 {
			t.Errorf("lanes are %v", got)
		}
		duplicates, by := w.delivered(31 * townMerchants)
		events, posts := w.counts()
		if events != 31*townMerchants || posts != events || duplicates != 0 || by["c1"] == 0 || by["c2"] == 0 {
			t.Errorf("%d posts of %d notices, %d marked, delivered by %v", posts, events, duplicates, by)
		}
		for _, stop := range []func() error{stop1, stop2} {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}
