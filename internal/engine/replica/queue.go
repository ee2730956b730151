package replica

import (
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// blankSeed keeps a queued command's encoded size what it will be.
var blankSeed = make([]byte, 16)

// outcome is what a waiting caller gets.
type outcome struct {
	result  catalogue.Result
	refusal code.Code
}

// waiter is one caller with its command.
type waiter struct {
	cmd   *pb.Command
	size  int
	taken bool // by a frame; guarded by the queue's mutex
	done  chan outcome
}

var waiters = sync.Pool{New: func() any { return &waiter{done: make(chan outcome, 1)} }}

// release gives back a waiter whose answer has been received.
func (w *waiter) release() {
	w.cmd, w.taken = nil, false
	waiters.Put(w)
}

func (w *waiter) answer(o outcome) { w.done <- o }

// queue holds commands that wait for the next frame.
type queue struct {
	mu      sync.Mutex
	waiting []*waiter
	bytes   int
	closed  code.Code
	wake    chan struct{} // holds a token when there may be something to take
}

func (q *queue) init() { q.wake = make(chan struct{}, 1) }

// put queues a command.
func (q *queue) put(cmd *pb.Command, size int) (*waiter, code.Code) {
	w := waiters.Get().(*waiter)
	w.cmd, w.size = cmd, size
	q.mu.Lock()
	refusal := q.closed
	if refusal == code.OK && q.bytes+size > maxWaiting {
		refusal = code.Overloaded
	}
	if refusal != code.OK {
		q.mu.Unlock()
		w.release()
		return nil, refusal
	}
	q.waiting = append(q.waiting, w)
	q.bytes += size
	first := len(q.waiting) == 1
	q.mu.Unlock()
	if first {
		q.poke()
	}
	return w, code.OK
}

// poke lets the loop look at the queue.
func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take removes at most a frame's worth of commands, oldest first, into buf.
func (q *queue) take(buf []*waiter) (taken []*waiter, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.waiting) && n < maxFrameCommands && (n == 0 || bytes+q.waiting[n].size <= maxFrame) {
		q.waiting[n].taken = true
		bytes += q.waiting[n].size
		n++
	}
	taken = append(buf[:0], q.waiting[:n]...)
	rest := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	q.bytes -= bytes
	return taken, bytes
}

// abandon takes a command out whose caller has gone; false when it is in a
// frame already and its outcome is open.
func (q *queue) abandon(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.taken {
		return false
	}
	for i, other := range q.waiting {
		if other == w {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			q.bytes -= w.size
			return true
		}
	}
	return false
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// refuse answers everything that waits that it was not taken.
func (q *queue) refuse(c code.Code) {
	q.mu.Lock()
	waiting := q.waiting
	q.waiting, q.bytes = nil, 0
	q.mu.Unlock()
	for _, w := range waiting {
		w.answer(outcome{refusal: c})
	}
}

// closeAll refuses everything that waits and everything to come.
func (q *queue) closeAll(c code.Code) {
	q.mu.Lock()
	waiting := q.waiting
	q.waiting, q.bytes, q.closed = nil, 0, c
	q.mu.Unlock()
	for _, w := range waiting {
		w.answer(outcome{refusal: c})
	}
}
