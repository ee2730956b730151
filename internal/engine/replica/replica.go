package replica

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Replica is one member with its state. Its methods are safe for concurrent use.
type Replica struct {
	opt     Options
	queue   queue
	member  *member.Member // of the loop
	log     *timedLog      // likewise
	machine *machine.Machine

	inbox   chan *pb.PeerMessage
	calls   chan func() // run by the loop
	reads   reads
	marks   marks
	commits chan commit
	// unapplied counts frames that were proposed and not yet applied.
	unapplied      atomic.Int64
	unappliedBytes atomic.Int64

	term     atomic.Uint64 // the term this node leads, 0 when it does not
	leader   atomic.Bool   // and it has applied that term's first entry
	readOnly atomic.Bool
	position atomic.Pointer[machine.Position]
	status   atomic.Pointer[member.Status]
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
	m, err := machine.Open(opt.Backend, opt.Machine)
	if err != nil {
		return nil, err
	}
	r := &Replica{
		opt: opt, machine: m, commits: make(chan commit, maxCommits), inbox: make(chan *pb.PeerMessage, maxInbox),
		calls: make(chan func(), 16), changed: make(chan struct{}), opened: time.Now(),
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	r.log = &timedLog{Log: opt.Log}
	r.queue.init()
	r.reads.init()
	if err := r.startMember(); err != nil {
		r.cancel(err)
		return nil, err
	}
	r.marks.init(opt.Identity.RaftID, m)
	r.publish()
	r.look()
	r.done.Add(2)
	go r.loop()
	go r.applier()
	return r, nil
}

// startMember brings the state up to the recorded members and makes the member.
func (r *Replica) startMember() error {
	if err := r.replayToConf(); err != nil {
		return err
	}
	session, err := r.opt.session()
	if err != nil {
		return fmt.Errorf("draw this process's number: %w", err)
	}
	applied, _ := r.machine.Applied()
	r.member, err = member.New(member.Options{
		Identity: r.opt.Identity, Session: session, Log: r.log, Applied: applied, Heard: r.opt.Log.Heard(),
		Bootstrap: r.opt.Bootstrap, Known: r.opt.Known, Events: (*events)(r), Logger: r.opt.Logger,
		Version: r.opt.Version, MaxLevel: r.opt.maxLevel(), Health: r.opt.Health,
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
		entries, err := r.opt.Log.Entries(applied+1, members.GetIndex()+1, maxFrame)
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

// Execute runs a command on this node, which must lead, and answers when it is
// durable and applied. The caller must not touch cmd afterwards.
//
// The error is a *code.Error when no result is known: Overloaded, ReadOnly,
// DiskLow, NotLeader, CommandTooLarge and the refusals of machine.Admissible mean
// that the command was not taken; Unknown means that it may or may not have been,
// and to ask again under the same identity.
func (r *Replica) Execute(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	w, refusal := r.admit(cmd)
	if refusal != code.OK {
		return catalogue.Result{}, refusal.Err()
	}
	select {
	case out := <-w.done:
		w.release()
		return out.result, out.refusal.Err()
	case <-ctx.Done():
		if r.queue.abandon(w) {
			return catalogue.Result{}, code.Overloaded.Err()
		}
		return catalogue.Result{}, code.Unknown.Err()
	}
}

// admit queues a command, or says why not.
func (r *Replica) admit(cmd *pb.Command) (*waiter, code.Code) {
	switch {
	case r.readOnly.Load():
		return nil, code.ReadOnly
	case !r.leader.Load():
		return nil, code.NotLeader
	case r.opt.SpaceLow != nil && r.opt.SpaceLow():
		return nil, code.DiskLow
	}
	if refusal := machine.Admissible(cmd, r.Position().Level, r.opt.maxLevel()); refusal != code.OK {
		return nil, refusal
	}
	cmd.Origin, cmd.Seed = r.opt.Identity.RaftID, blankSeed
	size := cmd.SizeVT() + 16
	if size > MaxCommand {
		return nil, code.CommandTooLarge
	}
	return r.queue.put(cmd, size)
}

// Local calls f with a snapshot of this node's own state: it has every frame
// whose answer this node gave, and on a follower it may be behind the leader's.
// Status says how far.
func (r *Replica) Local(f func(table.Reader) error) error {
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
func (r *Replica) Leads() bool { return r.leader.Load() }

// Status is how things stood for this member a moment ago.
func (r *Replica) Status() member.Status { return *r.status.Load() }

// ReadOnly says whether writes are refused because of Options.ReadOnlyFrom.
func (r *Replica) ReadOnly() bool { return r.readOnly.Load() }

// Waiting is how many commands wait for a frame.
func (r *Replica) Waiting() int { return r.queue.length() }

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
		if r.readOnly.Load() || r.leader.Load() {
			return nil
		}
		if s := r.Status(); s.Leader != 0 && s.Leader != r.opt.Identity.RaftID && r.barrier(ctx) == nil {
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
// for both goroutines. The log and the backend stay open: they are the caller's.
func (r *Replica) Close() error {
	r.cancel(errClosed)
	r.done.Wait()
	r.queue.closeAll(code.Unknown)
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
	r.leader.Store(false)
	r.cancel(err)
	if first && r.opt.Stopped != nil {
		r.opt.Stopped(err)
	}
}

// forever is a read's index before one is known.
const forever = math.MaxUint64
