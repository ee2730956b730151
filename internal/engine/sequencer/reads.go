package sequencer

import (
	"sync"
)

// askAgain is after how many ticks an unanswered question to the leader is
// repeated.
const askAgain = 3

// reads are callers who wait to know how far a state must be for a read that
// began now. Those who come while a question is under way share the next one.
type reads struct {
	mu      sync.Mutex
	waiting *Batch // the next question's
	asked   *Batch // under way; nil when none is
	token   uint64
	closed  bool
	wake    func()
}

// Batch is the reads that share a question.
type Batch struct {
	token uint64
	at    uint64 // the tick at which it was asked
	index uint64
	known bool
	done  chan struct{}
}

// fresh is the batch of reads that need not ask, none of those that can't.
var fresh, none = answered(true), answered(false)

func answered(known bool) *Batch {
	b := &Batch{known: known, done: make(chan struct{})}
	close(b.done)
	return b
}

// Done is closed once there is something to know.
func (b *Batch) Done() <-chan struct{} { return b.done }

// Known returns, after Done, how far the state must be; ok is false when that can
// not be known: the node stops.
func (b *Batch) Known() (index uint64, ok bool) { return b.index, b.known }

// Read begins a read: a state that is as far as the batch will say has everything
// that was answered anywhere before this call. The only voter's state has it
// always; so has one of which nobody, or nobody else, takes writes.
func (s *Sequencer) Read() *Batch {
	if s.opt.Single || s.readOnly.Load() {
		return fresh
	}
	return s.Barrier()
}

// Barrier is Read for who wants to have caught up also where nobody takes writes.
func (s *Sequencer) Barrier() *Batch {
	if s.leads.Load() && s.status.Load().Alone {
		return fresh
	}
	return s.reads.join()
}

// Ask asks the leader how far a state must be, for the reads that wait. Of the
// loop.
func (s *Sequencer) Ask() {
	if token, ok := s.reads.next(s.ticks); ok {
		s.member.ReadIndex(token)
	}
}

// askAgain repeats a question whose answer is overdue.
func (s *Sequencer) askAgain() {
	if token, ok := s.reads.again(s.ticks); ok {
		s.member.ReadIndex(token)
	}
}

// join returns the batch that a read which begins now belongs to.
func (q *reads) join() *Batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return none
	}
	if q.waiting == nil {
		q.waiting = &Batch{done: make(chan struct{})}
		q.wake()
	}
	return q.waiting
}

// next takes the batch to ask for now, with a fresh token; ok is false when one
// is under way already, or none waits.
func (q *reads) next(now uint64) (token uint64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked != nil || q.waiting == nil {
		return 0, false
	}
	q.asked, q.waiting = q.waiting, nil
	return q.name(now), true
}

// again renames the batch under way when its answer is overdue.
func (q *reads) again(now uint64) (token uint64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked == nil || now-q.asked.at < askAgain {
		return 0, false
	}
	return q.name(now), true
}

func (q *reads) name(now uint64) uint64 {
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
	q.asked.index, q.asked.known = index, true
	close(q.asked.done)
	q.asked = nil
	if q.waiting != nil {
		q.wake()
	}
}

// close lets everybody go; their index stays unknown.
func (q *reads) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, b := range []*Batch{q.asked, q.waiting} {
		if b != nil {
			close(b.done)
		}
	}
	q.asked, q.waiting = nil, nil
}
