// Package sleep waits for time to pass, for as long as somebody wants it to.
package sleep

import (
	"context"
	"time"
)

// For returns nil after d, at once when that is not positive; ctx's error when ctx ends
// first, or has ended.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
