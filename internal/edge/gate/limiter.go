package gate

import (
	"math/bits"
	"time"
)

// How many requests may be at work at once. Too few leave cores idle; too many
// wait for each other inside, where they can neither be refused nor overtaken.
//
// The signal is how long admitted requests take. Each window, per class:
//
//	stretch = median time / target,  target = max(Target, 3 * quiet time), at most 1 s
//
// where the quiet time is what requests of the class take when hardly any others
// are at work. While the worst class's stretch is above 1 the limit is divided by
// it; below 0.9 the limit grows by a sixteenth, but only if somebody was kept
// waiting by it. Little's law makes the division land where the time is the
// target: a fully used machine takes time in proportion to how many are inside.
//
// A limiter that compares recent times with a moving average of earlier ones
// drifts under a load that lasts, because the average learns the overload. The
// quiet time is raised by two things only: requests that began while at most
// quietly of them were at work, and what requests take at the least limit, where
// letting fewer in would not help any more. Every faster median lowers it.
const (
	// window is the shortest time between two decisions.
	window = 100 * time.Millisecond
	// patient is how long a window may stay open for lack of samples.
	patient = time.Second
	// enough is how many samples of a class make a median.
	enough = 8
	// floor is the least the limit falls to.
	floor = 8
	// quietly is how many at work don't disturb each other.
	quietly = 4
	// longest bounds the target, so that a disk that hangs does not teach that
	// hanging is usual.
	longest = time.Second
	// slowest is the most the limit falls in one step, as a factor.
	slowest = 0.7
)

type limiter struct {
	least, most int
	target      time.Duration
	limit       float64

	opened time.Time
	// changed is when the limit last fell: requests that began before it say
	// nothing about the limit of now.
	changed time.Time
	times   [classes]histogram
	quiet   [classes]time.Duration
	// peak is the most at work in this window, contended whether anyone waited or
	// was refused for lack of a place.
	peak      int
	contended bool
	stretch   float64
}

func newLimiter(first, most int, target time.Duration, now time.Time) limiter {
	return limiter{least: min(floor, most), most: most, target: target, limit: float64(min(max(first, floor), most)), opened: now}
}

func (l *limiter) now() int { return int(l.limit) }

// sample takes one finished request: atWork is how many were at work when it
// began, itself included.
func (l *limiter) sample(c Class, began time.Time, took time.Duration, atWork int) {
	if atWork <= quietly {
		l.learn(c, took)
	}
	if !began.Before(l.changed) {
		l.times[c].add(took)
	}
}

// learn follows quiet times slowly; a single outlier counts as twice the usual.
func (l *limiter) learn(c Class, took time.Duration) {
	was := l.quiet[c]
	if was == 0 {
		l.quiet[c] = took
		return
	}
	l.quiet[c] = was + (min(took, 2*was+time.Millisecond)-was)/32
}

// busy notes how many are at work.
func (l *limiter) busy(atWork int) { l.peak = max(l.peak, atWork) }

// decide ends the window if it is time. crowded says that what was admitted
// stands in line further inside.
func (l *limiter) decide(now time.Time, atWork int, crowded bool) {
	age := now.Sub(l.opened)
	if age < window {
		return
	}
	worst, known := l.worst(age >= patient)
	if !known && age < patient {
		return
	}
	if crowded {
		worst, known = max(worst, 1/slowest), true
	}
	if known {
		l.relearn(worst > 1 && l.now() <= l.least)
		l.stretch = worst
		l.move(worst, now)
	}
	l.times = [classes]histogram{}
	l.peak, l.contended, l.opened = atWork, false, now
}

// worst is the largest stretch of a class that has samples enough.
func (l *limiter) worst(few bool) (stretch float64, known bool) {
	for c := range classes {
		n := l.times[c].n
		if n == 0 || n < enough && !few {
			continue
		}
		target := min(max(l.target, 3*l.quiet[c]), max(l.target, longest))
		stretch, known = max(stretch, float64(l.times[c].median())/float64(target)), true
	}
	return stretch, known
}

// relearn holds the quiet times against a window's medians: lower ones prove
// them too high, and atFloor higher ones prove them too low.
func (l *limiter) relearn(atFloor bool) {
	for c := range classes {
		if l.times[c].n == 0 {
			continue
		}
		if m := l.times[c].median(); atFloor || m < l.quiet[c] {
			l.quiet[c] = m
		}
	}
}

func (l *limiter) move(stretch float64, now time.Time) {
	switch {
	case stretch > 1:
		// From what was really used: a limit far above it has no meaning.
		used := min(l.limit, float64(max(l.peak, l.least)))
		l.limit = used * max(slowest, 1/stretch)
		l.changed = now
	case stretch < 0.9 && l.contended:
		l.limit += max(2, l.limit/16)
	}
	l.limit = min(max(l.limit, float64(l.least)), float64(l.most))
}

// histogram counts times in buckets of a quarter of an octave from 64 us on.
type histogram struct {
	n       int
	buckets [96]uint32
}

const histogramUnit = 16 * time.Microsecond

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0) / histogramUnit)
	if v < 4 {
		return 0
	}
	octave := bits.Len64(v) - 3 // v>>octave is 4 to 7
	return min(4*octave+int(v>>octave)-4, len(histogram{}.buckets)-1)
}

// upTo is the upper end of a bucket.
func upTo(bucket int) time.Duration {
	return time.Duration(4+bucket%4+1) << (bucket / 4) * histogramUnit
}

func (h *histogram) add(d time.Duration) {
	h.n++
	h.buckets[bucketOf(d)]++
}

// median is exact to a quarter of an octave, upwards; 0 of nothing.
func (h *histogram) median() time.Duration {
	left := (h.n + 1) / 2
	for i, n := range h.buckets {
		if left -= int(n); left <= 0 && h.n > 0 {
			return upTo(i)
		}
	}
	return 0
}
