// Package retry is the arithmetic of the documented notice schedule: how long
// after one attempt the next is due, and when there is no next. Times are Unix
// milliseconds; nothing here looks at a clock.
//
// Rule: WeChat Pay APIv3, the schedule of payment and refund notifications:
// 15s 15s 30s 3m 10m 20m 30m 30m 30m 60m 3h 3h 3h 6h 6h, 24 h 4 m in all.
package retry

const (
	second int64 = 1000
	minute       = 60 * second
	hour         = 60 * minute
)

// waits[i] lies between attempt i+1 and attempt i+2.
var waits = [...]int64{
	15 * second, 15 * second, 30 * second,
	3 * minute, 10 * minute, 20 * minute, 30 * minute, 30 * minute, 30 * minute, 60 * minute,
	3 * hour, 3 * hour, 3 * hour, 6 * hour, 6 * hour,
}

// Attempts is how often a notice is sent at most in one round: once at the
// event and 15 times again.
const Attempts = len(waits) + 1

// Next says when the attempt after the tries-th one is due, given that the
// tries-th happened at last. Before the first attempt (tries is 0 or less) it
// is due at last itself. more is false once the schedule is used up: nothing
// more is sent by itself.
func Next(tries int, last int64) (next int64, more bool) {
	switch {
	case tries <= 0:
		return last, true
	case tries >= Attempts:
		return 0, false
	}
	return last + waits[tries-1], true
}
