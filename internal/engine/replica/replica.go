package replica

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Log is what the loop needs of the raft log; *raftlog.Log is one.
type Log interface {
	raft.Storage
	// Append writes in one batch and, with sync, returns when it is on disk.
	Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error
	// Acked notes that callers were told the index is durable.
	Acked(index uint64)
	// SetConfState records the members; a new log needs it once.
	SetConfState(cs *raftpb.ConfState, index uint64) error
	// ConfState answers the recorded members, nil for a new log.
	ConfState() (cs *raftpb.ConfState, index uint64)
}

// Limits of what waits; beyond them callers get code.Overloaded.
const (
	// MaxCommand is the most bytes one command may have.
	MaxCommand = 4 << 20
	// maxFrame bounds the commands of one frame, in bytes.
	maxFrame = 4 << 20
	// maxFrameCommands bounds the commands of one frame.
	maxFrameCommands = 8192
	// maxWaiting bounds the bytes that wait for a frame.
	maxWaiting = 64 << 20
	// maxUnapplied bounds the frames proposed and not yet applied.
	maxUnapplied = 8
	// maxUnappliedBytes bounds their bytes.
	maxUnappliedBytes = 64 << 20
)

// Options configures a Replica.
type Options struct {
	RaftID  uint64
	Log     Log
	Backend table.Backend
	Machine machine.Options
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Random draws the commands' seeds; nil is crypto/rand.Reader.
	Random io.Reader
	// SpaceLow says that the disk is nearly full: writes are refused. May be nil.
	SpaceLow func() bool
	// ReadOnlyFrom, when not 0, is the log index of a frame that must not be
	// applied: the frames before it are, and then every write is refused.
	ReadOnlyFrom uint64
	// Stopped is told once why the replica can't go on: a *machine.Broken or an
	// error of a store. Callers still waiting get code.Unknown.
	Stopped func(error)
	// Observe is told of every applied frame. May be nil.
	Observe func(FrameStats)
	Logger  *slog.Logger
}

// FrameStats are the figures of one applied frame.
type FrameStats struct {
	Commands int
	// Bytes is the frame's size in the log, Rows how many rows it wrote.
	Bytes, Rows int
	// Append is how long the log took to have it on disk, Apply how long the
	// machine took.
	Append, Apply time.Duration
}

// Totals add up the frames applied since Open.
type Totals struct {
	Frames, Commands, Bytes, Rows uint64
	Append, Apply                 time.Duration
}

// totals are Totals as they are counted.
type totals struct{ frames, commands, bytes, rows, append, apply atomic.Uint64 }

func (t *totals) add(s FrameStats) {
	t.frames.Add(1)
	t.commands.Add(uint64(s.Commands))
	t.bytes.Add(uint64(s.Bytes))
	t.rows.Add(uint64(s.Rows))
	t.append.Add(uint64(s.Append))
	t.apply.Add(uint64(s.Apply))
}

// Totals answers the figures since Open.
func (r *Replica) Totals() Totals {
	t := &r.totals
	return Totals{
		Frames: t.frames.Load(), Commands: t.commands.Load(), Bytes: t.bytes.Load(), Rows: t.rows.Load(),
		Append: time.Duration(t.append.Load()), Apply: time.Duration(t.apply.Load()),
	}
}

// Replica is one voter with its state. Its methods are safe for concurrent use.
type Replica struct {
	opt   Options
	queue queue

	node     *raft.RawNode
	machine  *machine.Machine
	proposed []*frame          // proposed, their index not known yet
	pending  map[uint64]*frame // by log index, not yet handed to the applier

	commits chan commit
	// unapplied counts frames that were proposed and not yet applied.
	unapplied      atomic.Int64
	unappliedBytes atomic.Int64

	term     atomic.Uint64 // the term this node leads, 0 when it does not
	leader   atomic.Bool   // and it has applied that term's first entry
	readOnly atomic.Bool
	position atomic.Pointer[machine.Position]
	totals   totals

	mu      sync.Mutex
	changed chan struct{}
	failure error

	ctx    context.Context
	cancel context.CancelCauseFunc
	done   sync.WaitGroup
}

// Open starts a replica that goes on from its log and backend. Call Ready to
// wait until it serves.
func Open(opt Options) (*Replica, error) {
	opt = opt.withDefaults()
	m, err := machine.Open(opt.Backend, opt.Machine)
	if err != nil {
		return nil, err
	}
	r := &Replica{
		opt: opt, machine: m, pending: make(map[uint64]*frame), commits: make(chan commit, 2*maxUnapplied),
		changed: make(chan struct{}),
	}
	r.queue.init()
	r.publish()
	if err := r.startRaft(); err != nil {
		return nil, err
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	r.done.Add(2)
	go r.loop()
	go r.applier()
	return r, nil
}

// Do runs a command and answers when it is durable and applied. The caller
// must not touch cmd afterwards.
//
// The error is a *code.Error when no result is known: Overloaded, ReadOnly,
// DiskLow, NotLeader, CommandTooLarge and CommandUnknown mean that the command
// was not taken; Unknown means that it may or may not have been, and to ask
// again under the same identity.
func (r *Replica) Do(ctx context.Context, cmd *pb.Command) (machine.Result, error) {
	w, refusal := r.admit(cmd)
	if refusal != code.OK {
		return machine.Result{}, refusal.Err()
	}
	select {
	case out := <-w.done:
		w.release()
		return out.result, out.refusal.Err()
	case <-ctx.Done():
		if r.queue.abandon(w) {
			return machine.Result{}, code.Overloaded.Err()
		}
		return machine.Result{}, code.Unknown.Err()
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
	case !machine.Known(machine.Number(cmd.Number)):
		return nil, code.CommandUnknown
	}
	cmd.Origin, cmd.Seed = r.opt.RaftID, blankSeed
	size := cmd.SizeVT() + 16
	if size > MaxCommand {
		return nil, code.CommandTooLarge
	}
	return r.queue.put(cmd, size)
}

// Read calls f with one snapshot that has every frame whose answer was given.
func (r *Replica) Read(f func(table.Reader) error) error {
	snap := r.opt.Backend.Snapshot()
	defer snap.Close()
	return table.Read(snap, f)
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

// ReadOnly says whether writes are refused because of Options.ReadOnlyFrom.
func (r *Replica) ReadOnly() bool { return r.readOnly.Load() }

// Waiting is how many commands wait for a frame.
func (r *Replica) Waiting() int { return r.queue.length() }

// Changed returns a channel that is closed when the next frame is applied, or
// when the replica stops.
func (r *Replica) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// publish makes the machine's position visible and wakes who waits for it.
func (r *Replica) publish() {
	p := r.machine.Position()
	r.position.Store(&p)
	r.mu.Lock()
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
}

// Ready waits until the replica takes writes, or is read-only, or has stopped.
func (r *Replica) Ready(ctx context.Context) error {
	for {
		changed := r.Changed()
		if err := context.Cause(r.ctx); err != nil {
			return fmt.Errorf("the replica has stopped: %w", err)
		}
		if r.readOnly.Load() || r.leader.Load() {
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
