package node

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// keySweep deletes data keys that were drawn for commands which were never applied. The
// leader does it; the marks of deleted keys reach the others.
type keySweep struct {
	*shared
	// unnamed are those that the last look found, in term.
	unnamed map[string]bool
	term    uint64
}

const (
	// sweepAfter is how old a key must be: twice as old as it may be when a command is
	// proposed that names it.
	sweepAfter = 24 * time.Hour
	// lookForUnnamed is the time between looks. What was on its way into the state at
	// one look has arrived at the next, or never will.
	lookForUnnamed = time.Hour
)

// look deletes the old keys that no row names now and none named at the look before, in
// a term that this node has led since.
func (w *keySweep) look(ctx context.Context) error {
	if !w.leadsOn() {
		return nil
	}
	var found []string
	err := w.replica.ReadLatest(ctx, func(r table.Reader) error {
		found = w.ring.Unnamed(r, time.Now().Add(-sweepAfter))
		return nil
	})
	if err != nil || !w.leadsOn() {
		return err
	}
	before := w.unnamed
	w.unnamed = map[string]bool{}
	var orphans []string
	for _, id := range found {
		if before[id] {
			orphans = append(orphans, id)
		} else {
			w.unnamed[id] = true
		}
	}
	if len(orphans) == 0 {
		return nil
	}
	w.log.Info("data keys that nothing was sealed under are deleted", "keys", len(orphans))
	return w.ring.Delete(orphans...)
}

// leadsOn says whether this node leads, and forgets what it found in another term.
func (w *keySweep) leadsOn() bool {
	s := w.replica.Status()
	if s.Term != w.term || !w.replica.Leads() {
		w.unnamed, w.term = nil, s.Term
	}
	return w.replica.Leads() && w.replica.Position().Level >= person.LevelSealed
}
