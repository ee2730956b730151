package courier

import (
	"errors"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// callWithin bounds a call to the node.
	callWithin = 10 * time.Second
	// dialWithin bounds a connection to a node, so that another gets its turn.
	dialWithin = 2 * time.Second
	// A call that failed is repeated after retryFirst, then twice as long each time.
	retryFirst = 50 * time.Millisecond
	retryMost  = 2 * time.Second
)

// pacer spaces the repeats of a call to the node.
type pacer struct {
	wait  time.Duration
	after time.Time
}

func (p *pacer) failed(now time.Time) {
	p.wait = min(max(retryFirst, 2*p.wait), retryMost)
	p.after = now.Add(p.wait)
}

func (p *pacer) ok() { *p = pacer{} }

// reports gathers attempts for the node: a batch goes out when it is full or
// its first attempt is reportEvery old, one batch at a time. A batch stays until
// the node has accepted it.
type reports struct {
	queue []*pb.Attempt
	since time.Time
	busy  bool
	pacer pacer
	// limit is MaxReport; less while an attempt is singled out that the node refuses.
	limit int
}

func (r *reports) add(a *pb.Attempt, now time.Time) {
	if len(r.queue) == 0 {
		r.since = now
	}
	r.queue = append(r.queue, a)
}

// due answers when the next batch goes out; false when there is none, or one is under way.
func (r *reports) due() (time.Time, bool) {
	if r.busy || len(r.queue) == 0 {
		return time.Time{}, false
	}
	at := r.since
	if len(r.queue) < r.limit {
		at = at.Add(reportEvery)
	}
	if at.Before(r.pacer.after) {
		at = r.pacer.after
	}
	return at, true
}

// next takes a batch out; it comes back through done.
func (r *reports) next(now time.Time) []*pb.Attempt {
	n := min(len(r.queue), r.limit)
	batch := r.queue[:n:n]
	r.queue = r.queue[n:]
	r.since = now
	r.busy = true
	return batch
}

// done takes the end of a report. dropped is an attempt that the node will
// never take.
func (r *reports) done(batch []*pb.Attempt, err error, now time.Time) (dropped *pb.Attempt) {
	r.busy = false
	switch {
	case err == nil:
		r.pacer.ok()
		r.limit = MaxReport
		return nil
	case errors.Is(err, ErrRefused) && len(batch) == 1:
		r.limit = MaxReport
		return batch[0]
	case errors.Is(err, ErrRefused):
		r.limit = len(batch) / 2
	default:
		r.pacer.failed(now)
	}
	r.queue = append(batch, r.queue...)
	r.since = now.Add(-reportEvery)
	return nil
}
