package courier

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	lanes "github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// leased is the end of a call of Lease.
type leased struct {
	resp *pb.LeaseResponse
	err  error
}

// keepLease drops a lease that is over and renews one in time.
func (c *Courier) keepLease(life context.Context, now time.Time) {
	t := &c.renewals
	if g := t.now(); !g.none() && g.over(now, c.clock.now()) {
		c.metrics.lapses.Inc()
		c.log.Warn("courier: the lease was not renewed in time; sending nothing until it is", "lanes", g.held.Len())
		t.lapsed(now)
		c.scheduler.forget()
	}
	if t.busy || c.stopping || now.Before(t.next) {
		return
	}
	g := t.now()
	holds := g.held
	if giving := g.held.Without(g.lanes); giving.Len() > 0 {
		switch {
		case !c.scheduler.busyIn(giving):
			holds = g.lanes
		case now.Before(t.regular):
			t.next = now.Add(drainEvery)
			return
		}
	}
	t.begun(now)
	req := &pb.LeaseRequest{LeaseMs: t.lease.Milliseconds(), Started: c.started, Holds: holds[:]}
	c.wg.Go(func() {
		ctx, cancel := context.WithTimeout(life, t.lease/2)
		defer cancel()
		resp, err := c.cfg.Node.Lease(ctx, req)
		c.leased <- leased{resp, err}
	})
}

func (c *Courier) onLeased(r leased) {
	now, t := time.Now(), &c.renewals
	switch {
	case errors.Is(r.err, ErrReplaced):
		t.settle()
		t.lapsed(now)
		c.scheduler.forget()
		t.wait(now, t.lease)
		c.log.Error("courier: another process runs under this courier's name and has its lanes; standing by", "err", r.err)
		return
	case r.err != nil:
		t.failed(now)
		c.log.Warn("courier: cannot renew the lease; trying again", "err", r.err)
		return
	}
	c.ack(r.resp.Applied)
	if r.resp.Alone {
		t.alone(now)
		return
	}
	held, ok := lanes.Parse(r.resp.Courier.GetLanes())
	if !ok {
		t.failed(now)
		c.log.Error("courier: the node's answer to a renewal names no lanes; trying again")
		return
	}
	before := t.now()
	g := t.granted(r.resp.Courier, held, time.Duration(r.resp.FreeInMs)*time.Millisecond, now)
	if before.lapse != g.lapse {
		c.scheduler.forget()
	} else if lost := before.lanes.Without(g.lanes); lost.Len() > 0 {
		c.scheduler.drop()
	}
	if before.held != g.held {
		c.log.Info("courier: lanes", "held", g.held.Len(), "share", r.resp.Courier.Share)
	}
}

// sendable says whether a flight's request may begin now. It is asked from the
// goroutine that sends, as late as can be: the process may have been stopped for
// a while at any point before.
func (c *Courier) sendable(f *flight) bool {
	g := c.renewals.now()
	return !g.over(time.Now(), c.clock.now()) && g.lapse == f.lapse && g.may(f.lane.mchid)
}

// leave gives up all lanes, so that others need not wait for the lease's end.
func (c *Courier) leave() {
	if g := c.renewals.now(); g.alone || g.none() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	if _, err := c.cfg.Node.Lease(ctx, &pb.LeaseRequest{Leave: true, Started: c.started}); err != nil {
		c.log.Warn("courier: cannot give up the lanes; other couriers take them when the lease is over", "lease", c.renewals.lease, "err", err)
	}
}

// ack notes an index that the node has answered at: what another node tells must
// not be older.
func (c *Courier) ack(applied uint64) {
	for {
		have := c.acked.Load()
		if applied <= have || c.acked.CompareAndSwap(have, applied) {
			return
		}
	}
}
