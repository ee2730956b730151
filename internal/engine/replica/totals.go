package replica

import (
	"sync/atomic"
	"time"
)

// FrameStats are the figures of one applied frame.
type FrameStats struct {
	Commands int
	// Bytes is the frame's size in the log, Rows how many rows it wrote.
	Bytes, Rows int
	// Append is how long the frame took from its proposal until a majority had it
	// on disk, 0 for frames of other nodes; Apply how long the machine took.
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

// Totals returns the figures since Open.
func (r *Replica) Totals() Totals {
	t := &r.totals
	return Totals{
		Frames: t.frames.Load(), Commands: t.commands.Load(), Bytes: t.bytes.Load(), Rows: t.rows.Load(),
		Append: time.Duration(t.append.Load()), Apply: time.Duration(t.apply.Load()),
	}
}

// LeaderChanges is how often this node has seen a leader other than the one
// before since Open; the first counts.
func (r *Replica) LeaderChanges() uint64 { return r.leaderChanges.Load() }

// Reading is how many reads wait to know how far a state must be, or for this
// node's to be so far.
func (r *Replica) Reading() int { return int(r.reading.Load()) }

// noteLeader keeps count of leaders; of the loop.
func (r *Replica) noteLeader(leader uint64) {
	if leader == 0 {
		return
	}
	r.leaderSeen.Store(int64(time.Since(r.opened)))
	if leader != r.led {
		r.led = leader
		r.leaderChanges.Add(1)
	}
}

// Leaderless is for how long this node has known no leader, 0 while it knows one.
func (r *Replica) Leaderless() time.Duration {
	if r.Status().Leader != 0 {
		return 0
	}
	return time.Since(r.opened) - time.Duration(r.leaderSeen.Load())
}
