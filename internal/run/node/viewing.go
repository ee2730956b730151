package node

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
)

// viewing keeps the read models.
type viewing struct{ part }

func (n *viewing) Start(context.Context) error {
	v, err := view.Open(n.path("views"), view.Options{Kinds: machine.Rules().Kinds(), Fatal: n.fatal, Logger: n.log})
	if err != nil {
		return err
	}
	n.views = v
	n.onClose("views", v.Close)
	n.spawn("view builder", func(ctx context.Context) {
		if err := v.Run(ctx, n.replica); err != nil {
			n.log.Error("views ended", "err", err)
		}
	})
	return nil
}
