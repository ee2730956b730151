package replica

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Ticker proposes what the state is due to do: ticks, and the backfills of its
// feature level. Only the leader's proposals are taken.
type Ticker struct {
	r *Replica
	// Every is the time between looks.
	Every time.Duration
}

// NewTicker returns a ticker that looks every 100 ms.
func NewTicker(r *Replica) *Ticker { return &Ticker{r: r, Every: 100 * time.Millisecond} }

// Run looks until ctx ends.
func (t *Ticker) Run(ctx context.Context) {
	tick := time.NewTicker(t.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		if t.RunOnce(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// RunOnce proposes one step, and says whether there may be another at once.
func (t *Ticker) RunOnce(ctx context.Context) (more bool) {
	if !t.r.seq.Leads() {
		return false
	}
	var cmd *pb.Command
	err := t.r.ReadLocal(ctx, func(r table.Reader) error {
		cmd = sequencer.Due(r, t.r.opt.Now().UnixMilli())
		return nil
	})
	switch {
	case err != nil && ctx.Err() != nil: // nothing was read for who is leaving
		return false
	case err != nil:
		t.r.stop(err)
		return false
	}
	for cmd != nil && ctx.Err() == nil {
		number := catalogue.Number(cmd.Number)
		res, err := t.r.Execute(ctx, cmd)
		if err != nil || res.Code != code.OK {
			return false
		}
		cmd, more = sequencer.Next(number, res), true
	}
	return more
}
