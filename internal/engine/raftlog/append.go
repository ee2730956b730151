package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ErrRefused marks entries that Append will not take; nothing was changed.
var ErrRefused = errors.New("the log refuses the entries")

// Append writes the hard state (when not nil) and the entries in one batch and,
// with sync, returns only when both are on disk. Entries that conflict with the
// log's end replace it. The entries and their data are kept in memory and must
// not be changed afterwards.
//
// It refuses with ErrRefused, changing nothing, entries that leave a gap, reach
// back into committed ones, or are not consecutive. Any other error means that
// the disk cannot be trusted: stop the node.
func (l *Log) Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error {
	if !sync && len(entries) == 0 && l.owe(hs) {
		return nil
	}
	b, err := l.batch(hs, entries)
	if err != nil || b == nil {
		return err
	}
	defer b.Close()
	mode := pebble.NoSync
	if sync {
		mode = pebble.Sync
	}
	if err := l.commit("append", func() error { return b.Commit(mode) }); err != nil {
		return err
	}
	l.remember(hs, entries)
	return nil
}

// Begin is Append with sync in two steps: it returns when the batch is on its way,
// and wait when it is on disk. Several may be under way; they become durable in
// order. Each must be waited for, once; an error of wait means that the disk cannot
// be trusted: stop the node.
func (l *Log) Begin(hs *raftpb.HardState, entries []*raftpb.Entry) (wait func() error, err error) {
	b, err := l.batch(hs, entries)
	if err != nil || b == nil {
		return func() error { return nil }, err
	}
	stop := l.deadline.Start()
	if err := l.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		stop()
		return nil, errors.Join(l.explain(fmt.Errorf("append: %w", err)), b.Close())
	}
	l.remember(hs, entries)
	return func() error { return l.wait(b, stop) }, nil
}

// wait returns when a batch that was begun is on disk.
func (l *Log) wait(b *pebble.Batch, stop func()) error {
	defer stop()
	err := b.SyncWait()
	if err == nil {
		err = l.latch.Err()
	}
	if err != nil {
		return l.explain(fmt.Errorf("append: %w", err))
	}
	return b.Close()
}

// batch checks what is to be written and makes the Pebble batch of it; nil when
// there is nothing to write.
func (l *Log) batch(hs *raftpb.HardState, entries []*raftpb.Entry) (*pebble.Batch, error) {
	if raft.IsEmptyHardState(hs) && len(entries) == 0 {
		return nil, nil
	}
	oldLast, err := l.check(entries)
	if err != nil {
		return nil, err
	}
	if raft.IsEmptyHardState(hs) {
		hs = l.owed()
	}
	size := 64
	for _, e := range entries {
		size += len(e.GetData()) + entryKeySize + entryHeader + 16
	}
	b := l.db.NewBatchWithSize(size)
	if err := fill(b, hs, entries, oldLast); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// owe keeps a hard state that has nothing new but a commit in memory, until the
// next batch takes it along or the log is closed; false when it has more. A commit
// may be lost with the process, which learns it again, and a write of its own for
// it would be one of two for each frame.
func (l *Log) owe(hs *raftpb.HardState) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hard == nil || raft.IsEmptyHardState(hs) || hs.GetTerm() != l.hard.GetTerm() || hs.GetVote() != l.hard.GetVote() {
		return false
	}
	l.rememberHard(hs)
	l.owes = true
	return true
}

// owed is the hard state that was kept in memory; nil when none was.
func (l *Log) owed() *raftpb.HardState {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.owes {
		return nil
	}
	return l.hard
}

// check refuses entries that do not belong at the log's end and returns the
// index it has before them.
func (l *Log) check(entries []*raftpb.Entry) (oldLast uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(entries) == 0 {
		return l.last, nil
	}
	first := entries[0].GetIndex()
	for i, e := range entries {
		if e.GetIndex() != first+uint64(i) {
			return 0, fmt.Errorf("%w: index %d where %d belongs", ErrRefused, e.GetIndex(), first+uint64(i))
		}
	}
	switch {
	case first > l.last+1:
		return 0, fmt.Errorf("%w: they begin at %d but the log ends at %d", ErrRefused, first, l.last)
	case first <= l.cut || first <= l.hard.GetCommit():
		return 0, fmt.Errorf("%w: they begin at %d but all up to %d is committed", ErrRefused, first, max(l.cut, l.hard.GetCommit()))
	}
	return l.last, nil
}

// fill writes the batch: the entries, the end of what they replace, the hard state.
func fill(b *pebble.Batch, hs *raftpb.HardState, entries []*raftpb.Entry, oldLast uint64) error {
	for _, e := range entries {
		op := b.SetDeferred(entryKeySize, entryHeader+len(e.GetData()))
		putEntryKey(op.Key, e.GetIndex())
		putEntry(op.Value, e)
		if err := op.Finish(); err != nil {
			return err
		}
	}
	if n := len(entries); n > 0 && entries[n-1].GetIndex() < oldLast {
		err := b.DeleteRange(keyAfter(entries[n-1].GetIndex()), keyAfter(oldLast), nil)
		if err != nil {
			return err
		}
	}
	if raft.IsEmptyHardState(hs) {
		return nil
	}
	payload, err := proto.Marshal(hs)
	if err != nil {
		return err
	}
	return b.Set(keyHard, sealMeta(keyHard, payload), nil)
}

// remember brings memory up to date with a batch that was written.
func (l *Log) remember(hs *raftpb.HardState, entries []*raftpb.Entry) {
	l.appends.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owes = false
	if !raft.IsEmptyHardState(hs) {
		l.rememberHard(hs)
	}
	if len(entries) == 0 {
		return
	}
	var bytes uint64
	for _, e := range entries {
		bytes += uint64(len(e.GetData()))
	}
	l.appended.Add(bytes)
	l.recent.add(entries)
	l.last = entries[len(entries)-1].GetIndex()
	l.ages.add(l.opt.Now(), entries[0].GetIndex(), l.last, bytes+uint64(len(entries))*perEntry)
}

// rememberHard is called with mu held. What is there is not changed: a batch may be
// made of it.
func (l *Log) rememberHard(hs *raftpb.HardState) {
	commit := max(hs.GetCommit(), l.hard.GetCommit())
	l.hard = proto.Clone(hs).(*raftpb.HardState)
	l.hard.Commit = &commit
}

// SetConf records the group's members as of members.Index, the log index of
// the change that made them, and makes the record durable. A new log needs one
// before raft.NewRawNode.
func (l *Log) SetConf(cs *raftpb.ConfState, members *pb.Members) error {
	b := l.db.NewBatch()
	defer b.Close()
	if err := putConf(b, cs, members); err != nil {
		return err
	}
	if err := l.commit("record the members", func() error { return b.Commit(pebble.Sync) }); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rememberConf(cs, members)
	return nil
}

func putConf(b *pebble.Batch, cs *raftpb.ConfState, members *pb.Members) error {
	conf, err := proto.Marshal(cs)
	if err != nil {
		return err
	}
	list, err := members.MarshalVT()
	if err != nil {
		return err
	}
	conf = append(binary.BigEndian.AppendUint64(nil, members.Index), conf...)
	return errors.Join(
		b.Set(keyConf, sealMeta(keyConf, conf), nil),
		b.Set(keyMembers, sealMeta(keyMembers, list), nil))
}

// rememberConf is called with mu held.
func (l *Log) rememberConf(cs *raftpb.ConfState, members *pb.Members) {
	l.conf = proto.Clone(cs).(*raftpb.ConfState)
	l.members = proto.Clone(members).(*pb.Members)
}

// Conf returns the recorded members; nil and nil when none are recorded. A log
// that an older version wrote has no list of members, only its ConfState and
// the index that is as of.
func (l *Log) Conf() (cs *raftpb.ConfState, members *pb.Members) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conf == nil {
		return nil, nil
	}
	return proto.Clone(l.conf).(*raftpb.ConfState), proto.Clone(l.members).(*pb.Members)
}
