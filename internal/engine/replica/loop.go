package replica

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// tickEvery is raft's clock; a follower waits 10 ticks before it campaigns.
const tickEvery = 100 * time.Millisecond

var errClosed = errors.New("the replica was closed")

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// startRaft makes the raft node. A new log gets this node as its only voter.
func (r *Replica) startRaft() error {
	if cs, _ := r.opt.Log.ConfState(); cs == nil || len(cs.Voters) == 0 {
		if err := r.opt.Log.SetConfState(&raftpb.ConfState{Voters: []uint64{r.opt.RaftID}}, 0); err != nil {
			return fmt.Errorf("record the first voter: %w", err)
		}
	}
	applied, _ := r.machine.Applied()
	node, err := raft.NewRawNode(&raft.Config{
		ID: r.opt.RaftID, ElectionTick: 10, HeartbeatTick: 1, Storage: r.opt.Log, Applied: applied,
		MaxSizePerMsg: 1 << 20, MaxCommittedSizePerReady: 16 << 20, MaxUncommittedEntriesSize: maxUnappliedBytes,
		MaxInflightMsgs: 64, PreVote: true, CheckQuorum: true, Logger: raftLogger{r.opt.Logger},
	})
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	r.node = node
	return node.Campaign()
}

// loop owns the raft node: it frames what waits, appends, and hands committed
// entries to the applier.
func (r *Replica) loop() {
	defer r.done.Done()
	defer r.queue.closeAll(code.Unknown) // nobody takes what waits any more
	defer r.abandonFrames()
	defer close(r.commits)
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		if err := r.ready(); err != nil {
			r.stop(err)
			return
		}
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
			r.node.Tick()
		case <-r.queue.wake:
			if err := r.propose(); err != nil {
				r.stop(err)
				return
			}
		}
	}
}

// propose makes the commands that wait the next frame. While too much is
// unapplied they go on waiting; the applier wakes the loop.
func (r *Replica) propose() error {
	if !r.leader.Load() || r.unapplied.Load() >= maxUnapplied || r.unappliedBytes.Load() >= maxUnappliedBytes {
		return nil
	}
	taken, bytes := r.queue.take(nil)
	if len(taken) == 0 {
		return nil
	}
	f, err := newFrame(taken, bytes, r.opt.Now().UnixMilli(), r.opt.Random)
	if err != nil {
		(&frame{waiters: taken}).refuse(code.Unknown)
		return err
	}
	switch err := r.node.Propose(f.data); {
	case errors.Is(err, raft.ErrProposalDropped):
		f.refuse(code.Overloaded)
		return nil
	case err != nil:
		f.refuse(code.Unknown)
		return fmt.Errorf("propose a frame: %w", err)
	}
	r.proposed = append(r.proposed, f)
	r.unapplied.Add(1)
	r.unappliedBytes.Add(int64(len(f.data)))
	if r.queue.length() > 0 {
		r.queue.poke()
	}
	return nil
}

// ready does everything raft has for us now.
func (r *Replica) ready() error {
	for r.node.HasReady() {
		rd := r.node.Ready()
		if rd.SoftState != nil {
			r.role(rd.SoftState.RaftState)
		}
		if len(rd.Entries) > 0 || !raft.IsEmptyHardState(rd.HardState) {
			if err := r.append(rd); err != nil {
				return err
			}
		}
		for _, e := range rd.CommittedEntries {
			if err := r.committed(e); err != nil {
				return err
			}
		}
		r.node.Advance(rd)
	}
	return nil
}

// append puts raft's entries on disk and learns the index of our frames.
func (r *Replica) append(rd raft.Ready) error {
	begin := time.Now()
	if err := r.opt.Log.Append(rd.HardState, rd.Entries, rd.MustSync); err != nil {
		return fmt.Errorf("append to the raft log: %w", err)
	}
	took := time.Since(begin)
	for _, e := range rd.Entries {
		if len(r.proposed) == 0 || e.GetTerm() != r.term.Load() || len(e.GetData()) == 0 {
			continue
		}
		// Only this loop proposes while it leads, so entries come in the order of
		// the proposals.
		f := r.proposed[0]
		must.That(len(f.data) == len(e.GetData()), "entry %d is the frame proposed first", e.GetIndex())
		f.append = took
		r.pending[e.GetIndex()] = f
		r.proposed = r.proposed[1:]
	}
	return nil
}

// commit is a committed entry on its way to the applier.
type commit struct {
	index, term uint64
	data        []byte
	frame       *frame // nil when no caller of this node waits for it
}

func (r *Replica) committed(e *raftpb.Entry) error {
	c := commit{index: e.GetIndex(), term: e.GetTerm()}
	switch e.GetType() {
	case raftpb.EntryNormal:
		c.data, c.frame = e.GetData(), r.pending[c.index]
		delete(r.pending, c.index)
	default:
		return fmt.Errorf("log entry %d has type %s, which this version cannot apply", c.index, e.GetType())
	}
	select {
	case r.commits <- c:
	case <-r.ctx.Done():
		if c.frame != nil {
			c.frame.refuse(code.Unknown)
		}
	}
	return nil
}

// role follows raft's. Who loses the lead answers everybody who waits that
// their outcome is open; who wins it opens for writes in elected.
func (r *Replica) role(state raft.StateType) {
	if state == raft.StateLeader {
		r.term.Store(r.node.BasicStatus().GetTerm())
		return
	}
	r.term.Store(0)
	r.leader.Store(false)
	r.abandonFrames()
}

func (r *Replica) abandonFrames() {
	for _, f := range r.proposed {
		f.refuse(code.Unknown)
	}
	for _, f := range r.pending {
		f.refuse(code.Unknown)
	}
	r.proposed = nil
	clear(r.pending)
}
