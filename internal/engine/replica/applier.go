package replica

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
)

// applier owns the machine: it applies committed frames in order and answers.
func (r *Replica) applier() {
	defer r.done.Done()
	defer r.publish()
	for c := range r.commits {
		if r.ctx.Err() != nil {
			if c.frame != nil {
				c.frame.refuse(code.Unknown)
			}
			continue
		}
		if r.opt.ReadOnlyFrom != 0 && c.Index >= r.opt.ReadOnlyFrom {
			r.becomeReadOnly(c)
			continue
		}
		r.apply(c)
	}
}

func (r *Replica) apply(c commit) {
	begin := time.Now()
	results, err := r.machine.Apply(c.Index, c.Term, c.Data)
	if err != nil {
		if c.frame != nil {
			c.frame.refuse(code.Unknown)
		}
		r.stop(err)
		return
	}
	r.opt.Log.Acked(c.Index)
	mark := markOf(r.machine)
	r.marks.do(func(a *agree.Agreement) []agree.Event { return a.Applied(mark, r.electorate()) })
	r.publish()
	if f := c.frame; f != nil {
		r.unapplied.Add(-1)
		r.unappliedBytes.Add(-int64(len(f.data)))
		r.queue.poke()
		f.deliver(results)
	}
	if len(results) > 0 {
		r.observe(c, FrameStats{Commands: len(results), Bytes: len(c.Data), Rows: r.machine.Rows(), Apply: time.Since(begin)})
	}
	if len(c.Data) == 0 && c.Term == r.term.Load() {
		r.elected()
	}
}

func (r *Replica) observe(c commit, stats FrameStats) {
	if c.frame != nil {
		stats.Append = c.frame.took
	}
	r.totals.add(stats)
	if r.opt.Observe != nil {
		r.opt.Observe(stats)
	}
}

// elected opens for writes. A new leader commits an empty entry of its term
// first, and with that applied it has everything that was ever acknowledged.
func (r *Replica) elected() {
	r.leader.Store(true)
	r.publish()
	r.queue.poke()
}

func (r *Replica) becomeReadOnly(c commit) {
	if c.frame != nil {
		c.frame.refuse(code.ReadOnly)
	}
	r.leader.Store(false)
	if !r.readOnly.Swap(true) {
		r.opt.Logger.Error("read-only: a frame of the log broke an invariant twice and is not applied",
			"index", r.opt.ReadOnlyFrom)
		r.publish()
	}
}
