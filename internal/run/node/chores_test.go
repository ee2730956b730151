package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/journal"
)

// TestLogIsCut: what the state has on disk leaves the log when it is old
// enough, and a restart finds everything all the same.
func TestLogIsCut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	s.purchase(n)
	c := &chores{replica: n.replica, store: n.store, log: n.raftLog, flushEvery: time.Minute}
	now := time.Now()
	if err := c.RunOnce(now); err != nil {
		t.Fatal(err)
	}
	if err := n.store.Flush(); err != nil { // the first look only began one
		t.Fatal(err)
	}
	if first, _ := n.raftLog.FirstIndex(); first != 1 {
		t.Errorf("fresh entries are cut: the log begins at %d", first)
	}
	if err := c.RunOnce(now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	first, err := n.raftLog.FirstIndex()
	if err != nil || first < 5 {
		t.Errorf("after an hour the log begins at %d, %v", first, err)
	}
	before := n.replica.Position()
	s.stop(n)
	n = s.open()
	defer s.stop(n)
	if after := n.replica.Position(); after.JournalRoot != before.JournalRoot {
		t.Errorf("after a restart %+v, before it %+v", after, before)
	}
}

// TestCoveringWaits: a receipt waits for the checkpoint that covers it, as long
// as its caller does.
func TestCoveringWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.journal.checkpoints.Covering(ctx, 1<<40); !isNotCovered(err) {
		t.Errorf("an entry that is not there: %v", err)
	}
	type answer struct {
		cp  journal.Signed
		err error
	}
	next := n.replica.Position().JournalSize
	answers := make(chan answer, 1)
	go func() {
		cp, err := n.journal.checkpoints.Covering(t.Context(), next)
		answers <- answer{cp, err}
	}()
	s.purchase(n)
	if a := <-answers; a.err != nil || a.cp.Size <= next {
		t.Errorf("entry %d: %v, %v", next, a.cp.Checkpoint, a.err)
	}
}

func isNotCovered(err error) bool { return errors.Is(err, journal.ErrNotCovered) }
