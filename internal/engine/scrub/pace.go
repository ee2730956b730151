package scrub

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// burst is how much reading may be caught up after a pause.
	burst = 100 * time.Millisecond
	// leastWait keeps the number of waits down: shorter ones are added up.
	leastWait = 20 * time.Millisecond
	// yield is by how much the rate drops while the node is busy. It does not drop
	// to nothing: a pass must end on a node that is always busy, too.
	yield = 8
)

// errEnded says that the scrubber was told to stop, as opposed to having met
// something that cannot be read.
var errEnded = errors.New("the scrubber was told to stop")

// ended says whether err, or what it wraps, is errEnded.
func ended(err error) bool { return errors.Is(err, errEnded) }

// pacer keeps reading down to a rate: a bucket that may run into debt, which is
// then waited for.
type pacer struct {
	ctx  context.Context
	rate float64 // bytes a second
	busy func() bool
	now  func() time.Time
	wait func(context.Context, time.Duration) error
	free time.Time // when what was taken so far is paid for
}

// take pays for reading so many bytes. It waits as long as that takes.
func (p *pacer) take(bytes int) error {
	if err := p.ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	now := p.now()
	if earliest := now.Add(-burst); p.free.Before(earliest) {
		p.free = earliest
	}
	cost := float64(bytes) / p.rate
	if p.busy != nil && p.busy() {
		cost *= yield
	}
	p.free = p.free.Add(time.Duration(cost * float64(time.Second)))
	if debt := p.free.Sub(now); debt >= leastWait {
		if err := p.wait(p.ctx, debt); err != nil {
			return fmt.Errorf("%w: %w", errEnded, err)
		}
	}
	return nil
}
