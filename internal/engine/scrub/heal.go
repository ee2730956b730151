package scrub

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// Keys checks the keystore's files and mends them.
func Keys(k *keystore.Store) Copy {
	return Copy{
		Name: "keystore",
		Check: func() (Finding, bool, error) {
			err := k.Check()
			if err == nil {
				return Finding{}, false, nil
			}
			if f, ok := FromKeys(err, k.MasterKeyPath()); ok {
				return f, true, nil
			}
			if errors.Is(err, fs.ErrNotExist) {
				return Finding{Kind: KeystoreFile, Where: "keystore", Cause: err}, true, nil
			}
			return Finding{}, false, err
		},
		Kind: KeystoreFile, Rewrite: k.Rewrite,
	}
}

// Checkpoint checks the published checkpoint's file and mends it.
func Checkpoint(p *journal.Publisher) Copy {
	return Copy{
		Name: "checkpoint",
		Check: func() (Finding, bool, error) {
			err := p.CheckFile()
			if err == nil {
				return Finding{}, false, nil
			}
			if errors.Is(err, journal.ErrCheckpoint) || errors.Is(err, fs.ErrNotExist) {
				return Finding{Kind: CheckpointFile, Where: p.Path(), Cause: err}, true, nil
			}
			return Finding{}, false, err
		},
		Kind: CheckpointFile, Rewrite: p.Rewrite,
	}
}

// ErrNotMine is what Mend returns for an action that takes the whole node, or
// nobody can carry out.
var ErrNotMine = errors.New("it takes more than the scrubber to heal this")

// Mend carries out an action that needs nothing but the stores and what is in
// memory, and takes the finding off the list. The other actions are the node's:
// they answer ErrNotMine.
func (s *Scrubber) Mend(f Finding, a Action) error {
	var err error
	switch a {
	case CutLog:
		err = s.cutLog(f)
	case RewriteAcked:
		err = s.opt.Log.RewriteAcked()
	case RewriteKeys, RewriteCheckpoint:
		err = s.rewrite(f.Kind)
	default:
		return ErrNotMine
	}
	if err != nil {
		return fmt.Errorf("heal %s by %s: %w", f.Where, a, err)
	}
	s.Healed(f)
	s.opt.Logger.Info("damage healed", "kind", f.Kind, "where", f.Where, "by", a.String())
	return nil
}

func (s *Scrubber) rewrite(kind Kind) error {
	for _, c := range s.opt.Copies {
		if c.Kind == kind {
			return c.Rewrite()
		}
	}
	return ErrNotMine
}

// cutLog makes the state durable, so that the log may forget what is damaged.
func (s *Scrubber) cutLog(f Finding) error {
	if err := s.opt.State.Flush(); err != nil {
		return err
	}
	head, ok, err := s.opt.State.DurableHead()
	if err != nil {
		return err
	}
	if !ok || head.AppliedIndex < f.Last {
		return fmt.Errorf("the state has %d on disk and %d is damaged", head.GetAppliedIndex(), f.Last)
	}
	return s.opt.Log.Compact(head.AppliedIndex)
}
