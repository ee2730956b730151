package diskguard

import (
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// ErrFull says that a flush waits for space on the disk.
var ErrFull = errors.New("the disk is full; what was to be flushed stays in memory and in the log")

// ErrSlow says that a flush takes longer than FlushLimit.
var ErrSlow = errors.New("the flush takes too long; what was to be flushed stays in memory and in the log")

// FlushLimit is how long Flush waits.
const FlushLimit = time.Minute

// Flush flushes the store that reports to e and waits for it, but not for ever:
// on a full disk Pebble's own Flush does not return before there is room, and
// nothing that is closed orderly may hang on that. After an error the flush goes
// on by itself as soon as it can.
func (e *Events) Flush(db *pebble.DB) error {
	e.full.Store(false) // what counts is this flush
	done, err := db.AsyncFlush()
	if err != nil || done == nil {
		return err
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(FlushLimit)
	defer limit.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-limit.C:
			return ErrSlow
		case <-look.C:
			if e.full.Load() {
				return ErrFull
			}
		}
	}
}
