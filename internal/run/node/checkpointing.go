package node

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
)

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
