package node

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// timed ends the process when a commit of the state hangs: a disk that no
// longer answers must not look like a node that is merely slow.
type timed struct {
	table.Backend
	deadline *diskguard.Deadline
}

// Commit implements table.Backend.
func (t timed) Commit(writes []table.Write) error {
	return t.deadline.Do(func() error { return t.Backend.Commit(writes) })
}
