package replica

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
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
	due, backfill := false, ""
	err := t.r.ReadLocal(ctx, func(r table.Reader) error {
		if head, ok := machine.Head(r); ok {
			due, backfill = machine.TickDue(r, head, t.r.Now()), machine.PendingBackfill(head)
		}
		return nil
	})
	switch {
	case err != nil && ctx.Err() != nil: // nothing was read for who is leaving
		return false
	case err != nil:
		t.r.stop(err)
		return false
	case due:
		res, err := t.r.Execute(ctx, machine.Tick.New(ticker, "", &pb.Tick{}))
		return err == nil && res.Code == code.OK
	case backfill != "":
		return t.backfill(ctx, backfill)
	}
	return false
}

// ticker is who proposes these commands.
const ticker = "node/ticker"

// backfill runs a whole backfill, a command a step. After a restart it begins
// again from the first row, which is harmless.
func (t *Ticker) backfill(ctx context.Context, name string) bool {
	next := &pb.Backfill{Name: name, Limit: machine.TickRows}
	for next != nil && ctx.Err() == nil {
		res, err := t.r.Execute(ctx, machine.Backfill.New(ticker, "", next))
		if err != nil || res.Code != code.OK {
			return false
		}
		if next, err = machine.Backfill.Record(res); err != nil {
			return false
		}
	}
	return true
}
