//go:build invariants

package must

import "sync/atomic"

// Enabled says whether Check and Sometimes do anything in this build.
const Enabled = true

var turn atomic.Uint64

// Check runs an expensive check and panics with its error.
func Check(check func() error) {
	if err := check(); err != nil {
		Never("%v", err)
	}
}

// Sometimes is true in about percent of its calls, so that test builds take
// slow paths that production takes rarely. It must not change an outcome.
func Sometimes(percent uint64) bool {
	return (turn.Add(1)*2654435761)%100 < percent
}
