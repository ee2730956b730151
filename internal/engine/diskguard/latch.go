package diskguard

import (
	"fmt"
	"sync/atomic"
)

// Latch remembers the first fault that was reported to it and passes all on.
// Pebble takes it for granted that a fatal error ends the process at that very
// place, and answers success when it does not. A store asks its latch after
// each write, so that nothing is acknowledged while the process is ending.
type Latch struct {
	fatal func(error)
	first atomic.Pointer[error]
}

// NewLatch returns a latch in front of fatal; nil means Exit.
func NewLatch(fatal func(error)) *Latch {
	if fatal == nil {
		fatal = Exit
	}
	return &Latch{fatal: fatal}
}

// Fatal reports a fault.
func (l *Latch) Fatal(err error) {
	l.first.CompareAndSwap(nil, &err)
	l.fatal(err)
}

// Err returns the first fault, nil while there was none.
func (l *Latch) Err() error {
	if err := l.first.Load(); err != nil {
		return fmt.Errorf("the disk failed: %w", *err)
	}
	return nil
}
