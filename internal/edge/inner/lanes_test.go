package inner

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// courierRow is a courier's lease of some lanes.
func courierRow(name string, s lane.Set) table.Write {
	return row(table.K(table.Couriers).Str(name), &pb.Courier{Name: name, Until: time.Now().Add(time.Minute).UnixMilli(), Lanes: s[:]})
}

// noLanes ends a courier's lease.
func noLanes(name string) table.Write { return table.Write{Key: table.K(table.Couriers).Str(name)} }

// only is the lane of one merchant; but has the others.
func only(mchid string) (s lane.Set) {
	n := lane.Of(mchid)
	s[n/8] = 1 << (n % 8)
	return s
}

func but(s lane.Set) lane.Set { all := lane.All(); return all.Without(s) }

func of(mchid string) func(*pb.Notice) { return func(n *pb.Notice) { n.Mchid = mchid } }

// ids are the numbers a batch tells.
func ids(b *pb.OwedBatch) (list []uint64) {
	for _, n := range b.Notices {
		list = append(list, n.Notice.Id)
	}
	for _, h := range b.Waiting {
		list = append(list, h.Id)
	}
	return list
}

const otherMchid = "1900000109"

// Two couriers at once: each is told its own, new and changed rows alike, and
// each notice is told to one of them.
func TestEachHearsItsLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRows(t)
		mine := only("1900000001")
		r.commit(t, owedRow(1, nil), owedRow(2, of(otherMchid)), owedRow(3, nil), courierRow("c1", mine), courierRow("c2", but(mine)))
		svc := New(r, quiet)
		c1, c2 := listenTo(t, svc, "c1", mine), listenTo(t, svc, "c2", but(mine))
		if got := ids(c1.next(t)); len(got) != 2 || got[0] != 1 || got[1] != 3 {
			t.Errorf("c1 hears %v", got)
		}
		if got := ids(c2.next(t)); len(got) != 1 || got[0] != 2 {
			t.Errorf("c2 hears %v", got)
		}
		r.commit(t, owedRow(4, nil))
		if got := ids(c1.next(t)); len(got) != 1 || got[0] != 4 {
			t.Errorf("c1 hears %v", got)
		}
		later := func(n *pb.Notice) {
			n.Mchid, n.Attempts, n.Tries, n.NextAt = otherMchid, 1, 1, time.Now().UnixMilli()+5000
		}
		r.commit(t, owedRow(2, later), owedRow(5, of(otherMchid)))
		got := append(ids(c2.next(t)), ids(c2.next(t))...)
		if len(got) != 2 || got[0] != 5 || got[1] != 2 {
			t.Errorf("c2 hears %v", got)
		}
		r.commit(t, table.Write{Key: owedAt(1)}, owedRow(3, func(n *pb.Notice) { n.NextAt++ }))
		if got := ids(c1.next(t)); len(got) != 1 || got[0] != 3 {
			t.Errorf("c1 hears %v", got)
		}
	})
}

// listenTo opens a stream for lanes.
func listenTo(t testing.TB, svc *Service, name string, s lane.Set) *listener {
	return listenWith(t, svc, &pb.OwedRequest{Courier: name, Lanes: s[:]})
}

// A stream ends when the state gives its courier other lanes, and is not opened
// for lanes that are not the courier's.
func TestStreamEndsWithItsLanes(t *testing.T) {
	t.Parallel()
	mine := only("1900000001")
	for name, change := range map[string]table.Write{
		"fewer lanes": courierRow("c1", lane.Set{}), "more lanes": courierRow("c1", lane.All()), "no lease": noLanes("c1"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRows(t)
				r.commit(t, courierRow("c1", mine))
				svc := New(r, quiet)
				l := listenTo(t, svc, "c1", mine)
				<-l.out
				r.commit(t, change)
				synctest.Wait()
				time.Sleep(time.Second)
				if err := l.stop(); !errors.Is(err, owed.ErrLanes) {
					t.Errorf("the stream ended with %v", err)
				}
				err := svc.Stream(context.Background(), &pb.OwedRequest{Courier: "c1", Lanes: mine[:]}, nil)
				if !errors.Is(err, owed.ErrLanes) {
					t.Errorf("opened for lanes it has not: %v", err)
				}
			})
		})
	}
	if err := New(newRows(t), quiet).Stream(t.Context(), &pb.OwedRequest{Courier: "c1", Lanes: []byte("few")}, nil); !errors.Is(err, owed.ErrInvalid) {
		t.Errorf("three bytes of lanes: %v", err)
	}
}

// A courier without a lease, of an older version, is served while nobody has a
// lease.
func TestCourierWithoutLeaseGivesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRows(t)
		r.commit(t, owedRow(1, nil), owedRow(2, of(otherMchid)))
		svc := New(r, quiet)
		old := listen(t, svc, "old")
		if got := ids(old.next(t)); len(got) != 2 {
			t.Errorf("it hears %v", got)
		}
		r.commit(t, courierRow("c1", lane.Set{}))
		synctest.Wait()
		time.Sleep(time.Second)
		if err := old.stop(); !errors.Is(err, owed.ErrTaken) {
			t.Errorf("its stream ended with %v", err)
		}
		if err := svc.Stream(t.Context(), &pb.OwedRequest{Courier: "old"}, nil); !errors.Is(err, owed.ErrTaken) {
			t.Errorf("beside a courier with a lease: %v", err)
		}
		r.commit(t, noLanes("c1"))
		again := listen(t, svc, "old")
		<-again.out
	})
}

// What a courier was answered elsewhere, a node that is behind does not take
// back: it waits, and says so when it waits too long.
func TestNodeThatIsBehindWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRows(t)
		r.commit(t, owedRow(1, nil))
		svc := New(r, quiet)
		l := listenWith(t, svc, &pb.OwedRequest{Courier: "c1", AtLeast: r.Applied() + 2})
		fetched := make(chan *pb.OwedBatch)
		go func() {
			b, err := svc.Fetch(t.Context(), &pb.FetchRequest{Ids: []uint64{1, 2}, AtLeast: r.Applied() + 2})
			if err != nil {
				t.Error(err)
			}
			fetched <- b
		}()
		time.Sleep(time.Second)
		r.commit(t, owedRow(2, nil)) // one of two
		synctest.Wait()
		select {
		case b := <-l.out:
			t.Errorf("a node that is behind says %v", ids(b))
		case b := <-fetched:
			t.Errorf("a node that is behind answers %v", ids(b))
		default:
		}
		r.commit(t, table.Write{Key: owedAt(1)})
		if got := ids(l.next(t)); len(got) != 1 || got[0] != 2 {
			t.Errorf("the stream begins with %v", got)
		}
		if got := ids(<-fetched); len(got) != 1 || got[0] != 2 {
			t.Errorf("fetched are %v", got)
		}
		began := time.Now()
		err := svc.Stream(t.Context(), &pb.OwedRequest{Courier: "c1", AtLeast: r.Applied() + 1}, nil)
		if !errors.Is(err, owed.ErrBehind) || time.Since(began) != owed.ReachWithin {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestLeaseOverTheService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := New(edgetest.NewLive(t), quiet)
		ask := func(name string, started, ms int64, leave bool) (*pb.LeaseResponse, error) {
			all := lane.All()
			return svc.Lease(t.Context(), &pb.LeaseRequest{Courier: name, Started: started, LeaseMs: ms, Leave: leave, Holds: all[:]})
		}
		resp, err := ask("c1", 5, 10_000, false)
		if err != nil || resp.Alone || resp.Courier.GetShare() != lane.Count || resp.FreeInMs != 0 || resp.Applied == 0 {
			t.Errorf("the first lease is %v, %v", resp, err)
		}
		time.Sleep(time.Second)
		if resp, err = ask("c2", 5, 10_000, false); err != nil || resp.Courier.GetShare() != lane.Count/2 || resp.FreeInMs != 9_000 {
			t.Errorf("the second lease is %v, %v", resp, err)
		}
		if _, err := ask("c1", 4, 10_000, false); !errors.Is(err, owed.ErrTaken) {
			t.Errorf("an earlier process of that name gets %v", err)
		}
		for _, ms := range []int64{0, 999, 60_001} {
			if _, err := ask("c1", 5, ms, false); !errors.Is(err, owed.ErrInvalid) {
				t.Errorf("a lease of %d ms: %v", ms, err)
			}
		}
		if _, err := ask("a b", 5, 10_000, false); !errors.Is(err, owed.ErrInvalid) {
			t.Errorf("a bad name: %v", err)
		}
		for range 2 { // leaving may be repeated
			if resp, err := ask("c1", 5, 0, true); err != nil || resp.Courier != nil {
				t.Errorf("leaving: %v, %v", resp, err)
			}
		}
		below := New(newRows(t), quiet) // a head without a level
		if resp, err := below.Lease(t.Context(), &pb.LeaseRequest{Courier: "c1", LeaseMs: 10_000}); err != nil || !resp.Alone {
			t.Errorf("below level 3: %v, %v", resp, err)
		}
	})
}
