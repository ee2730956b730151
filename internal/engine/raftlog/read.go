package raftlog

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// EntryError is an entry that is missing or cannot be read back as written.
type EntryError struct {
	Dir   string
	Index uint64
	Cause error
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("raft log %s: entry %d: %v; put the folder back from a copy, or restore it from a backup", e.Dir, e.Index, e.Cause)
}

func (e *EntryError) Unwrap() error { return e.Cause }

var errEntryMissing = errors.New("it is missing")

func (l *Log) damaged(index uint64, cause error) error {
	return &EntryError{Dir: l.dir, Index: index, Cause: cause}
}

// InitialState implements raft.Storage. The hard state is nil until one was
// written; its Commit is at least the durable applied index once CheckStart ran.
func (l *Log) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var hard *raftpb.HardState
	if l.hard != nil {
		hard = proto.Clone(l.hard).(*raftpb.HardState)
	}
	conf := new(raftpb.ConfState)
	if l.conf != nil {
		conf = proto.Clone(l.conf).(*raftpb.ConfState)
	}
	return hard, conf, nil
}

// FirstIndex implements raft.Storage.
func (l *Log) FirstIndex() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut + 1, nil
}

// LastIndex implements raft.Storage.
func (l *Log) LastIndex() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

// Term implements raft.Storage.
func (l *Log) Term(index uint64) (uint64, error) {
	if term, held, err := l.termInMemory(index); held || err != nil {
		return term, err
	}
	e, err := l.readEntry(index)
	if err != nil {
		if again := l.nowCompacted(index); again != nil {
			return 0, again
		}
		return 0, err
	}
	return e.GetTerm(), nil
}

func (l *Log) termInMemory(index uint64) (term uint64, held bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case index == l.cut:
		return l.cutTerm, true, nil
	case index < l.cut:
		return 0, false, raft.ErrCompacted
	case index > l.last:
		return 0, false, raft.ErrUnavailable
	}
	if e := l.recent.at(index); e != nil {
		return e.GetTerm(), true, nil
	}
	return 0, false, nil
}

// nowCompacted tells an entry that was compacted while it was being read from
// one that is damaged.
func (l *Log) nowCompacted(index uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if index <= l.cut {
		return raft.ErrCompacted
	}
	return nil
}

// readEntry reads one entry from disk.
func (l *Log) readEntry(index uint64) (*raftpb.Entry, error) {
	value, closer, err := l.db.Get(entryKey(index))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, l.damaged(index, errEntryMissing)
	}
	if err != nil {
		return nil, l.damaged(index, l.explain(err))
	}
	e, err := openEntry(index, value)
	if err := errors.Join(err, closer.Close()); err != nil {
		return nil, l.damaged(index, err)
	}
	return e, nil
}

// Entries implements raft.Storage.
func (l *Log) Entries(lo, hi, maxSize uint64) ([]*raftpb.Entry, error) {
	fromMemory, held, err := l.entriesInMemory(lo, hi, maxSize)
	if held || err != nil {
		return fromMemory, err
	}
	entries, err := l.entriesOnDisk(lo, hi, maxSize)
	if err != nil {
		if again := l.nowCompacted(lo); again != nil {
			return nil, again
		}
		return nil, err
	}
	return entries, nil
}

func (l *Log) entriesInMemory(lo, hi, maxSize uint64) (entries []*raftpb.Entry, held bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case lo <= l.cut:
		return nil, false, raft.ErrCompacted
	case hi > l.last+1 || lo > hi:
		return nil, false, raft.ErrUnavailable
	case lo == hi:
		return nil, true, nil
	case lo < l.recent.first(l.last):
		return nil, false, nil
	}
	s := l.recent.slice(lo, hi)
	size := uint64(proto.Size(s[0]))
	n := 1
	for ; n < len(s); n++ {
		if size += uint64(proto.Size(s[n])); size > maxSize {
			break
		}
	}
	return append(make([]*raftpb.Entry, 0, n), s[:n]...), true, nil
}

// entriesOnDisk reads lo <= index < hi as far as maxSize reaches, at least one.
func (l *Log) entriesOnDisk(lo, hi, maxSize uint64) ([]*raftpb.Entry, error) {
	var entries []*raftpb.Entry
	var size uint64
	err := l.scan(lo, hi, func(e *raftpb.Entry) bool {
		size += uint64(proto.Size(e))
		if len(entries) > 0 && size > maxSize {
			return false
		}
		entries = append(entries, e)
		return size < maxSize
	})
	return entries, err
}

// scan reads the entries lo <= index < hi from disk and checks each; it fails
// at the first that is missing or damaged, and stops when visit returns false.
func (l *Log) scan(lo, hi uint64, visit func(*raftpb.Entry) bool) (err error) {
	if lo >= hi {
		return nil
	}
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: entryKey(lo), UpperBound: keyAfter(hi - 1)})
	if err != nil {
		return l.explain(err)
	}
	defer func() { err = errors.Join(err, l.explain(it.Close())) }()
	next := lo
	for ok := it.First(); ok; ok = it.Next() {
		index, isEntry := keyIndex(it.Key())
		if !isEntry || index != next {
			return l.damaged(next, errEntryMissing)
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return l.damaged(next, l.explain(err))
		}
		e, err := openEntry(index, value)
		if err != nil {
			return l.damaged(next, err)
		}
		if !visit(e) {
			return nil
		}
		next++
	}
	if err := it.Error(); err != nil {
		return l.damaged(next, l.explain(err))
	}
	if next != hi {
		return l.damaged(next, errEntryMissing)
	}
	return nil
}

// Snapshot implements raft.Storage by Options.Snapshot.
func (l *Log) Snapshot() (*raftpb.Snapshot, error) { return l.opt.Snapshot() }

// lastOnDisk finds the newest entry's index.
func (l *Log) lastOnDisk() (index uint64, ok bool, err error) {
	return l.lastEntry(new(pebble.IterOptions))
}

func (l *Log) lastEntry(opt *pebble.IterOptions) (index uint64, ok bool, err error) {
	opt.LowerBound, opt.UpperBound = []byte{entryPrefix}, []byte{entryEnd}
	it, err := l.db.NewIter(opt)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Last() {
		return 0, false, it.Error()
	}
	index, isEntry := keyIndex(it.Key())
	if !isEntry {
		return 0, false, fmt.Errorf("%w: a key %x that is no entry's", pebble.ErrCorruption, it.Key())
	}
	return index, true, nil
}
