package worker

import (
	"sync/atomic"
	"time"
)

// Clock is business time: what the node said last, and the time since then.
// In a sandbox it runs ahead of the wall clock.
type Clock struct{ base atomic.Pointer[clockBase] }

type clockBase struct {
	said int64
	when time.Time // with a monotonic reading
}

// Set takes what the node said.
func (c *Clock) Set(now int64) { c.base.Store(&clockBase{said: now, when: time.Now()}) }

// Now returns business Unix milliseconds; the wall clock's before the node has
// said anything.
func (c *Clock) Now() int64 {
	b := c.base.Load()
	if b == nil {
		return time.Now().UnixMilli()
	}
	return b.said + time.Since(b.when).Milliseconds()
}
