package replica

import (
	"fmt"
	"maps"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// marks is this node's part in making sure that all nodes hold the same state.
// The applier tells it where the state stands, the loop what peers say.
type marks struct {
	mu     sync.Mutex
	agree  *agree.Agreement
	out    []agree.Event // for the loop
	last   agree.Mark    // agreed on last
	differ map[uint64]agree.Mark
	wake   chan struct{}
}

func (k *marks) init(self uint64, m *machine.Machine) {
	k.agree, k.differ, k.wake = agree.New(self), map[uint64]agree.Mark{}, make(chan struct{}, 1)
	if at := markOf(m); at.Index > 0 {
		k.agree.Applied(at, agree.Members{})
	}
}

func markOf(m *machine.Machine) agree.Mark {
	p := m.Position()
	return agree.Mark{Index: p.Index, Size: p.JournalSize, Root: p.JournalRoot, Digest: m.Digest()}
}

// do runs one step of the agreement and leaves what follows from it to the loop.
func (k *marks) do(step func(*agree.Agreement) []agree.Event) {
	k.mu.Lock()
	events := step(k.agree)
	k.out = append(k.out, events...)
	k.mu.Unlock()
	if len(events) > 0 {
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
}

func (k *marks) take() []agree.Event {
	k.mu.Lock()
	defer k.mu.Unlock()
	events := k.out
	k.out = nil
	return events
}

// Agree asks all nodes for their mark where this node's state stands; the leader
// calls it once per checkpoint interval. What comes of it reaches Options.Agreed.
func (r *Replica) Agree() {
	if !r.seq.Leads() {
		return
	}
	r.marks.do(func(a *agree.Agreement) []agree.Event { return a.Start(r.Applied(), r.seq.Electorate()) })
}

// Agreed is the mark that this node and a majority of voters agreed on last, and
// which others had another one when they were asked, by raft id.
func (r *Replica) Agreed() (last agree.Mark, differ map[uint64]agree.Mark) {
	r.marks.mu.Lock()
	defer r.marks.mu.Unlock()
	return r.marks.last, maps.Clone(r.marks.differ)
}

// Diverged stops a node whose state is not the majority's.
type Diverged struct{ Mine, Theirs agree.Mark }

func (d *Diverged) Error() string {
	return fmt.Sprintf("at log index %d this node's state is not the majority's (journal of %d entries with root %x and tables %x; theirs %d, %x, %x): its own is set aside and fetched anew",
		d.Mine.Index, d.Mine.Size, d.Mine.Root[:4], d.Mine.Digest[:4], d.Theirs.Size, d.Theirs.Root[:4], d.Theirs.Digest[:4])
}

// follow up on what the agreement found; of the loop.
func (r *Replica) markEvents() {
	for _, e := range r.marks.take() {
		switch e := e.(type) {
		case agree.Send:
			r.seq.Member().SendMark(e.To, e.Mark)
		case agree.Agreed:
			r.marks.mu.Lock()
			r.marks.last = e.Mark
			r.marks.mu.Unlock()
			if r.opt.Agreed != nil {
				r.opt.Agreed(e.Mark)
			}
		case agree.Diverged:
			r.stop(&Diverged{e.Mine, e.Theirs})
		case agree.Differs:
			r.marks.mu.Lock()
			r.marks.differ[e.Peer] = e.Theirs
			r.marks.mu.Unlock()
			r.opt.Logger.Error("a node's state differs from the majority's", "raft_id", fmt.Sprintf("%016x", e.Peer), "index", e.Mine.Index)
		case agree.Split:
			r.opt.Logger.Error("the nodes' states differ and none has a majority: compare them with `holdfast verify`", "marks", fmt.Sprint(e.Marks))
		}
	}
}
