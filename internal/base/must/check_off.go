//go:build !invariants

package must

// Enabled says whether Check and Sometimes do anything in this build.
const Enabled = false

// Check does nothing in this build.
func Check(func() error) {}

// Sometimes is never true in this build.
func Sometimes(uint64) bool { return false }
