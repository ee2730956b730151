package worker

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	lanes "github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// keepLease drops a lease that is over and renews one in time.
func (l *Link[M, A, R]) keepLease(life context.Context, now time.Time) {
	t := &l.renewals
	if g := t.now(); !g.none() && g.over(now, l.Clock.Now()) {
		l.opt.Log.Warn(l.opt.Worker+": the lease was not renewed in time; nothing is sent until it is", "lanes", g.held.Len())
		t.lapsed(now)
		l.opt.Hands.Forget(true)
	}
	if t.busy || l.stopping || now.Before(t.next) {
		return
	}
	g := t.now()
	holds := g.held
	if giving := g.held.Without(g.lanes); giving.Len() > 0 {
		switch {
		case !l.opt.Hands.Busy(giving):
			holds = g.lanes
		case now.Before(t.regular):
			t.next = now.Add(drainEvery)
			return
		}
	}
	t.begun(now)
	req := &pb.LeaseRequest{LeaseMs: t.lease.Milliseconds(), Started: l.started, Holds: holds[:]}
	l.opt.Go(func() {
		ctx, cancel := context.WithTimeout(life, t.lease/2)
		defer cancel()
		resp, err := l.opt.Platform.Lease(ctx, req)
		l.events <- func() { l.onLeased(resp, err) }
	})
}

func (l *Link[M, A, R]) onLeased(resp *pb.LeaseResponse, err error) {
	now, t := time.Now(), &l.renewals
	switch {
	case errors.Is(err, ErrReplaced):
		t.settle()
		t.lapsed(now)
		l.opt.Hands.Forget(false)
		t.wait(now, t.lease)
		l.opt.Log.Error(l.opt.Worker+": another process runs under this name and has its lanes; standing by", "err", err)
		return
	case err != nil:
		t.failed(now)
		l.opt.Log.Warn(l.opt.Worker+": cannot renew the lease; trying again", "err", err)
		return
	}
	l.ack(resp.Applied)
	if resp.Alone {
		t.alone(now)
		return
	}
	held, ok := lanes.Parse(resp.Courier.GetLanes())
	if !ok {
		t.failed(now)
		l.opt.Log.Error(l.opt.Worker + ": the node's answer to a renewal names no lanes; trying again")
		return
	}
	before := t.now()
	g := t.granted(resp.Courier, held, time.Duration(resp.FreeInMs)*time.Millisecond, now)
	if before.lapse != g.lapse {
		l.opt.Hands.Forget(false)
	} else if lost := before.lanes.Without(g.lanes); lost.Len() > 0 {
		l.opt.Hands.Lost()
	}
	if before.held != g.held {
		l.opt.Log.Info(l.opt.Worker+": lanes", "held", g.held.Len(), "share", resp.Courier.Share)
	}
}

// May says whether an owner's work is this worker's.
func (l *Link[M, A, R]) May(owner string) bool { return l.renewals.now().may(owner) }

// Lapse changes whenever a lease is over before the next one begins. What was
// picked before may have been done by another since.
func (l *Link[M, A, R]) Lapse() uint64 { return l.renewals.now().lapse }

// MaySend says whether something of an owner's that was picked at a lapse may be
// begun now. It is asked from the goroutine that does it, as late as can be: the
// process may have been stopped for a while at any point before.
func (l *Link[M, A, R]) MaySend(owner string, lapse uint64) bool {
	g := l.renewals.now()
	return !g.over(time.Now(), l.Clock.Now()) && g.lapse == lapse && g.may(owner)
}

// Lanes is how many lanes the worker works by; alone says that it has them
// without a lease.
func (l *Link[M, A, R]) Lanes() (n int, alone bool) {
	g := l.renewals.now()
	if g.alone {
		return lanes.Count, true
	}
	return g.lanes.Len(), false
}

// Leave gives up all lanes, so that others need not wait for the lease's end.
func (l *Link[M, A, R]) Leave() {
	if g := l.renewals.now(); g.alone || g.none() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	if _, err := l.opt.Platform.Lease(ctx, &pb.LeaseRequest{Leave: true, Started: l.started}); err != nil {
		l.opt.Log.Warn(l.opt.Worker+": cannot give up the lanes; others take them when the lease is over", "lease", l.renewals.lease, "err", err)
	}
}
