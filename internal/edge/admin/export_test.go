package admin

import "testing"

// Bounds sets what one call looks at, for a test that runs alone.
func Bounds(t *testing.T, owed, ended, redeliver int) {
	oldOwed, oldEnded, oldRedeliver := mostOwed, mostEnded, maxRedeliver
	mostOwed, mostEnded, maxRedeliver = owed, ended, redeliver
	t.Cleanup(func() { mostOwed, mostEnded, maxRedeliver = oldOwed, oldEnded, oldRedeliver })
}

// Roles is the table of who may call what.
var Roles = roles
