package lane

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Work is one kind of owed work: rows that somebody outside the state does and
// reports. Its lanes are shared out among its workers, each kind's by itself.
type Work struct {
	// Table keeps the workers' leases, (name) -> Courier.
	Table table.ID
	// Worker is what the journal calls a worker: "courier" in "courier/east".
	Worker string
}

// Notices is the work of couriers.
var Notices = Work{Table: table.Couriers, Worker: "courier"}

func (w Work) leases() table.Of[pb.Courier, *pb.Courier] {
	return table.Of[pb.Courier, *pb.Courier]{ID: w.Table}
}

func (w Work) key(name string) table.Key { return table.K(w.Table).Str(name) }

func (w Work) entity(name string) string { return w.Worker + "/" + name }

// Get reads a worker; ok is false when it has no lease. Its lease may be over.
func (w Work) Get(r table.Reader, name string) (*pb.Courier, bool) {
	return w.leases().Get(r, w.key(name))
}

// Workers lists the workers in the order of their names. The lease of one may be
// over and not yet noticed by another.
func (w Work) Workers(r table.Reader) (all []*pb.Courier) {
	from, to := table.Range(w.Table)
	w.leases().Scan(r, from, to, func(_ []byte, c *pb.Courier) bool {
		all = append(all, c)
		return true
	})
	return all
}

// Get reads a courier; ok is false when it has no lease. Its lease may be over.
func Get(r table.Reader, name string) (*pb.Courier, bool) { return Notices.Get(r, name) }

// Couriers lists the couriers in the order of their names. The lease of one may
// be over and not yet noticed by another.
func Couriers(r table.Reader) []*pb.Courier { return Notices.Workers(r) }

// Disjoint checks that no lane of the work has two workers.
func (w Work) Disjoint(r table.Reader, _ *pb.Head, report catalogue.Report) {
	var taken Set
	for _, c := range w.Workers(r) {
		held, ok := Parse(c.Lanes)
		twice := held.And(taken)
		if ok && twice.Len() == 0 {
			taken.join(held, c.Name)
			continue
		}
		if !report(w.Worker+" "+c.Name, "holds %d lanes of others, or no set of lanes", twice.Len()) {
			return
		}
	}
}

// Held are the lanes of a worker's record.
func Held(c *pb.Courier) Set {
	s, ok := Parse(c.Lanes)
	must.That(ok, "worker %s has %d lanes", c.Name, Count)
	return s
}
