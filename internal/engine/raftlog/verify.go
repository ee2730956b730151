package raftlog

import (
	"errors"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// Verify reads the log from end to end, files and entries, and calls damaged
// for each thing that is not as it was written until damaged answers false:
// with a *diskguard.ManifestError or a *diskguard.FileError for a file, with an
// *EntryError for an index that is missing or fails its checksum. CheckStart
// says whether the log reaches far enough.
func (l *Log) Verify(damaged func(err error) bool) error {
	more, err := diskguard.Verify(l.fs, l.dir, l.db, damaged)
	if err != nil || !more {
		return err
	}
	next, last := l.ends()
	for next <= last {
		err := l.scan(next, last+1, func(*raftpb.Entry) bool { return true })
		if err == nil {
			return nil
		}
		var entry *EntryError
		if !errors.As(err, &entry) {
			return err
		}
		if !damaged(entry) {
			return nil
		}
		next = entry.Index + 1
	}
	return nil
}
