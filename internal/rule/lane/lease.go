package lane

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// MinLease is the shortest lease, milliseconds.
	MinLease = 1 * stamp.Second
	// MaxLease is the longest lease, milliseconds: how long the notices of a
	// courier that died wait at most.
	MaxLease = 60 * stamp.Second
	// MaxCouriers is how many workers of one kind of work may hold a lease at once.
	MaxCouriers = 64
	// maxName bounds a courier's name, bytes.
	maxName = 64
)

// ValidName says whether a courier may be called so: 1 to 64 printable ASCII
// characters without spaces and slashes. The name stands in the journal.
func ValidName(s string) bool {
	return s != "" && len(s) <= maxName &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' })
}

// ApplyLease takes, renews or gives up a courier's share of the lanes. A renewal
// that changes nothing and comes before a quarter of the lease has passed changes
// nothing: its answer is the lease as it stands, so asking often costs nothing.
//
// Refuses, in this order: NameInvalid, LeaseInvalid (shorter than MinLease or
// longer than MaxLease, or what it holds is no set of lanes),
// CourierReplaced (a process that began later has the
// name), NothingToDo (a courier without a lease leaves), CouriersTooMany.
func ApplyLease(d *deed.Deed, c *pb.CourierLease) (code.Code, *pb.Courier) {
	return Notices.Lease(d, c)
}

// Lease takes, renews or gives up a worker's share of the work's lanes, and
// refuses, as ApplyLease does for couriers.
func (w Work) Lease(d *deed.Deed, c *pb.CourierLease) (code.Code, *pb.Courier) {
	if !ValidName(c.Courier) {
		return code.NameInvalid, nil
	}
	holds, ok := Parse(c.Holds)
	if !c.Leave && (c.LeaseMs < MinLease || c.LeaseMs > MaxLease || !ok && len(c.Holds) > 0) {
		return code.LeaseInvalid, nil
	}
	all := w.Workers(d.Tx)
	live, over := sift(all, c.Courier, d.At)
	mine, held := find(all, c.Courier)
	switch {
	case held && mine.Started > c.Started && mine.Until > d.At:
		return code.CourierReplaced, mine
	case c.Leave && !held:
		return code.NothingToDo, nil
	case !held && !c.Leave && len(live) >= MaxCouriers:
		return code.CouriersTooMany, nil
	case c.Leave:
		w.drop(d, c.Courier)
		return code.OK, nil
	}
	for _, x := range over {
		w.drop(d, x.Name)
	}
	next := share(live, mine, c.Courier, holds)
	next.Started, next.Until = c.Started, d.At+c.LeaseMs
	if held && !changed(mine, next) && next.Until-mine.Until < c.LeaseMs/4 && mine.Until > d.At {
		return code.OK, mine
	}
	w.keep(d, mine, next)
	return code.OK, next
}

// sift parts the others into those that live and those whose lease is over.
func sift(all []*pb.Courier, self string, at int64) (live, over []*pb.Courier) {
	for _, x := range all {
		switch {
		case x.Name == self:
		case x.Until > at:
			live = append(live, x)
		default:
			over = append(over, x)
		}
	}
	return live, over
}

func find(all []*pb.Courier, name string) (*pb.Courier, bool) {
	i := slices.IndexFunc(all, func(x *pb.Courier) bool { return x.Name == name })
	if i < 0 {
		return nil, false
	}
	return all[i], true
}

// share is what the courier has from now on, the others being live.
func share(live []*pb.Courier, mine *pb.Courier, self string, holds Set) *pb.Courier {
	var taken, lanes Set
	rank := 0
	for _, x := range live {
		taken.join(Held(x), x.Name)
		if x.Name < self {
			rank++
		}
	}
	if mine != nil {
		had := Held(mine)
		lanes = had.And(holds)
		taken.join(had, self)
		taken = taken.Without(had.Without(holds))
	}
	most := fair(len(live)+1, rank)
	for n, have := 0, lanes.Len(); n < Count && have < most; n++ {
		if !taken.Has(n) {
			lanes.add(n)
			have++
		}
	}
	return &pb.Courier{Name: self, Lanes: lanes[:], Share: uint32(most)}
}

// fair is the share of the courier whose name is the rank-th of so many. The
// shares add up to Count, so that giving up what is beyond one's own leaves
// enough for the others.
func fair(couriers, rank int) int {
	n := Count / couriers
	if rank < Count%couriers {
		n++
	}
	return n
}

func changed(before, after *pb.Courier) bool {
	return before.Started != after.Started || before.Share != after.Share || !bytes.Equal(before.Lanes, after.Lanes)
}

// keep writes the lease. The journal names the lanes where they changed, in hex.
func (w Work) keep(d *deed.Deed, before, after *pb.Courier) {
	name := ""
	if before == nil || !bytes.Equal(before.Lanes, after.Lanes) {
		name = hex.EncodeToString(after.Lanes)
	}
	w.leases().Put(d.Tx, w.key(after.Name), after)
	d.Record(w.entity(after.Name), name, nil)
}

// drop ends a lease. In the journal it holds no lanes from here on.
func (w Work) drop(d *deed.Deed, worker string) {
	d.Tx.Delete(w.key(worker))
	d.Record(w.entity(worker), "none", nil)
}
