package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Replica is one member with its state. Its methods are safe for concurrent use.
type Replica struct {
	opt     Options
	seq     *sequencer.Sequencer
	log     *memberLog       // of the loop
	machine *machine.Machine // of the applier
	// askedFor is when this node, unfit to write, asked another to lead; of the loop.
	askedFor time.Time
	// slowSince is since when this node's disk is slow, zero while it is not; likewise.
	slowSince time.Time
	// underWay counts the appends that the writer waits for; likewise.
	underWay int

	inbox   chan *pb.PeerMessage
	calls   chan func()   // run by the loop
	turn    chan struct{} // holds a token when there may be something to propose or to ask
	marks   marks
	writes  chan *write // appends for the writer to wait for
	written written
	commits chan sequencer.Commit
	// finishes hands a frame from the applier to the finisher, without room: when a
	// frame is handed over, the one before is finished.
	finishes chan func()

	position atomic.Pointer[machine.Position]
	totals   totals
	saving   atomic.Bool // what was heard is being saved

	led           uint64 // the leader known last; of the loop
	leaderChanges atomic.Uint64
	opened        time.Time
	leaderSeen    atomic.Int64 // when a leader was known last, since opened
	reading       atomic.Int64 // reads that wait
	heardAt       time.Time    // when it was saved last; of the loop
	tickedAt      time.Time    // by the monotonic clock; likewise

	mu      sync.Mutex
	changed chan struct{}
	failure error

	ctx    context.Context
	cancel context.CancelCauseFunc
	done   sync.WaitGroup
}

var errClosed = errors.New("the replica was closed")

// Open starts a replica that goes on from its log and backend. Call Ready to
// wait until it serves.
func Open(opt Options) (*Replica, error) {
	opt = opt.withDefaults()
	opt.Machine.NumberBytes = numberBytes
	m, err := machine.Open(opt.Backend, opt.Machine)
	if err != nil {
		return nil, err
	}
	r := &Replica{
		opt: opt, machine: m, commits: make(chan sequencer.Commit, maxCommits), finishes: make(chan func()), inbox: make(chan *pb.PeerMessage, maxInbox),
		writes: make(chan *write, maxWrites), written: written{wake: make(chan struct{}, 1)}, calls: make(chan func(), 16), turn: make(chan struct{}, 1), changed: make(chan struct{}), opened: time.Now(),
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	r.log = &memberLog{Log: opt.Log}
	if err := r.startSequencer(); err != nil {
		r.cancel(err)
		return nil, err
	}
	r.marks.init(opt.Identity.RaftID, m)
	r.publish()
	r.done.Add(5)
	go r.loop()
	go r.writer()
	go r.applier()
	go r.finisher()
	go r.learnNumbers()
	return r, nil
}

// startSequencer brings the state up to the recorded members and makes what takes
// part in the group.
func (r *Replica) startSequencer() error {
	if err := r.replayToConf(); err != nil {
		return err
	}
	session, err := r.opt.session()
	if err != nil {
		return fmt.Errorf("draw this process's number: %w", err)
	}
	applied, _ := r.machine.Applied()
	r.publish()
	r.seq, err = sequencer.New(sequencer.Options{
		Member: member.Options{
			Identity: r.opt.Identity, Session: session, Log: r.log, Applied: applied, Heard: r.opt.Log.Heard(),
			Bootstrap: r.opt.Bootstrap, Known: r.opt.Known, Logger: r.opt.Logger,
			Version: r.opt.Version, MaxLevel: r.opt.maxLevel(), Health: r.opt.Health,
		},
		Driver: (*driver)(r), Random: r.opt.Random, SpaceLow: r.opt.SpaceLow, Single: r.opt.Peers == nil,
		Level: func() uint32 { return r.Position().Level }, Logger: r.opt.Logger,
	})
	return err
}

// replayToConf applies what the state lacks up to the change of members that was
// recorded last: raft must not be told of it again. A change is recorded before
// the state applies it, and only once it is committed.
func (r *Replica) replayToConf() error {
	_, members := r.opt.Log.Conf()
	applied, _ := r.machine.Applied()
	for applied < members.GetIndex() {
		entries, err := r.opt.Log.Entries(applied+1, members.GetIndex()+1, sequencer.MaxFrame)
		if err != nil {
			return fmt.Errorf("replay entry %d: %w", applied+1, err)
		}
		for _, e := range entries {
			frame, err := member.Frame(e)
			if err != nil {
				return err
			}
			if r.opt.ReadOnlyFrom != 0 && e.GetIndex() >= r.opt.ReadOnlyFrom {
				return nil // the applier comes to it and says so
			}
			if _, err := r.machine.Apply(e.GetIndex(), e.GetTerm(), frame); err != nil {
				return err
			}
			applied = e.GetIndex()
		}
	}
	return nil
}

// Receive takes a message from a peer. It never blocks.
func (r *Replica) Receive(msg *pb.PeerMessage) {
	select {
	case r.inbox <- msg:
	default: // raft repeats it
	}
}

// Execute runs a command on this node, which must lead, and returns when it is
// durable and applied. The caller must not touch cmd afterwards.
//
// The error is a *code.Error when no result is known: Overloaded, ReadOnly,
// DiskLow, NotLeader, CommandTooLarge and the refusals of machine.Admissible mean
// that the command was not taken; Unknown means that it may or may not have been,
// and to ask again under the same identity.
func (r *Replica) Execute(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	c := callers.Get().(*caller)
	c.Command = cmd
	if refusal := r.seq.Admit(&c.Waiter); refusal != code.OK {
		c.release()
		return catalogue.Result{}, refusal.Err()
	}
	select {
	case out := <-c.done:
		c.release()
		return out.Result, out.Refusal.Err()
	case <-ctx.Done():
		if r.seq.Abandon(&c.Waiter) {
			return catalogue.Result{}, code.Overloaded.Err()
		}
		return catalogue.Result{}, code.Unknown.Err()
	}
}

// caller is a goroutine that waits in Execute.
type caller struct {
	sequencer.Waiter
	done chan sequencer.Outcome
}

var callers = sync.Pool{New: func() any {
	c := &caller{done: make(chan sequencer.Outcome, 1)}
	c.Caller = c
	return c
}}

// Answer implements sequencer.Caller.
func (c *caller) Answer(o sequencer.Outcome) { c.done <- o }

// release gives back a caller whose answer has been received.
func (c *caller) release() {
	c.Command = nil
	callers.Put(c)
}

// ReadLocal calls f with a snapshot of this node's own state: it has every frame
// whose answer this node gave, and on a follower it may be behind the leader's.
// Status says how far. It waits for nothing; when ctx has ended, the error is
// code.NotLeader as for ReadLatest.
func (r *Replica) ReadLocal(ctx context.Context, f func(table.Reader) error) error {
	if ctx.Err() != nil {
		return code.NotLeader.Err()
	}
	snap := r.opt.Backend.Snapshot()
	defer snap.Close()
	err := table.Read(snap, f)
	var damage *table.Damage
	if r.opt.Damaged != nil && errors.As(err, &damage) {
		r.opt.Damaged(err)
	}
	return err
}

// Position is where the state stands after the last applied frame.
func (r *Replica) Position() machine.Position { return *r.position.Load() }

// Applied is the log index of the last applied frame.
func (r *Replica) Applied() uint64 { return r.position.Load().Index }

// Now is the present business time, Unix milliseconds.
func (r *Replica) Now() int64 {
	p := r.position.Load()
	return max(r.opt.Now().UnixMilli()+p.ClockOffset, p.At)
}

// Leads says whether this node takes writes.
func (r *Replica) Leads() bool { return r.seq.Leads() }

// Status is how things stood for this member a moment ago.
func (r *Replica) Status() member.Status { return r.seq.Status() }

// ReadOnly says whether writes are refused because of Options.ReadOnlyFrom.
func (r *Replica) ReadOnly() bool { return r.seq.IsReadOnly() }

// Waiting is how many commands wait for a frame.
func (r *Replica) Waiting() int { return r.seq.Waiting() }

// Changed returns a channel that is closed when the next frame is applied, when
// the lead changes, or when the replica stops.
func (r *Replica) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// publish makes the machine's position visible and wakes who waits for it.
func (r *Replica) publish() {
	p := r.machine.Position()
	r.position.Store(&p)
	r.wake()
}

func (r *Replica) wake() {
	r.mu.Lock()
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
}

// Ready waits until the replica serves: it leads, or it has caught up with a
// leader, or it is read-only.
func (r *Replica) Ready(ctx context.Context) error {
	for {
		changed := r.Changed()
		if err := context.Cause(r.ctx); err != nil {
			return fmt.Errorf("the replica has stopped: %w", err)
		}
		if r.seq.IsReadOnly() || r.seq.Leads() {
			return nil
		}
		if s := r.Status(); s.Leader != 0 && s.Leader != r.opt.Identity.RaftID && r.barrier(ctx, r.seq.Barrier()) == nil {
			return nil
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
		case <-ctx.Done():
			return fmt.Errorf("wait for the replica: %w", ctx.Err())
		}
	}
}

// Close stops taking commands, answers those in flight where it can, and waits
// for its goroutines. The log and the backend stay open: they are the caller's.
func (r *Replica) Close() error {
	r.cancel(errClosed)
	r.done.Wait()
	return nil
}

// Stop ends the replica because of err, as a fault would.
func (r *Replica) Stop(err error) { r.stop(err) }

// stop ends the replica because of err; the first caller wins.
func (r *Replica) stop(err error) {
	r.mu.Lock()
	first := r.failure == nil
	if first {
		r.failure = err
	}
	r.mu.Unlock()
	r.seq.Stop()
	r.cancel(err)
	if first && r.opt.Stopped != nil {
		r.opt.Stopped(err)
	}
}
