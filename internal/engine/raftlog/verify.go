package raftlog

import (
	"errors"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// Verify reads the log from end to end, files and entries, and calls damaged
// for each thing that is not as it was written until damaged returns false:
// with a *diskguard.ManifestError or a *diskguard.FileError for a file, with an
// *EntryError for an index that is missing or fails its checksum. CheckStart
// says whether the log reaches far enough.
func (l *Log) Verify(damaged func(err error) bool) error {
	c := &diskguard.Checker{Damaged: damaged}
	more, err := c.Verify(l.fs, l.dir, l.db)
	if err != nil || !more {
		return err
	}
	return l.CheckEntries(c, 0, nil)
}

// CheckFiles reads the files of the log as c says. The store may be at work.
func (l *Log) CheckFiles(c *diskguard.Checker) error {
	_, err := c.Verify(l.fs, l.dir, l.db)
	return err
}

// checkBytes is how much of the log is read at a time: between two pieces the
// log may be cut.
const checkBytes = 1 << 20

// CheckEntries reads the entries after the given index as c says, and tells
// passed, when it is not nil, up to where it came. Entries that are cut off or
// replaced meanwhile are no damage.
func (l *Log) CheckEntries(c *diskguard.Checker, after uint64, passed func(index uint64)) error {
	for next := after + 1; ; {
		first, last := l.ends()
		next = max(next, first)
		if next > last {
			return nil
		}
		upTo, err := l.checkPiece(c, next, last)
		var entry *EntryError
		switch {
		case err == nil:
		case !errors.As(err, &entry):
			return err
		case !l.holds(entry.Index):
			upTo = max(entry.Index, next)
		case !c.Damaged(entry):
			return nil
		default:
			upTo = entry.Index
		}
		next = upTo + 1
		if passed != nil {
			passed(upTo)
		}
	}
}

// checkPiece reads some entries from next on and returns the last of them.
func (l *Log) checkPiece(c *diskguard.Checker, next, last uint64) (upTo uint64, err error) {
	if c.Pace != nil {
		if err := c.Pace(checkBytes / 4); err != nil {
			return 0, err
		}
	}
	size := 0
	err = l.scan(next, last+1, func(e *raftpb.Entry) bool {
		upTo = e.GetIndex()
		size += proto.Size(e) + entryHeader
		return size < checkBytes
	})
	if c.Pace != nil && err == nil {
		err = c.Pace(max(size-checkBytes/4, 0))
	}
	return upTo, err
}

// holds says whether the log has to have the entry at index now.
func (l *Log) holds(index uint64) bool {
	first, last := l.ends()
	return first <= index && index <= last
}

// LastIn returns the newest entry of which a damaged file of the log may hold a
// part; ok is false when it holds more than entries, such as the vote.
func LastIn(e *diskguard.FileError) (index uint64, ok bool) {
	if _, ok := keyIndex(e.Smallest); !ok {
		return 0, false
	}
	return keyIndex(e.Largest)
}
