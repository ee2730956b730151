package courier

import (
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// hands are the courier as its link to the platform sees it.
type hands struct{ c *Courier }

// Told implements worker.Hands.
func (h hands) Told(b *pb.OwedBatch, first bool) {
	if first {
		h.c.scheduler.forget()
	}
	h.c.scheduler.take(b)
	h.c.metrics.oldest.Store(b.Oldest)
	if b.CaughtUp {
		h.c.log.Info("courier: has read all that is owed", "waiting", h.c.scheduler.waiting)
	}
}

// Reported implements worker.Hands.
func (h hands) Reported(attempts []*pb.Attempt, r *pb.ReportResponse) {
	h.c.scheduler.accepted(attempts, r)
}

// Refused implements worker.Hands: the notice is looked at again in a while.
func (h hands) Refused(a *pb.Attempt, why error) {
	h.c.log.Error("courier: the node refuses an attempt; the notice will be looked at again",
		"notice", a.NoticeId, "attempt", a.Number, "err", why)
	h.c.scheduler.refused(a)
}

// Busy implements worker.Hands.
func (h hands) Busy(set lane.Set) bool { return h.c.scheduler.busyIn(set) }

// Forget implements worker.Hands.
func (h hands) Forget(late bool) {
	if late {
		h.c.metrics.lapses.Inc()
	}
	h.c.scheduler.forget()
}

// Lost implements worker.Hands.
func (h hands) Lost() { h.c.scheduler.drop() }

// sendable says whether a flight's request may begin now.
func (c *Courier) sendable(f *flight) bool { return c.link.MaySend(f.to.mchid, f.lapse) }
