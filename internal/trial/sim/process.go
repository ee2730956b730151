package sim

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// process is one life of a node: a sequencer and a machine, and what
// engine/replica does around them with goroutines, done by the world's events.
type process struct {
	w       *World
	node    *node
	disk    *disk
	session uint64
	seq     *sequencer.Sequencer
	member  *member.Member // the sequencer's
	machine *machine.Machine
	dead    bool

	inbox   []func()
	planned bool // a turn is planned
	ticking bool // a tick waits in the inbox
	ticked  int64
	sent    []*pb.PeerMessage
	// durableAt is when the newest write of the log will be on disk.
	durableAt int64

	commits  []sequencer.Commit
	applying bool
	applied  uint64

	reads   []*read
	byIndex []*byIndex

	agree    *agree.Agreement
	signed   uint64 // the size of the journal at the newest checkpoint
	askedAt  int64  // when the leader last asked for marks
	asked    []agree.Event
	fetching *pb.SnapshotManifest
	leads    bool
	term     uint64

	ring      *keyring.Ring // nil where the script has none
	erasures  keyring.Erasures
	lacking   lacking
	fetchedAt int64
	sessions  map[string]bool // that a careless node remembers
}

// start opens a node's folder and begins to take part, as the node would.
func (w *World) start(n *node) {
	p := &process{w: w, node: n, disk: n.disk, session: w.chance.nonzero(), sessions: map[string]bool{}}
	n.process, n.session, n.refused, n.stopped, n.outdated = p, p.session, nil, nil, nil
	n.starts++
	if w.broken.onStart != nil {
		w.broken.onStart(p)
	}
	if err := p.open(); err != nil {
		p.stop(err)
		return
	}
	w.tell(n.name, "starts: applied %d, log %d to %d, term %d", p.applied, p.disk.log.cut+1, p.disk.log.last(), p.disk.log.hard.GetTerm())
	offset := w.chance.Int64N(tickMillis)
	w.after(offset, func() {
		p.tick()
		w.every(tickMillis, func() bool { return p.tick() })
	})
	w.every(200, func() bool { return p.chores() })
}

// pauseLook is how often a pause is looked at: it may be ended early.
const pauseLook = 100

const tickMillis = int64(member.TickEvery / 1e6)

// open brings machine and member up from the folder.
func (p *process) open() (err error) {
	d := p.disk
	if p.machine, err = machine.Open(d.state, machine.Options{NumberBytes: numberBytes, MaxLevel: p.node.knows}); err != nil {
		return fmt.Errorf("open the state: %w", err)
	}
	if p.w.keyed {
		if p.ring, err = openRing(d.keys, p.wall); err != nil {
			return err
		}
	}
	p.learnNumbers()
	p.applied, _ = p.machine.Applied()
	p.observe()
	if p.applied > d.log.last() || p.applied < d.log.cut {
		return fmt.Errorf("the state has applied %d, the log holds %d to %d", p.applied, d.log.cut+1, d.log.last())
	}
	d.log.raise(p.applied)
	if err := p.catchUp(); err != nil {
		return err
	}
	d.log.snapshot, d.log.writing = p.manifest, p.writing
	p.seq, err = sequencer.New(sequencer.Options{
		Member: member.Options{
			Identity: d.id, Session: p.session, Log: d.log, Applied: p.applied, Heard: d.savedHeard(),
			Known: d.known, Logger: slog.New(slog.DiscardHandler), Version: "sim", MaxLevel: p.node.knows,
			Health: p.health,
		},
		Driver: p, Random: reader{p.w.chance}, Level: func() uint32 { return p.machine.Position().Level },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	p.member = p.seq.Member()
	p.agree = agree.New(d.id.RaftID)
	if p.applied > 0 {
		p.agree.Applied(p.mark(), agree.Members{})
	}
	p.Wake()
	return nil
}

// numberBytes is little: a simulated cluster has few orders, and a filter that is
// nearly full is the one to try.
const numberBytes = 256

// learnNumbers lets the machine read the order numbers that are stored.
func (p *process) learnNumbers() {
	var state table.Backend = p.disk.state
	if p.w.broken.learnsNothing {
		state = table.NewMem()
	}
	p.machine.LearnNumbers(state.Snapshot(), func() bool { return true })
}

// catchUp applies what is committed up to the recorded members, so that the
// state is never behind them.
func (p *process) catchUp() error {
	_, members := p.disk.log.Conf()
	for p.applied < members.GetIndex() {
		e := p.disk.log.at(p.applied + 1)
		if e == nil {
			return fmt.Errorf("the members are recorded as of entry %d, which the log does not have", members.GetIndex())
		}
		data, err := member.Frame(e)
		if err != nil {
			return err
		}
		if _, err := p.applyEntry(e.GetIndex(), e.GetTerm(), data); err != nil {
			return err
		}
	}
	return nil
}

// tick is the process's clock; a late one is not made up for.
func (p *process) tick() bool {
	if p.dead {
		return false
	}
	if !p.ticking {
		p.ticking = true
		p.post(func() {
			p.ticking, p.ticked = false, p.w.now
			p.seq.Tick(p.applied, p.wall())
		})
	}
	return true
}

// wall is the node's own clock, Unix milliseconds.
func (p *process) wall() int64 { return p.w.now + p.node.skew }

// clock is the time of what is proposed now.
func (p *process) clock() sequencer.Clock {
	return sequencer.Clock{Wall: p.wall(), SinceTick: p.w.now - p.ticked}
}

// post gives the process something to do in its next turn.
func (p *process) post(f func()) {
	p.inbox = append(p.inbox, f)
	p.Wake()
}

// writing lets a write of the log become durable when the disk has had its time: what
// the leader has sent is on its way meanwhile.
func (p *process) writing(number int) {
	p.durableAt = max(p.durableAt, p.w.now+p.w.chance.Int64N(4)+p.node.slow)
	durable := func() { p.durable(number) }
	if early := p.w.broken.countsUnwritten; early != nil && early(p) {
		p.post(p.seq.Written)
		durable = func() { p.disk.log.syncTo(number) }
	}
	p.w.after(p.durableAt-p.w.now, func() {
		if !p.dead {
			durable()
		}
	})
}

// durable has a write on disk, unless the power goes in its middle.
func (p *process) durable(number int) {
	log := p.disk.log
	if log.cutPower != nil {
		if log.cutPower() {
			log.syncTo(number)
		}
		p.stop(errPower)
		return
	}
	log.syncTo(number)
	p.post(p.seq.Written)
}

// Wake implements sequencer.Driver: it plans a turn, and not while paused.
func (p *process) Wake() {
	if p.planned || p.dead {
		return
	}
	p.planned = true
	p.w.after(p.w.chance.Int64N(2), p.turn)
}

// Settled implements sequencer.Driver. A turn for nothing costs nothing here.
func (p *process) Settled() { p.Wake() }

// turn does what waits, as the loop of engine/replica does between two looks at
// its channels.
func (p *process) turn() {
	if p.dead {
		return
	}
	if left := p.node.pausedUntil - p.w.now; left > 0 {
		p.w.after(min(left, pauseLook), p.turn)
		return
	}
	p.planned = false
	inbox := p.inbox
	p.inbox = nil
	for _, f := range inbox {
		if f(); p.dead {
			return
		}
	}
	p.seq.Ask()
	if err := p.seq.Propose(p.clock()); err != nil {
		p.stop(err)
		return
	}
	p.doAsked()
	if err := p.seq.Work(); err != nil {
		p.stop(err)
		return
	}
	p.release()
	p.answerReads()
	p.look()
}

// release hands what the turn wanted to send to the network.
func (p *process) release() {
	sent := p.sent
	p.sent = nil
	for _, msg := range sent {
		p.w.post(p, msg)
	}
}

// look notes what the world's checkers watch after every turn.
func (p *process) look() {
	leader, term := p.leadership()
	if leader != p.leads || term != p.term {
		p.leads, p.term = leader, term
		p.w.watchLeader(p)
	}
	if len(p.commits) > 0 && !p.applying {
		p.applying = true
		p.w.after(p.w.chance.Int64N(3), p.apply)
	}
}

// leadership says whether the process leads, and raft's term.
func (p *process) leadership() (leads bool, term uint64) {
	return p.member.Leads() != 0, p.disk.log.hard.GetTerm()
}

// stop ends the process with an error; what it means depends on the error.
func (p *process) stop(err error) {
	p.kill()
	p.node.stopped = err
	var refused *member.RefusedError
	var outdated *machine.Outdated
	switch {
	case errors.Is(err, errPower):
		p.node.stopped = nil
		p.w.reach("power lost in a write")
		p.w.tell(p.node.name, "loses power in the middle of a write")
		p.disk.crash(p.w)
	case errors.As(err, &refused):
		p.node.refused = refused
		p.w.reach("refused: " + reasons[refused.Why])
		p.w.tell(p.node.name, "may not take part: %v", refused)
		p.disk.crash(p.w)
	case errors.As(err, &outdated):
		p.node.outdated = outdated
		p.w.reach("outdated")
		p.w.tell(p.node.name, "stops, too old a binary: %v", outdated)
		p.disk.crash(p.w)
	default:
		p.w.fail("stop", "%s stops: %v", p.node.name, err)
	}
}

// kill ends the process; what its callers waited for stays open.
func (p *process) kill() {
	p.dead = true
	if p.node.process == p {
		p.node.process = nil
	}
}
