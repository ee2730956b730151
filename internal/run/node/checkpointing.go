package node

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// JournalConfig is the provable history.
type JournalConfig struct {
	CheckpointInterval config.Duration `toml:"checkpoint_interval" yaml:"checkpoint_interval"`
}

// journalSection is how often checkpoints are published.
func journalSection(c *Config) config.Section {
	j := &c.Journal
	return config.Section{
		Name: "journal",
		Settings: []config.Setting{
			config.Key("checkpoint_interval", "Least time between two signed checkpoints; a receipt waits for the next one.", &j.CheckpointInterval),
		},
		Default: func() { j.CheckpointInterval = second },
		Check: func(k *config.Checker) {
			k.Times("checkpoint_interval", j.CheckpointInterval, 10*time.Millisecond, time.Minute)
		},
	}
}

// checkpointing publishes checkpoints and hands out receipts.
type checkpointing struct{ part }

func (n *checkpointing) Start(ctx context.Context) error {
	n.journal.checkpoints.core = n.replica
	if err := n.journal.checkpoints.check(ctx); err != nil {
		return err
	}
	n.journal.receipts = receipt.NewIssuer(n.replica, n.journal.checkpoints, n.journal.prover)
	n.spawn("agreement", n.journal.checkpoints.ask)
	n.spawn("checkpoints", func(ctx context.Context) {
		if err := n.journal.checkpoints.Run(ctx); err != nil {
			n.stop(err)
		}
	})
	return nil
}
