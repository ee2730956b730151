package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Options configures a verification.
type Options struct {
	// MasterKey is the path of the keystore's master key; "" is the default one.
	MasterKey string
	// Progress is told of each step as it begins. May be nil.
	Progress func(step string)
	// Quarantined as in machine.Options: what the node was told to refuse.
	Quarantined func(index uint64, position int) bool
	Logger      *slog.Logger
}

// Folder verifies the data folder dir. The error says why it could not do its
// work (the folder is not there, a node has it open, this binary is too old); what it found wrong is in
// the report.
func Folder(ctx context.Context, dir string, opt Options) (*Report, error) {
	if opt.Progress == nil {
		opt.Progress = func(string) {}
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	v := &verifier{dir: dir, opt: opt, report: &Report{Dir: dir, Problems: []Problem{}}}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"keys", v.keys}, {"log", v.openLog}, {"state", v.openState}, {"log", v.logReaches},
		{"journal", v.journal}, {"books", v.books}, {"tail", v.tail}, {"checkpoint", v.checkpoint},
	} {
		opt.Progress(step.name)
		if err := step.run(ctx); err != nil {
			return nil, errors.Join(err, v.close())
		}
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(err, v.close())
		}
	}
	v.report.OK = len(v.report.Problems) == 0
	return v.report, v.close()
}

// verifier carries one verification from step to step. A store that could not
// be opened is nil, and the steps that need it pass.
type verifier struct {
	dir    string
	opt    Options
	report *Report

	public *keystore.Public
	log    *raftlog.Log
	state  *store.Store
	head   *pb.Head
	layer  *layer // the state with the log's tail applied
}

func (v *verifier) close() error {
	var errs []error
	if v.state != nil {
		errs = append(errs, v.state.Abandon())
	}
	if v.log != nil {
		errs = append(errs, v.log.Close())
	}
	return errors.Join(errs...)
}

// keys opens the keystore read-only; every file of it is checked on the way.
func (v *verifier) keys(context.Context) error {
	_, err := keystore.Open(v.dir, keystore.Options{MasterKey: v.opt.MasterKey, ReadOnly: true})
	if err != nil {
		v.problem("keys", filepath.Join(v.dir, "keys"), err)
	}
	v.public, err = keystore.ReadPublic(v.dir)
	if err != nil {
		v.problem("keys", filepath.Join(v.dir, "keys", "public"), err)
	}
	return nil
}

// problem reports an error, under the file that it names where it names one.
func (v *verifier) problem(step, where string, err error) {
	var key *keystore.Damage
	var start *raftlog.StartError
	switch {
	case errors.As(err, &key):
		where = key.File
	case errors.As(err, &start) && start.Path != "":
		where = start.Path
	}
	v.report.add(step, where, "%v", err)
}

func (v *verifier) openLog(context.Context) error {
	dir := filepath.Join(v.dir, "log")
	log, err := raftlog.Open(dir, raftlog.Options{ReadOnly: true, Logger: v.opt.Logger, Fatal: v.fatal("log")})
	if err != nil {
		if lockedByOther(err) {
			return fmt.Errorf("%s is in use: stop the node first: %w", dir, err)
		}
		v.problem("log", dir, err)
		return nil
	}
	v.log = log
	return log.Verify(func(err error) bool {
		v.problem("log", dir, err)
		return !v.report.full()
	})
}

func (v *verifier) openState(context.Context) error {
	dir := filepath.Join(v.dir, "state")
	st, err := store.Open(dir, store.Options{ReadOnly: true, Logger: v.opt.Logger, Fatal: v.fatal("state")})
	if err != nil {
		if lockedByOther(err) {
			return fmt.Errorf("%s is in use: stop the node first: %w", dir, err)
		}
		v.problem("state", dir, err)
		return nil
	}
	v.state = st
	if err := st.VerifyFiles(func(err error) bool {
		v.problem("state", dir, err)
		return !v.report.full()
	}); err != nil {
		return err
	}
	head, ok, err := st.DurableHead()
	if err != nil {
		v.problem("state", dir, err)
		return nil
	}
	if !ok {
		head = &pb.Head{}
	}
	if head.Level > machine.MaxLevel {
		return &machine.Outdated{Level: head.Level, Known: machine.MaxLevel}
	}
	v.head = head
	v.report.Applied = head.AppliedIndex
	if len(v.report.Problems) == 0 {
		v.digests()
		v.count()
	}
	return nil
}

// fatal turns what would end a node into a problem: verify only looks.
func (v *verifier) fatal(step string) func(error) {
	return func(err error) { v.problem(step, filepath.Join(v.dir, step), err) }
}

// logReaches asks the log whether a node could start on it.
func (v *verifier) logReaches(context.Context) error {
	if v.log == nil || v.head == nil {
		return nil
	}
	if v.state != nil {
		id, err := v.state.Identity()
		if err != nil {
			v.problem("state", filepath.Join(v.dir, "state"), err)
		} else if !id.IsZero() && id != v.log.Identity() {
			v.report.add("state", filepath.Join(v.dir, "state"), "belongs to %s, the log to %s", id, v.log.Identity())
		}
	}
	facts := raftlog.StartFacts{DurableApplied: v.head.AppliedIndex, DurableAppliedTerm: v.head.AppliedTerm}
	if signed, err := v.published(); err == nil {
		facts.CheckpointIndex = signed.Index
	}
	if err := v.log.CheckStart(facts); err != nil {
		v.problem("log", filepath.Join(v.dir, "log"), err)
	}
	v.report.Last, _ = v.log.LastIndex()
	return nil
}

// published reads the published checkpoint; fs.ErrNotExist when there is none.
func (v *verifier) published() (journal.Signed, error) {
	if v.public == nil {
		return journal.Signed{}, fs.ErrNotExist
	}
	key, err := note.NewVerifier(v.public.CheckpointVerifier)
	if err != nil {
		return journal.Signed{}, fmt.Errorf("the journal's public key: %w", err)
	}
	return journal.ReadCheckpoint(v.dir, key)
}

func (v *verifier) journal(context.Context) error {
	if v.state != nil && v.head.GetJournalSize() > 0 {
		v.checkJournal("journal", v.state, v.head)
	}
	return nil
}

// checkJournal re-derives the journal and the balances from its postings.
func (v *verifier) checkJournal(step string, b table.Backend, head *pb.Head) {
	snap := b.Snapshot()
	defer snap.Close()
	balances := journal.NewBalances()
	fault := func(seq uint64, what string) { v.report.add(step, fmt.Sprintf("entry %d", seq), "%s", what) }
	signed, codes := newConsents(fault), newShown(fault)
	err := journal.Check(snap, head.JournalSize, head.JournalRoot, func(seq uint64, e *pb.Entry) error {
		signed.add(seq, e)
		codes.add(seq, e)
		return balances.Add(seq, e)
	})
	v.report.Consents = signed.count
	if err != nil {
		v.problem(step, "journal", err)
		return
	}
	differ, err := balances.Compare(snap)
	if err != nil {
		v.problem(step, "accounts", err)
	}
	for _, d := range differ {
		v.report.add(step, d.Account, "%s", d)
	}
}

func (v *verifier) books(context.Context) error {
	if v.state != nil && len(v.report.Problems) == 0 {
		v.checkBooks("books", v.state, v.head)
	}
	return nil
}

// tail applies what the log has beyond the state into a layer in memory and
// checks the outcome like the state itself.
func (v *verifier) tail(context.Context) error {
	if v.state == nil || v.log == nil || len(v.report.Problems) > 0 {
		return nil
	}
	v.layer = newLayer(v.state)
	m, err := machine.Open(v.layer, machine.Options{Quarantined: v.opt.Quarantined})
	if err != nil {
		v.problem("tail", "state", err)
		return nil
	}
	for next := v.head.AppliedIndex + 1; next <= v.report.Last; {
		entries, err := v.log.Entries(next, v.report.Last+1, 4<<20)
		if err != nil {
			v.problem("tail", filepath.Join(v.dir, "log"), err)
			return nil
		}
		for _, e := range entries {
			_, err := m.Apply(e.GetIndex(), e.GetTerm(), e.GetData())
			if old := (*machine.Outdated)(nil); errors.As(err, &old) {
				return err
			}
			if err != nil {
				v.report.add("tail", fmt.Sprintf("log entry %d", e.GetIndex()), "cannot be applied: %v", err)
				return nil
			}
			v.report.Replayed++
		}
		next += uint64(len(entries))
	}
	return v.afterTail()
}

func (v *verifier) afterTail() error {
	snap := v.layer.Snapshot()
	defer snap.Close()
	head, ok := machine.Head(snap)
	if !ok {
		return nil
	}
	v.head = head
	v.count()
	v.report.JournalSize, v.report.Root = head.JournalSize, rootText(head.JournalRoot)
	if v.report.Replayed > 0 {
		v.checkJournal("tail", v.layer, head)
		v.checkBooks("tail", v.layer, head)
	}
	return nil
}

func rootText(root []byte) string {
	var h tlog.Hash
	copy(h[:], root)
	return h.String()
}

// checkpoint checks that the journal extends what was published.
func (v *verifier) checkpoint(context.Context) error {
	path := filepath.Join(v.dir, journal.CheckpointFile)
	signed, err := v.published()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		v.problem("checkpoint", path, err)
		return nil
	}
	v.report.CheckpointSize = signed.Size
	if v.layer == nil {
		return nil
	}
	snap := v.layer.Snapshot()
	defer snap.Close()
	if signed.Size > v.head.JournalSize {
		v.report.add("checkpoint", path, "is for %d entries, the journal has %d", signed.Size, v.head.JournalSize)
		return nil
	}
	root, err := journal.RootAt(snap, signed.Size)
	if err != nil {
		v.problem("checkpoint", path, err)
	} else if root != signed.Root {
		v.report.add("checkpoint", path, "says root %s at size %d, the journal has %s", signed.Root, signed.Size, root)
	}
	return nil
}
