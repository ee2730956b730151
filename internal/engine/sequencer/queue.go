package sequencer

import (
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Limits of what waits; beyond them callers get code.Overloaded.
const (
	// MaxCommand is the most bytes one command may have.
	MaxCommand = 4 << 20
	// MaxFrame bounds the commands of one frame, in bytes.
	MaxFrame = 4 << 20
	// maxFrameCommands bounds the commands of one frame.
	maxFrameCommands = 8192
	// maxWaiting bounds the bytes that wait for a frame.
	maxWaiting = 64 << 20
	// maxWriting bounds the frames on their way to this node's own disk: what comes
	// meanwhile is better gathered into the next one, which costs a sync whatever its
	// size.
	maxWriting = 1
	// maxUnapplied bounds the frames proposed and not yet applied.
	maxUnapplied = 8
	// maxUnappliedBytes bounds their bytes.
	maxUnappliedBytes = 64 << 20
	// maxLag bounds those of them that are committed: one being applied, one being
	// finished, one to go on with. When who applies is so far behind, what comes is
	// better gathered into a larger frame, which costs less a command.
	maxLag = 3
	// While at least gatherFrom commands are committed and not yet applied, the next
	// frame waits for one command for every gatherShare of them. The callers of an
	// applied frame come back one by one, and without it the first of them would get
	// a frame, and an fsync, of its own. It costs nobody time: who applies is busy
	// with the others meanwhile, and whenever a frame is done it is looked at again.
	gatherFrom  = 32
	gatherShare = 4
)

// blankSeed keeps a queued command's encoded size what it will be.
var blankSeed = make([]byte, machine.SeedBytes)

// Outcome is what became of a command.
type Outcome struct {
	Result catalogue.Result
	// Refusal, unless it is OK, says that there is no Result: the command was not
	// taken, or, with code.Unknown, may or may not have been.
	Refusal code.Code
}

// Caller waits for the outcome of one command.
type Caller interface {
	// Answer is called once, by the loop or by who applies; it must not block.
	Answer(Outcome)
}

// Waiter is a command with its caller. It may be used again after the answer.
type Waiter struct {
	Command *pb.Command
	Caller  Caller

	size  int
	taken bool // by a frame; guarded by the queue's mutex
}

// Admit queues a command, or says why not: then the caller is not told anything
// else. Nobody but the Sequencer may touch the command afterwards.
func (s *Sequencer) Admit(w *Waiter) code.Code {
	switch {
	case s.readOnly.Load():
		return code.ReadOnly
	case !s.leads.Load():
		return code.NotLeader
	case s.opt.SpaceLow != nil && s.opt.SpaceLow():
		return code.DiskLow
	}
	if refusal := machine.Admissible(w.Command, s.opt.Level(), s.opt.Member.MaxLevel); refusal != code.OK {
		return refusal
	}
	w.Command.Origin, w.Command.Seed = s.opt.Member.Identity.RaftID, blankSeed
	w.size, w.taken = w.Command.SizeVT()+16, false
	if w.size > MaxCommand {
		return code.CommandTooLarge
	}
	return s.queue.put(w)
}

// Abandon takes a command out whose caller has gone; false when it is in a frame
// already and its outcome is open.
func (s *Sequencer) Abandon(w *Waiter) bool { return s.queue.abandon(w) }

// queue holds commands that wait for the next frame.
type queue struct {
	mu      sync.Mutex
	waiting []*Waiter
	bytes   int
	closed  bool
	wake    func()
	// wakeAt is how many have to wait before the loop is woken once more, 0 when it
	// does not wait for more.
	wakeAt int
}

// put queues a command.
func (q *queue) put(w *Waiter) code.Code {
	q.mu.Lock()
	switch {
	case q.closed:
		q.mu.Unlock()
		return code.Unknown
	case q.bytes+w.size > maxWaiting:
		q.mu.Unlock()
		return code.Overloaded
	}
	q.waiting = append(q.waiting, w)
	q.bytes += w.size
	news := len(q.waiting) == 1 || len(q.waiting) == q.wakeAt
	q.mu.Unlock()
	if news {
		q.wake()
	}
	return code.OK
}

// take removes at most a frame's worth of commands, oldest first; none before
// there are enough of them.
func (q *queue) take(enough int) (taken []*Waiter, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wakeAt = 0; len(q.waiting) < enough {
		q.wakeAt = enough
		return nil, 0
	}
	n := 0
	for n < len(q.waiting) && n < maxFrameCommands && (n == 0 || bytes+q.waiting[n].size <= MaxFrame) {
		q.waiting[n].taken = true
		bytes += q.waiting[n].size
		n++
	}
	taken = append(taken, q.waiting[:n]...)
	rest := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	q.bytes -= bytes
	return taken, bytes
}

func (q *queue) abandon(w *Waiter) bool {
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

// refuse tells everything that waits that it was not taken.
func (q *queue) refuse(c code.Code) {
	q.mu.Lock()
	waiting := q.waiting
	q.waiting, q.bytes = nil, 0
	q.mu.Unlock()
	for _, w := range waiting {
		w.Caller.Answer(Outcome{Refusal: c})
	}
}

// close refuses everything that waits and everything to come: nobody takes it any
// more.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.refuse(code.Unknown)
}
