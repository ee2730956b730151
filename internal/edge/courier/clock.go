package courier

import (
	"sync/atomic"
	"time"
)

// clock is business time: what the node said last, and the time since then.
// In a sandbox it runs ahead of the wall clock.
type clock struct{ base atomic.Pointer[clockBase] }

type clockBase struct {
	said int64
	when time.Time // with a monotonic reading
}

// set takes what the node said.
func (c *clock) set(now int64) { c.base.Store(&clockBase{said: now, when: time.Now()}) }

// now returns business Unix milliseconds; the wall clock's before the node has
// said anything.
func (c *clock) now() int64 {
	b := c.base.Load()
	if b == nil {
		return time.Now().UnixMilli()
	}
	return b.said + time.Since(b.when).Milliseconds()
}
