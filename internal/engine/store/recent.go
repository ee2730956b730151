package store

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// recent is the snapshot of what was committed last. Whoever reads before the next
// commit shares it: opening one costs little, but with each that is closed Pebble
// looks for something to compact.
type recent struct {
	mu  sync.Mutex
	now *pinned // nil after a commit, until somebody reads
}

// pinned is one snapshot and how many have it open.
type pinned struct {
	snap  *pebble.Snapshot
	epoch uint64 // of hot before the snapshot was opened
	users int    // under recent.mu; the store itself is none
	old   bool   // something was committed since: the last user closes it
}

// open returns the recent snapshot, by open when there is none.
func (r *recent) open(open func() *pinned) *pinned {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil {
		r.now = open()
	}
	r.now.users++
	return r.now
}

// close ends one use.
func (r *recent) close(p *pinned) error {
	r.mu.Lock()
	p.users--
	unused := p.users == 0 && p.old
	r.mu.Unlock()
	if !unused {
		return nil
	}
	return p.snap.Close()
}

// forget has those who open one from now on see what was committed until now.
func (r *recent) forget() error {
	r.mu.Lock()
	p := r.now
	r.now = nil
	unused := false
	if p != nil {
		p.old = true
		unused = p.users == 0
	}
	r.mu.Unlock()
	if !unused {
		return nil
	}
	return p.snap.Close()
}
