package sim

import (
	"hash/crc64"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// seen is what the checkers have watched so far.
type seen struct {
	marks   map[uint64]mark // by log index
	roots   map[uint64][32]byte
	leaders map[uint64]uint64 // by term: the member that led it
	term    uint64            // the highest there was
	shocks  uint64            // terms that what happened may explain
	keys    map[string]string // data keys by their names
	signed  uint64            // the log index of the newest checkpoint
	reached map[string]int    // what happened, for the test that everything does
	came    map[outcome]int   // how clients' commands came out, likewise
}

// outcome is how a command came out.
type outcome struct {
	number catalogue.Number
	code   code.Code
}

// mark is where a state stood after an index.
type mark struct {
	head uint64 // of the head's row, which holds digests, root and counters
	by   string
}

func (s *seen) init() {
	s.marks, s.roots, s.leaders = make(map[uint64]mark), make(map[uint64][32]byte), make(map[uint64]uint64)
	s.keys = make(map[string]string)
	s.shocks, s.reached, s.came = 6, make(map[string]int), make(map[outcome]int)
}

// reach counts that something happened which runs are meant to get to.
func (w *World) reach(what string) { w.seen.reached[what]++ }

var polynomial = crc64.MakeTable(crc64.ECMA)

// observe compares the state at its applied index with every other state that
// was there, and its journal with every other of its size.
func (p *process) observe() {
	if p.applied == 0 {
		return
	}
	w := p.w
	stored, _, err := p.disk.state.Load(table.K(table.Head), nil)
	if err != nil {
		p.stop(err)
		return
	}
	m := mark{head: crc64.Checksum(stored, polynomial), by: p.node.name}
	if other, ok := w.seen.marks[p.applied]; !ok {
		w.seen.marks[p.applied] = m
		w.note(p.applied, m.head)
	} else if other.head != m.head {
		w.fail("digests", "after entry %d the state of %s is not that of %s", p.applied, m.by, other.by)
	}
	position := p.machine.Position()
	w.publish(position.JournalSize, position.JournalRoot, p.node.name)
}

// publish notes a journal's size and root: there must be one root a size.
func (w *World) publish(size uint64, root [32]byte, by string) {
	if other, ok := w.seen.roots[size]; !ok {
		w.seen.roots[size] = root
	} else if other != root {
		w.fail("journal", "%s has another journal of %d entries than was seen before", by, size)
	}
}

// watchLeader notes who leads: one member a term.
func (w *World) watchLeader(p *process) {
	w.seen.term = max(w.seen.term, p.term)
	w.note(p.term, p.disk.id.RaftID)
	if !p.leads {
		return
	}
	w.tell(p.node.name, "leads term %d", p.term)
	w.reach("a leader")
	id := p.disk.id.RaftID ^ p.session
	if other, ok := w.seen.leaders[p.term]; ok && other != id {
		w.fail("leaders", "%s leads term %d, which another one has led", p.node.name, p.term)
	}
	w.seen.leaders[p.term] = id
}
