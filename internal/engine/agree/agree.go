package agree

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// maxRounds bounds the questions of which answers are still taken: members
	// that lag by more than so many intervals are not waited for.
	maxRounds = 8
	// maxWaiting bounds the asks and the verdicts that are ahead of this node, for
	// each peer.
	maxWaiting = 16
)

// Members are who takes part, as of a call. During a joint change Voters are
// those of both halves.
type Members struct {
	// Voters' marks are counted; this node's own id is among them when it votes.
	Voters []uint64
	// Learners are asked as well, and named when they differ, and count nothing.
	Learners []uint64
}

func (m Members) votes(id uint64) bool { return slices.Contains(m.Voters, id) }

func (m Members) has(id uint64) bool { return m.votes(id) || slices.Contains(m.Learners, id) }

// Event is what the driver is to do, or to know: Send, Agreed, Diverged, Differs
// or Split.
type Event interface{ event() }

// Send: hand Mark to the network for To; it may be lost.
type Send struct {
	To   uint64
	Mark *pb.Mark
}

// Agreed: a majority of voters had Mark, and so had this node. A checkpoint over
// it may be signed and published. It comes once for an index, on each node, and
// its indexes only grow.
type Agreed struct{ Mark Mark }

// Diverged: a majority of voters has Theirs where this node has Mine. It must
// stop serving and heal from a snapshot of a peer that Agreed.
type Diverged struct{ Mine, Theirs Mark }

// Differs: Peer has Theirs where this node and a majority of voters have Mine.
type Differs struct {
	Peer         uint64
	Mine, Theirs Mark
}

// Split: all voters answered and no mark has a majority, as with two voters that
// differ. Nobody can tell who is right; an operator must look.
type Split struct{ Marks []Named }

// Named is who had which mark.
type Named struct {
	Member uint64
	Mark   Mark
}

func (Send) event()     {}
func (Agreed) event()   {}
func (Diverged) event() {}
func (Differs) event()  {}
func (Split) event()    {}

// Agreement is one node's part. It belongs to one goroutine.
type Agreement struct {
	self     uint64
	ring     ring
	rounds   []*round // at most maxRounds, by index
	asks     []ask    // ahead of this node
	verdicts []verdict
	agreed   uint64 // the index of the last Agreed
}

// ask is a peer's question for a mark that is not there yet.
type ask struct{ from, index uint64 }

// verdict is what a peer says that a majority has, ahead of this node.
type verdict struct {
	from uint64
	mark Mark
}

// New returns the part of the member self, which remembers nothing yet: tell it
// by Applied where the state stands when it is opened. A node that installed a
// snapshot begins with a new one.
func New(self uint64) *Agreement { return &Agreement{self: self} }

// Last is the newest mark that Applied was told; ok is false before the first.
func (a *Agreement) Last() (Mark, bool) { return a.ring.get(a.ring.last) }

// At is the mark at a log index; ok is false when it is not remembered.
func (a *Agreement) At(index uint64) (Mark, bool) { return a.ring.get(index) }

// Applied remembers the mark of the frame just applied. Call it for each index
// in order. It returns those who asked for it before.
func (a *Agreement) Applied(m Mark, members Members) []Event {
	must.That(m.Index > a.ring.last, "marks come in the order of their indexes")
	a.ring.put(m)
	var out []Event
	if len(a.asks) > 0 {
		out = a.answerWaiting(members)
	}
	if len(a.verdicts) > 0 {
		out = append(out, a.judgeWaiting(members)...)
	}
	return out
}

func (a *Agreement) answerWaiting(members Members) (out []Event) {
	a.asks = slices.DeleteFunc(a.asks, func(q ask) bool {
		if q.index > a.ring.last {
			return false
		}
		out = append(out, a.answer(q.from, q.index, members)...)
		return true
	})
	return out
}

func (a *Agreement) judgeWaiting(members Members) (out []Event) {
	var due []verdict
	a.verdicts = slices.DeleteFunc(a.verdicts, func(v verdict) bool {
		if v.mark.Index > a.ring.last {
			return false
		}
		due = append(due, v)
		return true
	})
	for _, v := range due {
		out = append(out, a.judge(v, members)...)
	}
	return out
}

// Start asks all members for their mark at index: the leader calls it once per
// checkpoint interval with its own position. Called again at the same index it
// asks those who have not answered and, once there is a verdict, repeats that for
// who was away. It does nothing when index is not remembered.
func (a *Agreement) Start(index uint64, members Members) []Event {
	return a.start(index, members, true)
}

func (a *Agreement) start(index uint64, members Members, leads bool) []Event {
	mine, ok := a.ring.get(index)
	if !ok {
		return nil
	}
	r := a.roundAt(index)
	if r == nil {
		r = newRound(a.self, mine, members, leads)
		a.rounds = append(a.rounds, r)
		if len(a.rounds) > maxRounds {
			a.rounds = slices.Delete(a.rounds, 0, 1)
		}
	}
	repeated := r.leads && r.majority != nil && r.mine.Same(*r.majority)
	r.leads = r.leads || leads
	out := r.questions()
	if repeated {
		out = append(out, r.verdicts()...)
	}
	return append(out, a.decide(r)...)
}

func (a *Agreement) roundAt(index uint64) *round {
	for _, r := range a.rounds {
		if r.mine.Index == index {
			return r
		}
	}
	return nil
}

// Step takes in what a member sent. Strangers, and whatever is malformed, late
// or repeated, change nothing.
func (a *Agreement) Step(from uint64, p *pb.Mark, members Members) []Event {
	if from == a.self || !members.has(from) {
		return nil
	}
	if p.GetKind() == KindAsk {
		return a.asked(from, p.GetIndex(), members)
	}
	m, ok := fromMessage(p)
	switch {
	case !ok:
		return nil
	case p.Kind == KindAnswer:
		return a.answered(from, m)
	case p.Kind == KindVerdict && members.votes(from):
		return a.told(verdict{from, m}, members)
	}
	return nil
}

func (a *Agreement) asked(from, index uint64, members Members) []Event {
	if index <= a.ring.last {
		return a.answer(from, index, members)
	}
	q := ask{from, index}
	waiting := 0
	for _, w := range a.asks {
		if w == q {
			return nil
		}
		if w.from == from {
			waiting++
		}
	}
	if waiting < maxWaiting { // the oldest stay: they are answered first
		a.asks = append(a.asks, q)
	}
	return nil
}

// answer tells a member this node's mark, if it is still remembered.
func (a *Agreement) answer(to, index uint64, members Members) []Event {
	m, ok := a.ring.get(index)
	if !ok || !members.has(to) {
		return nil
	}
	return []Event{Send{to, m.message(KindAnswer)}}
}

func (a *Agreement) answered(from uint64, m Mark) []Event {
	r := a.roundAt(m.Index)
	if r == nil || !r.take(from, m) {
		return nil
	}
	return a.decide(r)
}

// told takes in a verdict, or keeps it until this node is there.
func (a *Agreement) told(v verdict, members Members) []Event {
	if v.mark.Index <= a.ring.last {
		return a.judge(v, members)
	}
	waiting := 0
	for _, w := range a.verdicts {
		if w.from == v.from {
			waiting++
		}
	}
	if waiting < maxWaiting && !slices.Contains(a.verdicts, v) {
		a.verdicts = append(a.verdicts, v)
	}
	return nil
}

// judge compares a verdict with this node's own mark. Who differs asks for
// itself before it believes it.
func (a *Agreement) judge(v verdict, members Members) []Event {
	mine, ok := a.ring.get(v.mark.Index)
	switch {
	case !ok:
		return nil
	case mine.Same(v.mark):
		return a.agree(mine)
	}
	return a.start(mine.Index, members, false)
}

// agree reports an index once, and never one below the last.
func (a *Agreement) agree(m Mark) []Event {
	if m.Index <= a.agreed {
		return nil
	}
	a.agreed = m.Index
	return []Event{Agreed{m}}
}
