package raftlog

import (
	"fmt"

	"go.etcd.io/raft/v3/raftpb"
)

// StartFacts is what the rest of the node knows about how far the log must
// reach.
type StartFacts struct {
	// DurableApplied and DurableAppliedTerm come from the state's Head row as
	// store.DurableHead reads it; 0 for an empty state.
	DurableApplied     uint64
	DurableAppliedTerm uint64
	// CheckpointIndex is the log index of the newest published checkpoint; 0
	// when none was published.
	CheckpointIndex uint64
}

// StartError is why a node must not start: one sentence that names the folder
// or file and says what to do.
type StartError struct {
	Path  string // the folder or file concerned
	Index uint64 // the log index concerned; 0 when none
	Text  string
}

func (e *StartError) Error() string { return e.Text }

// CheckStart decides whether the node may start on this log. Every entry after
// DurableApplied is read and checked. It answers
//
//   - a *StartError when the log ends before the acknowledged index, before
//     DurableApplied, before the checkpoint or before what it itself knows to
//     be committed; when it begins after what the state needs; and when it
//     belongs to another history than the state;
//   - an *EntryError when an entry is missing or damaged.
//
// When it returns nil, InitialState's Commit is at least DurableApplied: a
// state may have been flushed before the log's record of the commit was
// written, and raft panics when it is told that something uncommitted is
// applied. Call it once, before raft.NewRawNode.
func (l *Log) CheckStart(facts StartFacts) error {
	if err := l.checkEnds(facts); err != nil {
		return err
	}
	if err := l.checkHistory(facts); err != nil {
		return err
	}
	if err := l.checkTail(facts); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if facts.DurableApplied > l.hard.GetCommit() {
		l.hard.Commit = &facts.DurableApplied
	}
	return nil
}

func stop(path string, index uint64, format string, args ...any) error {
	return &StartError{Path: path, Index: index, Text: fmt.Sprintf(format, args...)}
}

const putBack = "the end of the log is lost: put the folder back from a copy, or restore it from a backup"

// checkEnds compares the log's two ends with all that is known of them.
func (l *Log) checkEnds(facts StartFacts) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	acked := l.acked.noted.Load()
	switch {
	case acked > l.last:
		return stop(l.acked.path(), acked, "raft log %s ends at %d but %s says that %d was acknowledged; %s",
			l.dir, l.last, l.acked.path(), acked, putBack)
	case facts.DurableApplied > l.last:
		return stop(l.dir, facts.DurableApplied, "raft log %s ends at %d but the state holds %d; %s",
			l.dir, l.last, facts.DurableApplied, putBack)
	case facts.CheckpointIndex > l.last:
		return stop(l.dir, facts.CheckpointIndex, "raft log %s ends at %d but a checkpoint was published at %d; %s",
			l.dir, l.last, facts.CheckpointIndex, putBack)
	case l.hard.GetCommit() > l.last:
		return stop(l.dir, l.hard.GetCommit(), "raft log %s ends at %d but has %d committed; %s",
			l.dir, l.last, l.hard.GetCommit(), putBack)
	case facts.DurableApplied < l.cut:
		return stop(l.dir, facts.DurableApplied,
			"raft log %s begins at %d but the state ends at %d: the state's folder is older than the log; put it back from a copy, or restore both from a backup",
			l.dir, l.cut+1, facts.DurableApplied)
	case l.last > 0 && l.hard == nil:
		return stop(l.dir, 0, "raft log %s has entries but no hard state; put the folder back from a copy, or restore it from a backup", l.dir)
	}
	return nil
}

// checkHistory makes sure that the state was built from this log.
func (l *Log) checkHistory(facts StartFacts) error {
	if first, last := l.ends(); first <= last {
		if _, err := l.readEntry(first); err != nil {
			return err // a hole at the front
		}
	}
	if facts.DurableApplied == 0 {
		return nil
	}
	term, err := l.Term(facts.DurableApplied)
	if err != nil {
		return err
	}
	if term != facts.DurableAppliedTerm {
		return stop(l.dir, facts.DurableApplied,
			"raft log %s has term %d at %d but the state has term %d: they are not of one history; put back the folders that belong together",
			l.dir, term, facts.DurableApplied, facts.DurableAppliedTerm)
	}
	return nil
}

func (l *Log) ends() (first, last uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut + 1, l.last
}

// checkTail reads every entry that the state has not durably applied.
func (l *Log) checkTail(facts StartFacts) error {
	term := facts.DurableAppliedTerm
	var falls error
	tail := recent{limit: l.opt.RecentBytes}
	err := l.scan(facts.DurableApplied+1, l.last+1, func(e *raftpb.Entry) bool {
		if e.GetTerm() < term {
			falls = l.damaged(e.GetIndex(), fmt.Errorf("its term %d is below the term %d before it", e.GetTerm(), term))
			return false
		}
		term = e.GetTerm()
		tail.add([]*raftpb.Entry{e})
		return true
	})
	if err != nil {
		return err
	}
	if falls != nil {
		return falls
	}
	if term > l.hard.GetTerm() {
		return stop(l.dir, l.last, "raft log %s ends with term %d but its hard state is of term %d; put the folder back from a copy, or restore it from a backup",
			l.dir, term, l.hard.GetTerm())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent = tail
	return nil
}
