package bench

import (
	"fmt"
	"testing"
)

// Numbers made by hand are those that fmt made, so that no two callers share one.
func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]int{{0, 0}, {7, 9}, {499, 10_000_000}, {9999, 999_999_999_999}} {
		want := fmt.Sprintf("E1-%04d-%012d", c[0], c[1])
		if got := number("E1", c[0], c[1]); got != want {
			t.Errorf("caller %d, order %d: %s, want %s", c[0], c[1], got, want)
		}
	}
}
