package sim

import (
	"fmt"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// serveFor is how long a node tries to answer one request, milliseconds.
const serveFor = 1500

// The process is its sequencer's driver.
var _ sequencer.Driver = (*process)(nil)

// Send implements sequencer.Driver.
func (p *process) Send(msg *pb.PeerMessage) {
	p.watchPromise(msg)
	p.sent = append(p.sent, msg)
}

// Commit implements sequencer.Driver.
func (p *process) Commit(c sequencer.Commit) { p.commits = append(p.commits, c) }

// Refused implements sequencer.Driver.
func (p *process) Refused(err *member.RefusedError) {
	p.post(func() { p.stop(err) })
}

// Led implements sequencer.Driver.
func (p *process) Led(uint64) {}

// Looked implements sequencer.Driver.
func (p *process) Looked(_, now *member.Status) {
	if now.Leads && !now.ClockTrusted {
		p.w.reach("a leader's clock is off")
	}
}

// Proposed implements sequencer.Driver.
func (p *process) Proposed(f *sequencer.Frame) {
	if p.w.broken.onPropose != nil {
		p.w.broken.onPropose(p, f)
	}
}

// apply applies what was committed since.
func (p *process) apply() {
	if p.dead {
		return
	}
	if left := p.node.pausedUntil - p.w.now; left > 0 {
		p.w.after(min(left, pauseLook), p.apply)
		return
	}
	p.applying = false
	commits := p.commits
	p.commits = nil
	for _, c := range commits {
		results, err := p.applyEntry(c.Index, c.Term, c.Data)
		if err != nil {
			p.stop(err)
			return
		}
		p.seq.Done(c, results)
	}
	p.answerReads()
}

// applyEntry applies one entry of the log.
func (p *process) applyEntry(index, term uint64, data []byte) ([]catalogue.Result, error) {
	p.watchApply(index, term)
	if p.w.broken.onApply != nil {
		data = p.w.broken.onApply(p, index, data)
	}
	results, err := p.machine.Apply(index, term, data)
	if err != nil {
		return nil, fmt.Errorf("apply entry %d: %w", index, err)
	}
	p.applied = index
	p.observe()
	if len(p.disk.state.frames) > p.node.flushEvery {
		p.disk.state.flush()
	}
	if p.agree != nil {
		p.agreed(p.agree.Applied(p.mark(), p.seq.Electorate()))
	}
	p.answerIndexes()
	return results, nil
}

// answer is what became of a command. With refused set it was not taken, except
// that code.Unknown leaves it open.
type answer struct {
	code    code.Code
	body    any
	refused code.Code
	// notDone says for sure that nothing has happened and nothing will.
	notDone bool
	// open says that an earlier try may have been taken, at a time of its own.
	open bool
}

// caller waits for a command's outcome on one node.
type caller func(sequencer.Outcome)

// Answer implements sequencer.Caller.
func (c caller) Answer(o sequencer.Outcome) { c(o) }

// admit hands a command to the process's own sequencer.
func (p *process) admit(cmd *pb.Command, reply func(answer)) *sequencer.Waiter {
	w := &sequencer.Waiter{Command: cmd, Caller: caller(func(o sequencer.Outcome) {
		if o.Refusal == code.Unknown {
			p.w.reach("proposal lost with the lead")
		}
		if o.Refusal == code.OK {
			p.w.seen.came[outcome{catalogue.Number(cmd.Number), o.Result.Code}]++
		}
		reply(answer{
			code: o.Result.Code, body: o.Result.Body, refused: o.Refusal,
			notDone: o.Refusal == code.Unknown && p.w.broken.guesses,
		})
	})}
	if refusal := p.seq.Admit(w); refusal != code.OK {
		reply(answer{refused: refusal})
		return nil
	}
	return w
}

// doing is one command on its way, here or at whoever leads, as replica.Do has it
// in a goroutine.
type doing struct {
	p      *process
	cmd    *pb.Command
	tries  sequencer.Tries
	waiter *sequencer.Waiter // queued or in a frame here
	last   code.Code         // why the last try was refused
	asking bool              // a try is under way
	had    *answer           // the leader's, while this node has not applied it yet
	ended  bool
	reply  func(answer)
}

// pause is how long a command waits before it is tried again, milliseconds.
const pause = 20

// do runs a command wherever the leader is, and replies when this node has applied
// it too, or when its time is over.
func (p *process) do(cmd *pb.Command, reply func(answer)) {
	d := &doing{p: p, cmd: cmd, reply: reply}
	p.w.after(serveFor, d.expire)
	d.try()
}

func (d *doing) end(a answer) {
	if !d.ended && !d.p.dead {
		d.ended = true
		a.open = d.tries.Open()
		d.reply(a)
	}
}

// try sends the command where the lead is said to be.
func (d *doing) try() {
	if d.ended || d.p.dead {
		return
	}
	d.asking, d.waiter = true, nil
	here, leader, refusal := d.p.seq.Where()
	switch cmd := sequencer.Copy(d.cmd); {
	case refusal != code.OK:
		d.tried(answer{refused: refusal})
	case here:
		d.waiter = d.p.admit(cmd, d.tried)
	default:
		d.p.forward(leader.RaftId, cmd, d)
	}
}

// tried takes what became of a try.
func (d *doing) tried(a answer) {
	d.asking = false
	if a.refused == code.OK || a.notDone {
		d.end(a)
		return
	}
	d.last = a.refused
	if !d.tries.Again(a.refused) {
		d.end(answer{refused: d.lastWord(a.refused)})
		return
	}
	d.p.w.after(pause, func() { d.p.post(d.try) })
}

// expire ends what has no answer in time.
func (d *doing) expire() {
	switch {
	case d.had != nil:
		d.end(*d.had)
	case !d.asking:
		d.end(answer{refused: d.lastWord(d.last)})
	case d.waiter != nil && d.p.seq.Abandon(d.waiter):
		d.end(answer{refused: d.lastWord(code.Overloaded)})
	default:
		d.end(answer{refused: code.Unknown})
	}
}

func (d *doing) lastWord(refusal code.Code) code.Code {
	if d.p.w.broken.forgetsTries {
		return refusal
	}
	return d.tries.Last(refusal)
}

// forward hands a command to the leader over the network; its answer counts once
// this node has applied what the leader had then.
func (p *process) forward(leader uint64, cmd *pb.Command, d *doing) {
	w, to := p.w, p.w.byRaftID(leader)
	number := catalogue.Number(cmd.Number)
	data := table.Encode(cmd)
	back := func(a answer, index uint64) {
		w.send(to.place, p.node.place, false, func() {
			if a.refused == code.OK && !d.ended {
				d.had = &a
			}
			if a.refused != code.OK {
				d.tried(a)
				return
			}
			p.whenApplied(index, func() { d.end(a) })
		})
	}
	w.send(p.node.place, to.place, false, func() {
		other := to.process
		if other == nil { // the connection is refused
			back(answer{refused: code.NotLeader}, 0)
			return
		}
		other.post(func() {
			got := new(pb.Command)
			must.That(got.UnmarshalVT(data) == nil, "a command between nodes can be decoded")
			other.admit(got, func(a answer) { back(carried(number, a), other.applied) })
		})
	})
}

// carried is an answer as another node gets it.
func carried(number catalogue.Number, a answer) answer {
	rec, ok := a.body.(table.Record)
	if !ok {
		return a
	}
	body, err := machine.DecodeBody(number, table.Encode(rec))
	must.That(err == nil, "what a command returns can be decoded: %v", err)
	a.body = body
	return a
}

// byIndex waits for the state to have applied an index.
type byIndex struct {
	index uint64
	do    func()
}

// whenApplied calls do when this node has applied index.
func (p *process) whenApplied(index uint64, do func()) {
	if p.dead {
		return
	}
	if p.applied >= index {
		do()
		return
	}
	p.byIndex = append(p.byIndex, &byIndex{index, do})
}

func (p *process) answerIndexes() {
	var ready []*byIndex
	p.byIndex = slices.DeleteFunc(p.byIndex, func(b *byIndex) bool {
		if b.index > p.applied {
			return false
		}
		ready = append(ready, b)
		return true
	})
	for _, b := range ready {
		b.do()
	}
}

// read is a linearizable read under way.
type read struct {
	batch *sequencer.Batch
	f     func(table.Reader)
	until int64
}

// query calls f with a state that has everything acknowledged before now; never
// when the cluster can't say so in time.
func (p *process) query(f func(table.Reader)) {
	if p.w.broken.readsLocally || p.w.broken.leaderReads && p.member.Leads() != 0 {
		p.local(f)
		return
	}
	p.reads = append(p.reads, &read{batch: p.seq.Read(), f: f, until: p.w.now + serveFor})
	p.answerReads()
}

// ready says whether the state is as far as a read needs it; over that it never
// will be for this read.
func (r *read) ready(applied uint64, now int64) (ready, over bool) {
	select {
	case <-r.batch.Done():
	default:
		return false, now > r.until
	}
	index, ok := r.batch.Known()
	return ok && applied >= index, !ok || now > r.until
}

// answerReads calls whose reads are ready.
func (p *process) answerReads() {
	if p.dead || p.node.pausedUntil > p.w.now {
		return
	}
	var ready []*read
	p.reads = slices.DeleteFunc(p.reads, func(r *read) bool {
		yes, over := r.ready(p.applied, p.w.now)
		if yes {
			ready = append(ready, r)
		}
		return yes || over
	})
	for _, r := range ready {
		p.local(r.f)
	}
}

// local calls f with the node's own state as it is.
func (p *process) local(f func(table.Reader)) {
	snap := p.disk.state.Snapshot()
	defer snap.Close()
	if err := table.Read(snap, func(r table.Reader) error {
		f(r)
		return nil
	}); err != nil {
		p.stop(err)
	}
}

// chores are what the leader proposes by itself, and what every node saves now
// and then.
func (p *process) chores() bool {
	if p.dead {
		return false
	}
	if c := p.w.chance; c.oneIn(25) {
		p.compact(uint64(c.IntN(6)))
	}
	p.post(func() {
		if p.ring != nil {
			p.keyChores()
		}
		if p.w.now-p.node.heardAt >= 1000 {
			if h, changed := p.member.Heard(); changed {
				p.node.heardAt, p.disk.heard = p.w.now, table.Encode(h)
			}
		}
		if p.seq.Leads() {
			p.doDue()
			if p.w.now-p.askedAt >= checkpointEvery {
				p.askedAt = p.w.now
				p.agreed(p.agree.Start(p.applied, p.seq.Electorate()))
			}
		}
	})
	return true
}

// compact cuts the log, keeping some entries more than a crash may need.
func (p *process) compact(keep uint64) {
	to := p.disk.state.durable()
	if p.w.broken.cutsTooMuch {
		to = p.applied
	}
	if to > keep {
		p.disk.log.compact(to - keep)
	}
}

// doDue runs what the state is due to do of itself, step after step.
func (p *process) doDue() {
	var cmd *pb.Command
	p.local(func(r table.Reader) { cmd = sequencer.Due(r, p.wall()) })
	if cmd != nil && p.seq.Waiting() == 0 {
		p.doNext(cmd)
	}
}

func (p *process) doNext(cmd *pb.Command) {
	number := catalogue.Number(cmd.Number)
	p.admit(cmd, func(a answer) {
		body, _ := a.body.(table.Record)
		next := sequencer.Next(number, catalogue.Result{Code: a.code, Body: body})
		if a.refused == code.OK && next != nil {
			p.post(func() { p.doNext(next) })
		}
	})
}
