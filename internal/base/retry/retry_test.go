package retry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/retry"
)

func ExampleNext() {
	next, more := retry.Next(1, 1_000_000)
	fmt.Println(next, more)
	next, more = retry.Next(retry.Attempts, 1_000_000)
	fmt.Println(next, more)
	// Output:
	// 1015000 true
	// 0 false
}

// Both rows of the documented table, typed in again by hand.
func TestSchedule(t *testing.T) {
	t.Parallel()
	table := []struct{ wait, sinceFirst string }{
		{"15s", "15s"}, {"15s", "30s"}, {"30s", "1m"}, {"3m", "4m"}, {"10m", "14m"},
		{"20m", "34m"}, {"30m", "1h4m"}, {"30m", "1h34m"}, {"30m", "2h4m"}, {"60m", "3h4m"},
		{"3h", "6h4m"}, {"3h", "9h4m"}, {"3h", "12h4m"}, {"6h", "18h4m"}, {"6h", "24h4m"},
	}
	const first = int64(1_795_363_200_000)
	at := first
	for i, row := range table {
		next, more := retry.Next(i+1, at)
		if !more || next-at != ms(t, row.wait) || next-first != ms(t, row.sinceFirst) {
			t.Errorf("retry %d: %d ms after the last, %d ms after the first, more %v; want %s and %s",
				i+1, next-at, next-first, more, row.wait, row.sinceFirst)
		}
		at = next
	}
	if len(table)+1 != retry.Attempts {
		t.Errorf("Attempts = %d, the table has %d retries", retry.Attempts, len(table))
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	for _, tries := range []int{0, -1} {
		if next, more := retry.Next(tries, 42); next != 42 || !more {
			t.Errorf("Next(%d, 42) = %d, %v; the first attempt is due at once", tries, next, more)
		}
	}
	for _, tries := range []int{retry.Attempts, retry.Attempts + 1, 1 << 30} {
		if next, more := retry.Next(tries, 42); more {
			t.Errorf("Next(%d, 42) = %d: the schedule has no end", tries, next)
		}
	}
}

func ms(t *testing.T, s string) int64 {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d.Milliseconds()
}
