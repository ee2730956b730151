package listen

import "syscall"

// Bounds of the reserve: what stores, logs, and connections to others need.
const (
	leastReserve = 64
	mostReserve  = 8192
	// leastShare is what a listener gets however few descriptors there are.
	leastShare = 8
)

// Enough is how many descriptors a process should have that holds data.
const Enough = 1024

// Limit is how many descriptors the process may have open. The Go runtime has
// raised the soft limit to the hard one when the process began.
func Limit() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<30 {
		return 1 << 30
	}
	return int(l.Cur)
}

// Room is how many descriptors of limit connections may have: half, or what the
// largest reserve leaves.
func Room(limit int) int {
	return max(leastShare, limit-min(max(limit/2, leastReserve), mostReserve))
}

// Share is a percentage of the room under the process's limit.
func Share(percent int) int { return max(leastShare, Room(Limit())*percent/100) }
