package diskguard

import (
	"fmt"
	"time"
)

// CommitLimit is how long one commit may take before the node stops: a disk
// that hangs must not look like a node that is merely slow.
const CommitLimit = 10 * time.Second

// Deadline ends the process when an operation takes too long. The zero value
// is not usable; call NewDeadline. It may be used by several goroutines.
type Deadline struct {
	what  string
	limit time.Duration
	fatal func(error)
}

// NewDeadline returns a watchdog over operations called what ("commit of the
// raft log"). limit 0 means CommitLimit; fatal nil means Exit.
func NewDeadline(what string, limit time.Duration, fatal func(error)) *Deadline {
	if limit <= 0 {
		limit = CommitLimit
	}
	if fatal == nil {
		fatal = Exit
	}
	return &Deadline{what: what, limit: limit, fatal: fatal}
}

// Do runs op and returns its error. When op has not returned within the limit,
// fatal is called from another goroutine while op still hangs.
func (d *Deadline) Do(op func() error) error {
	stop := d.Start()
	defer stop()
	return op()
}

// Start begins an operation; call the answer when it has ended. It suits
// operations that begin and end in different functions.
func (d *Deadline) Start() (stop func()) {
	t := time.AfterFunc(d.limit, func() {
		d.fatal(fmt.Errorf("%s did not finish within %v: the disk hangs", d.what, d.limit))
	})
	return func() { t.Stop() }
}
