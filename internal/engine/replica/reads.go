package replica

import (
	"context"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

const (
	// readPatience is how long a read waits for a leader's word.
	readPatience = 5 * time.Second
	// readAgain is after how long an unanswered question to the leader is repeated.
	readAgain = 150 * time.Millisecond
)

// reads are callers who wait to know how far a state must be for a read that
// began now. Those who come while a question is under way share the next one.
type reads struct {
	mu      sync.Mutex
	waiting *readBatch // the next question's
	asked   *readBatch // under way; nil when none is
	token   uint64
	closed  bool
	wake    chan struct{}
}

type readBatch struct {
	token uint64
	at    time.Time
	index uint64
	done  chan struct{}
}

func (q *reads) init() { q.wake = make(chan struct{}, 1) }

func (q *reads) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// join answers the batch that a read which begins now belongs to; nil when the
// replica has stopped.
func (q *reads) join() *readBatch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	if q.waiting == nil {
		q.waiting = &readBatch{done: make(chan struct{}), index: forever}
		q.poke()
	}
	return q.waiting
}

// next takes the batch to ask for now, with a fresh token; ok is false when one
// is under way already, or none waits.
func (q *reads) next(now time.Time) (token uint64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked != nil || q.waiting == nil {
		return 0, false
	}
	q.asked, q.waiting = q.waiting, nil
	return q.name(now), true
}

// again renames the batch under way when its answer is overdue.
func (q *reads) again(now time.Time) (token uint64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked == nil || now.Sub(q.asked.at) < readAgain {
		return 0, false
	}
	return q.name(now), true
}

func (q *reads) name(now time.Time) uint64 {
	q.token++
	q.asked.token, q.asked.at = q.token, now
	return q.token
}

// answer ends the batch that asked with token.
func (q *reads) answer(token, index uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked == nil || q.asked.token != token {
		return
	}
	q.asked.index = index
	close(q.asked.done)
	q.asked = nil
	if q.waiting != nil {
		q.poke()
	}
}

// close lets everybody go; their index stays unknown.
func (q *reads) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, b := range []*readBatch{q.asked, q.waiting} {
		if b != nil {
			close(b.done)
		}
	}
	q.asked, q.waiting = nil, nil
}

// askReads asks raft how far a state must be; of the loop.
func (r *Replica) askReads() {
	if token, ok := r.reads.next(time.Now()); ok {
		r.member.ReadIndex(token)
	}
}

func (r *Replica) retryReads() {
	if token, ok := r.reads.again(time.Now()); ok {
		r.member.ReadIndex(token)
	}
}

// barrier waits until this node's state has everything that was answered
// anywhere before the call. The only voter's has it always.
func (r *Replica) barrier(ctx context.Context) error {
	if r.leader.Load() && r.Status().Alone {
		return nil
	}
	r.reading.Add(1)
	defer r.reading.Add(-1)
	b := r.reads.join()
	if b == nil {
		return code.NotLeader.Err()
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		return code.NotLeader.Err()
	}
	if b.index == forever {
		return code.NotLeader.Err()
	}
	return r.await(ctx, b.index)
}

// await waits until index is applied here.
func (r *Replica) await(ctx context.Context, index uint64) error {
	for {
		changed := r.Changed()
		if r.Applied() >= index {
			return nil
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			return code.NotLeader.Err()
		case <-ctx.Done():
			return code.NotLeader.Err()
		}
	}
}

// Read calls f with one snapshot that has every frame whose answer was given, by
// this node or another. When no leader can be asked within 5 s, or the node
// stops, the error is code.NotLeader.
func (r *Replica) Read(f func(table.Reader) error) error {
	if r.opt.Peers == nil || r.readOnly.Load() {
		return r.Local(f) // nobody else takes writes, or nobody at all
	}
	ctx, cancel := context.WithTimeout(r.ctx, readPatience)
	defer cancel()
	if err := r.barrier(ctx); err != nil {
		return err
	}
	return r.Local(f)
}
