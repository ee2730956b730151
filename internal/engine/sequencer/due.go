package sequencer

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ticker is who asks for what the state itself is due to do.
const ticker = "node/ticker"

// Due returns what the leader is to have run now, of itself: a tick, or the first
// step of a backfill that the feature level asks for; nil when nothing is due.
// wall is the node's clock, Unix milliseconds.
func Due(r table.Reader, wall int64) *pb.Command {
	head, ok := machine.Head(r)
	if !ok {
		return nil
	}
	if machine.TickDue(r, head, max(wall+head.ClockOffsetMs, head.At)) {
		return machine.Tick.New(ticker, "", &pb.Tick{})
	}
	if name := machine.PendingBackfill(head); name != "" {
		return backfill(&pb.Backfill{Name: name, Limit: machine.TickRows})
	}
	return nil
}

// Next returns the step that follows a command of Due's by what came of that one;
// nil when there is none. A backfill that is not ended begins again from its first
// row, which is harmless.
func Next(number catalogue.Number, res catalogue.Result) *pb.Command {
	if number != catalogue.Backfill || res.Code != code.OK {
		return nil
	}
	next, err := machine.Backfill.Record(res)
	if err != nil || next == nil {
		return nil
	}
	return backfill(next)
}

func backfill(step *pb.Backfill) *pb.Command { return machine.Backfill.New(ticker, "", step) }
