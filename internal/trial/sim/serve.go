package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// maxInflight bounds the frames proposed and not applied.
	maxInflight = 8
	// serveFor is how long a node tries to answer one request, milliseconds.
	serveFor = 1500
	// readAgain is how long it waits for a read index before it asks again.
	readAgain = 300
)

// Send implements member.Events.
func (p *process) Send(msg *pb.PeerMessage) { p.sent = append(p.sent, msg) }

// Commit implements member.Events.
func (p *process) Commit(c member.Commit) {
	p.commits = append(p.commits, c)
}

// Lost implements member.Events: what became of the proposal is open.
func (p *process) Lost(tag any) {
	f, ok := tag.(*frame)
	if !ok {
		return
	}
	p.inflight--
	f.open(p)
}

func (f *frame) open(p *process) {
	p.w.reach("proposal lost with the lead")
	for _, wt := range f.waiters {
		wt.reply(answer{refused: code.Unknown, notDone: p.w.broken.guesses})
	}
	if f.change != nil {
		f.change(false)
	}
}

// Refused implements member.Events.
func (p *process) Refused(err *member.RefusedError) {
	p.post(func() { p.stop(err) })
}

// propose makes the commands that wait the next frame.
func (p *process) propose() {
	if len(p.queue) == 0 || p.inflight >= maxInflight {
		return
	}
	waiters := p.queue
	p.queue = nil
	commands := make([]*pb.Command, len(waiters))
	for i, wt := range waiters {
		commands[i] = wt.cmd
	}
	seeds := make([]byte, machine.SeedBytes*len(waiters))
	_, _ = reader{p.w.chance}.Read(seeds)
	data, err := machine.EncodeFrame(commands, p.member.Wall(), seeds)
	if err != nil {
		p.stop(err)
		return
	}
	f := &frame{waiters: waiters}
	if refusal := refusalOf(p.member.Propose(data, f)); refusal != code.OK {
		for _, wt := range waiters {
			wt.reply(answer{refused: refusal})
		}
		return
	}
	p.inflight++
	if p.w.broken.onPropose != nil {
		p.w.broken.onPropose(p, f, data)
	}
}

// refusalOf says how a caller is told that a proposal was not taken.
func refusalOf(err error) code.Code {
	switch {
	case err == nil:
		return code.OK
	case errors.Is(err, member.ErrClock):
		return code.ClockSkew
	case errors.Is(err, member.ErrNotLeader):
		return code.NotLeader
	}
	return code.Overloaded
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
		f, _ := c.Tag.(*frame)
		if err := p.applyFrame(c.Index, c.Term, c.Data, f); err != nil {
			p.stop(err)
			return
		}
	}
	p.answerReads()
	applied := p.applied
	p.post(func() { p.member.Applied(applied) })
}

// applyFrame applies one entry and answers who waits for it.
func (p *process) applyFrame(index, term uint64, data []byte, f *frame) error {
	if p.w.broken.onApply != nil {
		data = p.w.broken.onApply(p, index, data)
	}
	results, err := p.machine.Apply(index, term, data)
	if err != nil {
		return fmt.Errorf("apply entry %d: %w", index, err)
	}
	p.applied = index
	p.observe()
	if len(p.disk.state.frames) > p.node.flushEvery {
		p.disk.state.flush()
	}
	if p.agree != nil {
		p.agreed(p.agree.Applied(p.mark(), p.electorate()))
	}
	p.answerIndexes()
	if f == nil {
		return nil
	}
	p.inflight--
	for i, wt := range f.waiters {
		wt.reply(answer{code: results[i].Code, body: results[i].Body, index: index})
	}
	if f.change != nil {
		f.change(true)
	}
	return nil
}

// execute runs a command wherever the leader is, as replica.Do does, and replies
// when this node has applied it too, or when its time is over.
func (p *process) execute(cmd *pb.Command, reply func(answer)) {
	once := p.once(reply)
	s := p.member.Status()
	switch {
	case s.Leads:
		p.queue = append(p.queue, &waiter{cmd, once})
		p.wake()
	case s.Leader == 0:
		once(answer{refused: code.NotLeader})
	default:
		p.forward(s.Leader, cmd, once)
	}
}

// once passes on the first reply; when none comes in time the outcome is open.
func (p *process) once(reply func(answer)) func(answer) {
	done := false
	p.w.after(serveFor, func() {
		if !done && !p.dead {
			done = true
			reply(answer{refused: code.Unknown})
		}
	})
	return func(a answer) {
		if !done && !p.dead {
			done = true
			reply(a)
		}
	}
}

// forward hands a command to the leader over the network.
func (p *process) forward(leader uint64, cmd *pb.Command, reply func(answer)) {
	w, to := p.w, p.w.byRaftID(leader)
	if to == nil {
		reply(answer{refused: code.NotLeader})
		return
	}
	w.send(p.node.place, to.place, false, func() {
		other := to.process
		if other == nil {
			return
		}
		other.post(func() {
			if other.member.Leads() == 0 {
				w.send(to.place, p.node.place, false, func() { reply(answer{refused: code.NotLeader}) })
				return
			}
			other.queue = append(other.queue, &waiter{cmd, func(a answer) {
				w.send(to.place, p.node.place, false, func() { p.whenApplied(a.index, func() { reply(a) }) })
			}})
		})
	})
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
	token uint64
	index uint64 // 0 while not known
	f     func(table.Reader)
	tries int
}

// query calls f with a state that has everything acknowledged before now; never
// when the cluster can't say so in time.
func (p *process) query(f func(table.Reader)) {
	if p.w.broken.readsLocally || p.w.broken.leaderReads && p.member.Leads() != 0 {
		p.local(f)
		return
	}
	r := &read{f: f}
	p.reads = append(p.reads, r)
	p.ask(r)
}

// ask asks for a read index, again and again with other tokens: a message may be
// lost and a leader may change.
func (p *process) ask(r *read) {
	if p.dead || r.index != 0 || !slices.Contains(p.reads, r) {
		return
	}
	if r.tries++; r.tries > serveFor/readAgain {
		p.reads = slices.DeleteFunc(p.reads, func(other *read) bool { return other == r })
		return
	}
	p.nextToken++
	r.token = p.nextToken
	token := r.token
	p.post(func() { p.member.ReadIndex(token) })
	p.w.after(readAgain, func() { p.ask(r) })
}

// Read implements member.Events.
func (p *process) Read(token, index uint64) {
	for _, r := range p.reads {
		if r.token == token {
			r.index = max(index, 1)
		}
	}
	p.w.after(0, p.answerReads)
}

func (p *process) answerReads() {
	if p.dead || p.node.pausedUntil > p.w.now {
		return
	}
	var ready []*read
	p.reads = slices.DeleteFunc(p.reads, func(r *read) bool {
		if r.index == 0 || r.index > p.applied {
			return false
		}
		ready = append(ready, r)
		return true
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
		if p.w.now-p.node.heardAt >= 1000 {
			if h, changed := p.member.Heard(); changed {
				p.node.heardAt, p.disk.heard = p.w.now, table.Encode(h)
			}
		}
		if p.member.Leads() != 0 {
			p.tickDue()
			if p.w.now-p.askedAt >= checkpointEvery {
				p.askedAt = p.w.now
				p.agreed(p.agree.Start(p.applied, p.electorate()))
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

// tickDue proposes a tick when the state has something due.
func (p *process) tickDue() {
	due := false
	p.local(func(r table.Reader) {
		if head, ok := machine.Head(r); ok {
			due = machine.TickDue(r, head, max(p.wall()+head.ClockOffsetMs, head.At))
		}
	})
	if due && len(p.queue) == 0 {
		cmd := catalogue.NewCommand(catalogue.Tick, "node/ticker", "", &pb.Tick{})
		p.queue = append(p.queue, &waiter{cmd, func(answer) {}})
	}
}
