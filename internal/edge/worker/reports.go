package worker

import (
	"errors"
	"time"
)

const (
	// CallWithin bounds a call to the node.
	CallWithin = 10 * time.Second
	// ReportEvery bounds how long a report waits for company.
	ReportEvery = 20 * time.Millisecond
	// A call that failed is repeated after retryFirst, then twice as long each time.
	retryFirst = 50 * time.Millisecond
	retryMost  = 2 * time.Second
)

// Pacer spaces the repeats of a call to the node.
type Pacer struct {
	wait  time.Duration
	after time.Time
}

// Failed notes that a call failed.
func (p *Pacer) Failed(now time.Time) {
	p.wait = min(max(retryFirst, 2*p.wait), retryMost)
	p.after = now.Add(p.wait)
}

// OK notes that a call succeeded.
func (p *Pacer) OK() { *p = Pacer{} }

// After is when to call again; the zero time when nothing failed.
func (p *Pacer) After() time.Time { return p.after }

// reports gathers reports for the node: a batch goes out when it is full or its
// first report is ReportEvery old, one batch at a time. A batch stays until
// the node has accepted it.
type reports[A any] struct {
	queue []A
	since time.Time
	busy  bool
	pacer Pacer
	// limit is most; less while a report is singled out that the node refuses.
	limit, most int
}

func (r *reports[A]) add(a A, now time.Time) {
	if len(r.queue) == 0 {
		r.since = now
	}
	r.queue = append(r.queue, a)
}

// due says when the next batch goes out; false when there is none, or one is under way.
func (r *reports[A]) due() (time.Time, bool) {
	if r.busy || len(r.queue) == 0 {
		return time.Time{}, false
	}
	at := r.since
	if len(r.queue) < r.limit {
		at = at.Add(ReportEvery)
	}
	if at.Before(r.pacer.after) {
		at = r.pacer.after
	}
	return at, true
}

// next takes a batch out; it comes back through done.
func (r *reports[A]) next(now time.Time) []A {
	n := min(len(r.queue), r.limit)
	batch := r.queue[:n:n]
	r.queue = r.queue[n:]
	r.since = now
	r.busy = true
	return batch
}

// done takes the end of a report. dropped is a report that the node will
// never take, refused says that there is one.
func (r *reports[A]) done(batch []A, err error, now time.Time) (dropped A, refused bool) {
	r.busy = false
	switch {
	case err == nil:
		r.pacer.OK()
		r.limit = r.most
		return dropped, false
	case errors.Is(err, ErrRefused) && len(batch) == 1:
		r.limit = r.most
		return batch[0], true
	case errors.Is(err, ErrRefused):
		r.limit = len(batch) / 2
	default:
		r.pacer.Failed(now)
	}
	r.queue = append(batch, r.queue...)
	r.since = now.Add(-ReportEvery)
	return dropped, false
}
