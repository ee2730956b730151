package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// logStore is the raft log, and the checkpoint it is held against.
type logStore struct {
	part
	disk DiskConfig
	cfg  JournalConfig
}

// Start applies the start-up rules and opens the raft log. The rules are
// applied to a log opened for looking first: opening it for writing rewrites
// files, and a folder that is refused must be whole again as soon as the damaged
// file is put back.
func (n *logStore) Start(context.Context) error {
	if err := n.openPublished(); err != nil {
		return err
	}
	if exists(n.path("log")) {
		if err := n.lookAtLog(); err != nil {
			return err
		}
	}
	l, err := n.openLog(n.disk, false)
	if err != nil {
		return err
	}
	n.raftLog = l
	n.onClose("raft log", l.Close)
	if err := n.checkLog(l); err != nil {
		return err
	}
	return n.store.SetIdentity(l.Identity())
}

// lookAtLog checks a log without changing anything. A folder that never held one
// is as good as none, as long as nothing says that there was one.
func (n *logStore) lookAtLog() error {
	look, err := n.openLog(n.disk, true)
	if errors.Is(err, raftlog.ErrEmpty) {
		known, ierr := n.store.Identity()
		if _, published := n.journal.publisher.Latest(); ierr == nil && known.IsZero() && !published {
			return nil
		}
		return &Damaged{n.path("log"), "the log's files are missing while the state is there; put them back from a copy"}
	}
	if err != nil {
		return err
	}
	return errors.Join(n.checkLog(look), look.Close())
}

func (n *shared) openLog(disk DiskConfig, readOnly bool) (*raftlog.Log, error) {
	return raftlog.Open(n.path("log"), raftlog.Options{Fatal: n.fatal, Logger: n.log, ReadOnly: readOnly,
		Identity: n.identity(), Snapshot: n.offer.Snapshot,
		KeepBytes: uint64(disk.KeepLog), KeepFor: disk.KeepLogFor.Std()})
}

// checkLog refuses a log that belongs to another state, or that does not reach
// as far as the state, the acknowledged index and the checkpoint say.
func (n *logStore) checkLog(l *raftlog.Log) error {
	known, err := n.store.Identity()
	if err != nil {
		return err
	}
	if !known.IsZero() && known != l.Identity() {
		return &Damaged{n.dir, fmt.Sprintf("state and log come from two data folders (%s; %s); put the right one back", known, l.Identity())}
	}
	facts := raftlog.StartFacts{}
	head, ok, err := n.store.DurableHead()
	if err != nil {
		return err
	}
	if ok {
		facts.DurableApplied, facts.DurableAppliedTerm = head.AppliedIndex, head.AppliedTerm
	}
	if cp, ok := n.journal.publisher.Latest(); ok {
		facts.CheckpointIndex = cp.Index
	}
	return l.CheckStart(facts)
}

// openPublished reads the checkpoint published last.
func (n *logStore) openPublished() error {
	verifier, err := journal.ParseVerifier(n.keys.CheckpointVerifier())
	if err != nil {
		return err
	}
	n.journal.prover = journal.NewProver()
	n.journal.publisher, err = journal.OpenPublisher(n.dir, n.keys.CheckpointSigner(), verifier, n.journal.prover)
	n.journal.checkpoints = newCheckpoints(n.journal.publisher, n.cfg.CheckpointInterval.Std(), n.log)
	return err
}
