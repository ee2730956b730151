package replica

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
)

// applier owns the machine: it applies committed frames in order and answers.
func (r *Replica) applier() {
	defer r.done.Done()
	defer r.publish()
	for c := range r.commits {
		if r.ctx.Err() != nil {
			r.seq.Drop(c, code.Unknown)
			continue
		}
		if r.opt.ReadOnlyFrom != 0 && c.Index >= r.opt.ReadOnlyFrom {
			r.becomeReadOnly(c)
			continue
		}
		r.apply(c)
	}
}

func (r *Replica) apply(c sequencer.Commit) {
	begin := time.Now()
	results, err := r.machine.Apply(c.Index, c.Term, c.Data)
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
		r.observe(c, FrameStats{Commands: len(results), Bytes: len(c.Data), Rows: r.machine.Rows(), Apply: time.Since(begin)})
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
