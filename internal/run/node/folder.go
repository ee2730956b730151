package node

import (
	"context"
	"errors"
	"os"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

// dataFolder makes or checks the data folder.
type dataFolder struct{ part }

// Start makes a fresh data folder or checks that none of its parts is
// missing.
func (n *dataFolder) Start(context.Context) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	keys, raft, state := keystore.Exists(n.dir), exists(n.path("log")), exists(n.path("state"))
	switch {
	case state && !raft:
		return n.startedBefore()
	case raft && !keys:
		return &Damaged{n.path("keys"), "the keystore is missing while the log is there; put it back from a copy"}
	}
	return nil
}

// startedBefore refuses a folder with a state and no log, unless its very first
// start ended before there was one: a state is given an identity only after the
// log has one.
func (n *dataFolder) startedBefore() error {
	s, err := store.Open(n.path("state"), store.Options{Fatal: n.fatal, Logger: n.log, ReadOnly: true})
	if errors.Is(err, store.ErrEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	id, err := s.Identity()
	if err = errors.Join(err, s.Abandon()); err != nil || id.IsZero() {
		return err
	}
	return &Damaged{n.path("log"), "the log's folder is missing while the state is there; put it back from a copy"}
}

// Damaged is a data folder that is not whole.
type Damaged struct{ Path, Text string }

func (d *Damaged) Error() string { return d.Path + ": " + d.Text }
