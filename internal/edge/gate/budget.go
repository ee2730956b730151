package gate

import (
	"strings"
	"time"
)

// A merchant's polling budget is a token bucket: rate queries a second, and a
// second's worth at once. It counts at all times, and matters only while the
// node is pressed.
type bucket struct {
	tokens float64
	at     time.Time
}

// maxBuckets bounds each of the two generations of buckets. A merchant that is
// forgotten begins with a full bucket again.
const maxBuckets = 8192

type budgets struct {
	rate       float64
	young, old map[string]*bucket
}

// take takes one query from a merchant's budget; false when it is used up.
func (b *budgets) take(merchant string, now time.Time) bool {
	k := b.young[merchant]
	if k == nil {
		k = b.remember(merchant, now)
	}
	k.tokens = min(b.rate, k.tokens+now.Sub(k.at).Seconds()*b.rate)
	k.at = now
	if k.tokens < 1 {
		return false
	}
	k.tokens--
	return true
}

func (b *budgets) remember(merchant string, now time.Time) *bucket {
	if b.young == nil || len(b.young) >= maxBuckets {
		b.old, b.young = b.young, make(map[string]*bucket)
	}
	k := b.old[merchant]
	if k == nil {
		k = &bucket{tokens: b.rate, at: now}
	}
	b.young[strings.Clone(merchant)] = k
	return k
}
