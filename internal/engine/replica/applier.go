package replica

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
)

// applier owns the machine: it applies committed frames in order. What follows,
// the hashing, the commit and the answers, is the finisher's, who works beside the
// next frame and no further behind: a finish is handed over when the one before
// is done.
func (r *Replica) applier() {
	defer r.done.Done()
	defer close(r.finishes)
	for c := range r.commits {
		switch {
		case r.ctx.Err() != nil:
			r.seq.Drop(c, code.Unknown)
		case r.opt.ReadOnlyFrom != 0 && c.Index >= r.opt.ReadOnlyFrom:
			r.finishes <- func() { r.becomeReadOnly(c) }
		default:
			began := time.Now()
			pending, err := r.machine.Begin(c.Index, c.Term, c.Data)
			r.finishes <- func() { r.finish(c, pending, err, began) }
		}
	}
}

// finisher finishes frames in their order.
func (r *Replica) finisher() {
	defer r.done.Done()
	defer r.publish()
	for finish := range r.finishes {
		finish()
	}
}

// finish makes a frame part of the state and returns its callers.
func (r *Replica) finish(c sequencer.Commit, pending *machine.Pending, err error, began time.Time) {
	var results []catalogue.Result
	if err == nil {
		results, err = pending.Finish()
	}
	if err != nil {
		r.seq.Drop(c, code.Unknown)
		r.stop(err)
		return
	}
	r.opt.Log.Acked(c.Index)
	mark := markOf(r.machine)
	r.marks.do(func(a *agree.Agreement) []agree.Event { return a.Applied(mark, r.seq.Electorate()) })
	r.publish()
	elected := r.seq.Done(c, results)
	if len(results) > 0 {
		r.observe(c, FrameStats{Commands: len(results), Bytes: len(c.Data), Rows: r.machine.Rows(), Apply: time.Since(began)})
	}
	if elected {
		r.publish() // and wake who waits for a leader
	}
}

func (r *Replica) observe(c sequencer.Commit, stats FrameStats) {
	if c.Frame != nil {
		stats.Append = c.Frame.Took
	}
	r.totals.add(stats)
	if r.opt.Observe != nil {
		r.opt.Observe(stats)
	}
}

func (r *Replica) becomeReadOnly(c sequencer.Commit) {
	r.seq.Drop(c, code.ReadOnly)
	if r.seq.ReadOnly() {
		r.opt.Logger.Error("read-only: a frame of the log broke an invariant twice and is not applied",
			"index", r.opt.ReadOnlyFrom)
		r.publish()
	}
}
