package replica

import (
	"fmt"
	"runtime"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// inboxBatch is how many messages of peers are stepped before raft works.
	inboxBatch = 256
	// heardEvery is the least time between two saves of what was heard.
	heardEvery = time.Second
)

// loop owns the sequencer's member: it steps messages, frames what waits, and lets
// raft append, send and commit.
func (r *Replica) loop() {
	defer r.done.Done()
	defer close(r.commits)
	defer r.seq.Close()
	defer r.endWrites()
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
			r.seq.Step(msg)
			r.stepWaiting()
		case f := <-r.calls:
			f()
		case <-r.marks.wake:
			r.markEvents()
		case <-r.written.wake:
			if err := r.takeWritten(); err != nil {
				r.stop(err)
				return
			}
		case <-r.turn:
			if err := r.takeTurn(); err != nil {
				r.stop(err)
				return
			}
		}
	}
}

func (r *Replica) tick() {
	r.tickedAt = time.Now()
	r.seq.Tick(r.Applied(), r.opt.Now().UnixMilli())
	r.watchDisk()
	r.saveHeard()
}

// clock is the time of what is proposed now; of the loop.
func (r *Replica) clock() sequencer.Clock {
	return sequencer.Clock{Wall: r.opt.Now().UnixMilli(), SinceTick: time.Since(r.tickedAt).Milliseconds()}
}

// stepWaiting takes what waits, and says whether there was anything.
func (r *Replica) stepWaiting() (any bool) {
	for range inboxBatch {
		select {
		case msg := <-r.inbox:
			r.seq.Step(msg)
			any = true
		default:
			return any
		}
	}
	return any
}

// takeTurn proposes what waits and asks for the reads. First it hears what peers
// have acknowledged meanwhile: who applies goes on with that.
func (r *Replica) takeTurn() error {
	if r.stepWaiting() {
		if err := r.work(); err != nil {
			return err
		}
	}
	r.seq.Ask()
	// Whoever else wants a core now may be a caller: they come into this frame, which
	// costs as much for one command as for many. Where nobody wants it, nobody waits.
	runtime.Gosched()
	return r.seq.Propose(r.clock())
}

// saveHeard saves what the others were heard to have, beside the loop.
func (r *Replica) saveHeard() {
	if now := time.Now(); now.Sub(r.heardAt) >= heardEvery && !r.saving.Load() {
		h, changed := r.seq.Member().Heard()
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

// driver is the Replica as its sequencer sees it.
type driver Replica

// Wake implements sequencer.Driver.
func (d *driver) Wake() {
	select {
	case d.turn <- struct{}{}:
	default:
	}
}

// Settled implements sequencer.Driver. A turn for nothing would be a wake-up for each
// frame; a command that comes later asks for its own.
func (d *driver) Settled() {
	if d.seq.Waiting() > 0 {
		d.Wake()
	}
}

// Looked implements sequencer.Driver.
func (d *driver) Looked(old, now *member.Status) {
	r := (*Replica)(d)
	r.noteLeader(now.Leader)
	if old == nil || old.Leader != now.Leader {
		r.wake()
	}
	if r.opt.Peers != nil && (old == nil || old.Members != now.Members) {
		r.opt.Peers.SetMembers(now.Members.Members)
	}
}

// Led implements sequencer.Driver.
func (d *driver) Led(uint64) { (*Replica)(d).wake() }

// Proposed implements sequencer.Driver.
func (d *driver) Proposed(f *sequencer.Frame) { f.Since = time.Now() }

// Send implements sequencer.Driver.
func (d *driver) Send(msg *pb.PeerMessage) {
	if d.opt.Peers != nil {
		d.opt.Peers.Send(msg)
	}
}

// Commit implements sequencer.Driver: the applier gets the entry. While it is far
// behind the loop waits for it.
func (d *driver) Commit(c sequencer.Commit) {
	if c.Frame != nil {
		c.Frame.Took = time.Since(c.Frame.Since)
	}
	select {
	case d.commits <- c:
	case <-d.ctx.Done():
		d.seq.Drop(c, code.Unknown)
	}
}

// Behind implements sequencer.Driver.
func (d *driver) Behind(s *pb.SnapshotManifest) {
	if d.opt.Behind != nil {
		d.opt.Behind(s)
	}
}

// Mark implements sequencer.Driver.
func (d *driver) Mark(from uint64, m *pb.Mark) {
	r := (*Replica)(d)
	r.marks.do(func(a *agree.Agreement) []agree.Event { return a.Step(from, m, r.seq.Electorate()) })
}

// Refused implements sequencer.Driver.
func (d *driver) Refused(err *member.RefusedError) { (*Replica)(d).stop(err) }
