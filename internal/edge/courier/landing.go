package courier

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// take takes what the stream told.
func (d *scheduler) take(b *pb.OwedBatch) {
	d.reported.UpTo(b.Applied)
	for _, n := range b.Notices {
		if !d.reported.Stale(n.Notice.Id, n.Notice.Attempts) {
			d.oweFull(n)
		}
	}
	for _, h := range b.Waiting {
		if !d.reported.Stale(h.Id, h.Attempts) {
			d.owe(h)
		}
	}
}

// inFlight notes that the flight's request begins.
func (d *scheduler) inFlight(f *flight, now time.Time) {
	f.sent = now
	d.air = append(d.air, f)
}

// overdue moves flights that take long to the pool of the slow, so that those
// who hang leave room for those who answer.
func (d *scheduler) overdue(now time.Time) {
	for len(d.air) > 0 {
		f := d.air[0]
		if !f.down && now.Sub(f.sent) < slowAfter {
			return
		}
		d.air[0] = nil
		d.air = d.air[1:]
		if f.down {
			continue
		}
		f.overdue = true
		f.to.overdue++
		if !f.slow {
			d.count(f, -1)
			f.slow = true
			d.count(f, 1)
			d.touch(f.to.merchant) // its other addresses have more room
		}
	}
}

// landed takes the end of an attempt. The notice stays busy until its report
// is accepted.
func (d *scheduler) landed(f *flight, a *pb.Attempt) {
	was := f.to.broken()
	d.bringDown(f)
	f.to.landed(d.now(), a)
	switch is := f.to.broken(); {
	case is && !was:
		d.broken++
	case was && !is:
		d.broken--
	}
	d.touch(f.to.merchant)
}

// bringDown takes the flight out of its destination and pool.
func (d *scheduler) bringDown(f *flight) {
	f.down = true
	f.owed = nil
	f.to.flying--
	if !f.fresh {
		f.to.flyingOld--
	}
	if f.overdue {
		f.to.overdue--
	}
	d.count(f, -1)
}

// giveBack ends a flight without an attempt. again, when it is not nil, is
// owed as it says.
func (d *scheduler) giveBack(f *flight, again *pb.OwedHead) {
	d.bringDown(f)
	delete(d.busy, f.hint.id)
	if again != nil {
		d.owe(again)
	}
	if f.later != nil {
		d.owe(f.later)
	}
	d.touch(f.to.merchant)
	d.tidy(f.to.merchant)
}

// fetched takes contents for flights. A flight whose notice is no longer owed
// ends; one that is not due waits for its time.
func (d *scheduler) fetched(asked []*flight, got *pb.OwedBatch) (problems []*pb.OwedNotice) {
	by := make(map[uint64]*pb.OwedNotice, len(got.Notices))
	for _, n := range got.Notices {
		by[n.Notice.Id] = n
	}
	d.fetching -= len(asked)
	now := max(d.now(), got.Now)
	for _, f := range asked {
		n, ok := by[f.hint.id]
		switch {
		case !ok:
			d.giveBack(f, nil)
		case d.reported.Stale(n.Notice.Id, n.Notice.Attempts):
			// Read before the last report, from a node that lags: ask again in a moment.
			d.giveBack(f, laterHead(n.Notice, now+lagging))
		case n.Problem != "":
			problems = append(problems, n)
			d.giveBack(f, laterHead(n.Notice, now+setAside))
		case n.Notice.NextAt > now && f.hint.at != n.Notice.NextAt:
			d.giveBack(f, nil) // a stale hint: the change that moved the time brought another
		case n.Notice.NextAt > now:
			d.giveBack(f, laterHead(n.Notice, n.Notice.NextAt))
		default:
			f.owed = n
			d.toSign(f)
		}
	}
	return problems
}

// laterHead is a notice to look at again at a time; it does not count as fresh.
func laterHead(n *pb.DueNotice, at int64) *pb.OwedHead {
	h := n.Head()
	h.NextAt, h.Attempts = at, max(n.Attempts, 1)
	return h
}

// unfetched takes flights back whose fetch failed; they are asked for again.
func (d *scheduler) unfetched(asked []*flight) {
	d.fetching -= len(asked)
	d.want = append(asked[:len(asked):len(asked)], d.want...)
}

// accepted takes the node's answer to a report.
func (d *scheduler) accepted(reported []*pb.Attempt, r *pb.ReportResponse) {
	for _, a := range reported {
		f, ok := d.busy[a.NoticeId]
		if !ok {
			continue
		}
		delete(d.busy, a.NoticeId)
		d.reported.Add(a.NoticeId, a.Number, r.Applied)
		if f.later != nil && f.later.Attempts >= a.Number {
			d.owe(f.later)
		}
		d.tidy(f.to.merchant)
	}
	for _, h := range r.Owed {
		d.owe(h)
	}
}

// refused takes an attempt that the node will never record; the notice is
// looked at again in a while.
func (d *scheduler) refused(a *pb.Attempt) {
	f, ok := d.busy[a.NoticeId]
	if !ok {
		return
	}
	delete(d.busy, a.NoticeId)
	d.owe(&pb.OwedHead{Id: a.NoticeId, Mchid: f.to.mchid, NextAt: d.now() + setAside, Attempts: 1, Address: f.to.address})
}
