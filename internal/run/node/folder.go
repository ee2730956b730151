package node

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// folderSection is what the folder is called, and the journal in it.
func folderSection(c *Config) config.Section {
	return config.Section{
		Settings: []config.Setting{
			config.File("data", "The data folder. It holds everything the node must not lose.", &c.Data),
			config.Key("log_name", "Name of the journal in its signed checkpoints, like `pay.example.com/journal`; fixed when the folder is made.", &c.LogName),
		},
		Default: func() { c.Data, c.LogName = "data", "holdfast.local/journal" },
		Check: func(k *config.Checker) {
			k.That(c.Data != "", "data", "it is empty", "name the data folder")
			n := c.LogName // a note's key name has no space and no plus sign
			k.That(n != "" && len(n) <= 96 && !strings.ContainsAny(n, "+ \t\n"), "log_name",
				"it must have 1 to 96 characters without spaces and plus signs", "pay.example.com/journal")
		},
	}
}

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
