package replica

import (
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// inboxBatch is how many messages of peers are stepped before raft works.
	inboxBatch = 256
	// heardEvery is the least time between two saves of what was heard.
	heardEvery = time.Second
)

// loop owns the member: it frames what waits, steps messages, and lets raft
// append, send and commit.
func (r *Replica) loop() {
	defer r.done.Done()
	defer r.queue.closeAll(code.Unknown) // nobody takes what waits any more
	defer r.reads.close()
	defer close(r.commits)
	defer r.member.Abandon()
	defer func() {
		// Raft panics when its log contradicts what others know.
		if p := recover(); p != nil {
			r.stop(fmt.Errorf("the raft log contradicts the cluster's: %v", p))
		}
	}()
	ticker := time.NewTicker(member.TickEvery)
	defer ticker.Stop()
	for {
		if err := r.work(); err != nil {
			r.stop(err)
			return
		}
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
			r.tick()
		case msg := <-r.inbox:
			r.step(msg)
		case f := <-r.calls:
			f()
		case <-r.marks.wake:
			r.markEvents()
		case <-r.reads.wake:
			r.askReads()
		case <-r.queue.wake:
			if err := r.proposeNext(); err != nil {
				r.stop(err)
				return
			}
		}
	}
}

// work lets the member do what it has to, and follows its role.
func (r *Replica) work() error {
	err := r.member.Work()
	if term := r.member.Leads(); r.term.Load() != term {
		r.follow(term)
	}
	return err
}

// follow notes which term this node leads, 0 for none.
func (r *Replica) follow(term uint64) {
	r.term.Store(term)
	r.leader.Store(false) // until it has applied the term's first entry
	r.look()
	r.wake()
	r.reads.poke()
	r.queue.poke()
}

func (r *Replica) tick() {
	r.member.Applied(r.Applied())
	r.member.Tick(r.opt.Now().UnixMilli())
	r.tickedAt = time.Now()
	r.look()
	r.retryReads()
	r.promote()
	r.watchDisk()
	r.saveHeard()
	if r.queue.length() > 0 {
		r.queue.poke()
	}
}

// stamp is the time of a command proposed now, Unix milliseconds. Among peers it
// goes on from the last tick's clock, the one that they have judged: a clock that
// is set between two ticks stamps nothing. Of the loop.
func (r *Replica) stamp() int64 {
	if r.tickedAt.IsZero() || r.Status().Alone {
		return r.opt.Now().UnixMilli()
	}
	return r.member.Wall() + time.Since(r.tickedAt).Milliseconds()
}

// look publishes the member's status.
func (r *Replica) look() {
	s := r.member.Status()
	old := r.status.Swap(&s)
	r.noteLeader(s.Leader)
	if old == nil || old.Leader != s.Leader {
		r.wake()
	}
	if r.opt.Peers != nil && (old == nil || old.Members != s.Members) {
		r.opt.Peers.SetMembers(s.Members.Members)
	}
}

// step takes what has come from peers.
func (r *Replica) step(msg *pb.PeerMessage) {
	r.member.Step(msg)
	r.stepWaiting()
}

// stepWaiting takes what waits, and says whether there was anything.
func (r *Replica) stepWaiting() (any bool) {
	for range inboxBatch {
		select {
		case msg := <-r.inbox:
			r.member.Step(msg)
			any = true
		default:
			return any
		}
	}
	return any
}

// proposeNext first hears what peers have acknowledged meanwhile: frames that are
// committed by it need not wait until the next one is on disk.
func (r *Replica) proposeNext() error {
	if r.stepWaiting() {
		if err := r.work(); err != nil {
			return err
		}
	}
	return r.propose()
}

// saveHeard saves what the others were heard to have, beside the loop.
func (r *Replica) saveHeard() {
	if now := time.Now(); now.Sub(r.heardAt) >= heardEvery && !r.saving.Load() {
		h, changed := r.member.Heard()
		if !changed {
			return
		}
		r.heardAt = now
		r.saving.Store(true)
		r.done.Add(1)
		go func() {
			defer r.done.Done()
			defer r.saving.Store(false)
			if err := r.opt.Log.SaveHeard(h); err != nil {
				r.opt.Logger.Error("what other nodes were heard to have can't be saved", "err", err)
			}
		}()
	}
}

// propose makes the commands that wait the next frame. While too much is
// unapplied they go on waiting; the applier wakes the loop.
func (r *Replica) propose() error {
	if r.term.Load() == 0 {
		r.queue.refuse(code.NotLeader) // it lost the lead after it had let them in
		return nil
	}
	if !r.leader.Load() || r.unapplied.Load() >= maxUnapplied || r.unappliedBytes.Load() >= maxUnappliedBytes {
		return nil
	}
	taken, bytes := r.queue.take(nil)
	if len(taken) == 0 {
		return nil
	}
	f, err := newFrame(taken, bytes, r.stamp(), r.opt.Random)
	if err != nil {
		(&frame{waiters: taken}).refuse(code.Unknown)
		return err
	}
	if refusal, err := r.offer(f); refusal != code.OK {
		f.refuse(refusal)
		return err
	}
	if r.queue.length() > 0 {
		r.queue.poke()
	}
	return nil
}

// offer proposes a frame, or says why its callers are refused.
func (r *Replica) offer(f *frame) (code.Code, error) {
	f.proposed = time.Now()
	switch err := r.member.Propose(f.data, f); {
	case err == nil:
		r.unapplied.Add(1)
		r.unappliedBytes.Add(int64(len(f.data)))
		return code.OK, nil
	case errors.Is(err, member.ErrNotLeader), errors.Is(err, member.ErrClock):
		return code.NotLeader, nil
	case errors.Is(err, member.ErrDropped):
		return code.Overloaded, nil
	default:
		return code.Unknown, err
	}
}

// commit is a committed entry on its way to the applier.
type commit struct {
	member.Commit
	frame *frame // nil when no caller of this node waits for it
}

// events is the Replica as its member sees it.
type events Replica

// Send implements member.Events.
func (e *events) Send(msg *pb.PeerMessage) {
	if e.opt.Peers != nil {
		e.opt.Peers.Send(msg)
	}
}

// Commit implements member.Events: the applier gets the entry. While it is far
// behind the loop waits for it.
func (e *events) Commit(c member.Commit) {
	r := (*Replica)(e)
	if term := r.member.Leads(); r.term.Load() != term {
		r.follow(term) // before the applier sees the term's first entry
	}
	out := commit{Commit: c}
	switch tag := c.Tag.(type) {
	case *frame:
		out.frame = tag
		tag.took = time.Since(tag.proposed)
	case *change:
		r.look() // before who asked for it looks
		tag.done(nil)
	}
	select {
	case r.commits <- out:
	case <-r.ctx.Done():
		if out.frame != nil {
			out.frame.refuse(code.Unknown)
		}
	}
}

// Lost implements member.Events: the callers of a proposal whose outcome is open
// must ask again.
func (e *events) Lost(tag any) {
	switch t := tag.(type) {
	case *frame:
		e.unapplied.Add(-1)
		e.unappliedBytes.Add(-int64(len(t.data)))
		t.refuse(code.Unknown)
	case *change:
		t.done(errChangeLost)
	}
}

// Read implements member.Events.
func (e *events) Read(token, index uint64) { e.reads.answer(token, index) }

// Behind implements member.Events.
func (e *events) Behind(s *pb.SnapshotManifest) {
	if e.opt.Behind != nil {
		e.opt.Behind(s)
	}
}

// Mark implements member.Events.
func (e *events) Mark(from uint64, m *pb.Mark) {
	r := (*Replica)(e)
	r.marks.do(func(a *agree.Agreement) []agree.Event { return a.Step(from, m, r.electorate()) })
}

// Refused implements member.Events.
func (e *events) Refused(err *member.RefusedError) { (*Replica)(e).stop(err) }
