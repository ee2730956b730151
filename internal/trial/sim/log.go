package sim

import (
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// raftLog is a raft log with the promises of engine/raftlog: what is synced
// survives, and a crash keeps some prefix of the writes that are not.
type raftLog struct {
	content
	stable   content
	unsynced []write
	recorded int // writes so far, synced or not

	members *pb.Members
	conf    *raftpb.ConfState

	// snapshot makes the manifest of the state as it is; set by the process.
	snapshot func() (*raftpb.Snapshot, error)
	// writing is told of each write that is to be synced: number how many there have
	// been; set by the process.
	writing func(number int)
	// cutPower, when set, says of the next write to be synced whether it survives the
	// power cut that ends the process in its middle: a batch is whole or not there.
	cutPower func() (survives bool)
	// lies says that syncs promise what they do not do (broken.go);
	// forgetsHard that the hard state is not synced with the entries.
	lies, forgetsHard bool
}

// content is what a log holds. Entries are never changed once they are in.
type content struct {
	cut, cutTerm uint64
	entries      []*raftpb.Entry
	hard         *raftpb.HardState
}

type write struct {
	hard    *raftpb.HardState
	entries []*raftpb.Entry
}

var _ member.Storage = (*raftLog)(nil)

// errPower ends a process whose power went during a write.
var errPower = errors.New("the power went")

func (c *content) last() uint64 { return c.cut + uint64(len(c.entries)) }

func (c *content) at(index uint64) *raftpb.Entry {
	if index <= c.cut || index > c.last() {
		return nil
	}
	return c.entries[index-c.cut-1]
}

// put applies a write; a copy that shares entries with c stays as it is.
func (c *content) put(w write) {
	if len(w.entries) > 0 {
		n := w.entries[0].GetIndex() - c.cut - 1
		if n < uint64(len(c.entries)) {
			c.entries = c.entries[:n:n]
		}
		c.entries = append(c.entries, w.entries...)
	}
	if !raft.IsEmptyHardState(w.hard) {
		hard := proto.Clone(w.hard).(*raftpb.HardState)
		commit := max(hard.GetCommit(), c.hard.GetCommit())
		hard.Commit = &commit
		c.hard = hard
	}
}

// check refuses entries that do not belong at the log's end, as the real log does.
func (c *content) check(entries []*raftpb.Entry) error {
	for i, e := range entries {
		switch first := entries[0].GetIndex(); {
		case e.GetIndex() != first+uint64(i):
			return fmt.Errorf("entry %d comes after %d", e.GetIndex(), first+uint64(i)-1)
		case first > c.last()+1:
			return fmt.Errorf("entries begin at %d, the log ends at %d", first, c.last())
		case first <= c.cut || first <= c.hard.GetCommit():
			return fmt.Errorf("entries begin at %d, all up to %d is committed", first, max(c.cut, c.hard.GetCommit()))
		}
	}
	return nil
}

// Append implements member.Storage.
func (l *raftLog) Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error {
	if err := l.check(entries); err != nil {
		return err
	}
	w := write{hs, entries}
	l.put(w)
	l.unsynced = append(l.unsynced, w)
	l.recorded++
	if sync {
		l.writing(l.recorded)
	}
	return nil
}

// syncTo makes durable what was written up to the write of that number.
func (l *raftLog) syncTo(number int) {
	n := number - (l.recorded - len(l.unsynced))
	switch {
	case n <= 0 || l.lies:
		return
	case n == len(l.unsynced):
		l.sync()
		return
	}
	hard := l.stable.hard
	l.stable.entries = slices.Clip(l.stable.entries)
	for _, w := range l.unsynced[:n] {
		l.stable.put(w)
	}
	l.unsynced = slices.Clone(l.unsynced[n:])
	if l.forgetsHard {
		l.stable.hard = hard
	}
}

func (l *raftLog) sync() {
	hard := l.stable.hard
	l.stable, l.unsynced = l.content, l.unsynced[:0]
	if l.forgetsHard {
		l.stable.hard = hard
	}
}

// crash leaves what was synced and some prefix of the rest.
func (l *raftLog) crash(lucky func(n int) int) {
	l.content = l.stable
	for _, w := range l.unsynced[:lucky(len(l.unsynced)+1)] {
		l.put(w)
	}
	l.stable, l.unsynced, l.cutPower, l.snapshot, l.writing = l.content, nil, nil, nil, nil
}

// SetConf implements member.Storage.
func (l *raftLog) SetConf(cs *raftpb.ConfState, members *pb.Members) error {
	l.conf, l.members = proto.Clone(cs).(*raftpb.ConfState), proto.Clone(members).(*pb.Members)
	if !l.lies {
		l.sync()
	}
	return nil
}

// Conf implements member.Storage.
func (l *raftLog) Conf() (*raftpb.ConfState, *pb.Members) {
	if l.conf == nil {
		return nil, nil
	}
	return proto.Clone(l.conf).(*raftpb.ConfState), proto.Clone(l.members).(*pb.Members)
}

// InitialState implements raft.Storage.
func (l *raftLog) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) {
	conf := l.conf
	if conf == nil {
		conf = new(raftpb.ConfState)
	}
	if l.hard == nil {
		return nil, conf, nil
	}
	return proto.Clone(l.hard).(*raftpb.HardState), proto.Clone(conf).(*raftpb.ConfState), nil
}

// FirstIndex implements raft.Storage.
func (l *raftLog) FirstIndex() (uint64, error) { return l.cut + 1, nil }

// LastIndex implements raft.Storage.
func (l *raftLog) LastIndex() (uint64, error) { return l.last(), nil }

// Term implements raft.Storage.
func (l *raftLog) Term(index uint64) (uint64, error) {
	switch {
	case index == l.cut:
		return l.cutTerm, nil
	case index < l.cut:
		return 0, raft.ErrCompacted
	case index > l.last():
		return 0, raft.ErrUnavailable
	}
	return l.at(index).GetTerm(), nil
}

// Entries implements raft.Storage.
func (l *raftLog) Entries(lo, hi, maxSize uint64) ([]*raftpb.Entry, error) {
	switch {
	case lo <= l.cut:
		return nil, raft.ErrCompacted
	case hi > l.last()+1 || lo > hi:
		return nil, raft.ErrUnavailable
	}
	s := l.entries[lo-l.cut-1 : hi-l.cut-1]
	var size uint64
	for i, e := range s {
		size += uint64(len(e.GetData())) + 16
		if size > maxSize && i > 0 {
			s = s[:i]
			break
		}
	}
	return append(make([]*raftpb.Entry, 0, len(s)), s...), nil
}

// Snapshot implements raft.Storage.
func (l *raftLog) Snapshot() (*raftpb.Snapshot, error) {
	if l.snapshot == nil {
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	return l.snapshot()
}

// compact drops the entries up to index.
func (l *raftLog) compact(index uint64) {
	if index <= l.cut || index > l.last() {
		return
	}
	term := l.at(index).GetTerm()
	l.entries = append([]*raftpb.Entry(nil), l.entries[index-l.cut:]...)
	l.cut, l.cutTerm = index, term
	l.sync()
}

// install begins the log anew after a snapshot. Entries that follow it stay when
// the log has the snapshot's last one.
func (l *raftLog) install(m *pb.SnapshotManifest, cs *raftpb.ConfState) {
	if e := l.at(m.Index); e != nil && e.GetTerm() == m.Term {
		l.compact(m.Index)
	} else if m.Index > l.cut {
		l.cut, l.cutTerm, l.entries = m.Index, m.Term, nil
	}
	l.raise(m.Index)
	l.conf, l.members = cs, proto.Clone(m.Members).(*pb.Members)
	l.sync()
}

// raise moves the commit index up to what the state has applied: a crash may
// have kept more of the state than of the hard state.
func (l *raftLog) raise(applied uint64) {
	if applied <= l.hard.GetCommit() {
		return
	}
	hard := new(raftpb.HardState)
	if l.hard != nil {
		hard = proto.Clone(l.hard).(*raftpb.HardState)
	}
	hard.Commit = &applied
	l.hard = hard
	l.sync()
}

// clone is a copy of what is on disk now.
func (l *raftLog) clone() *raftLog {
	c := &raftLog{content: l.stable, stable: l.stable, members: l.members, conf: l.conf, lies: l.lies, forgetsHard: l.forgetsHard}
	n := len(c.entries)
	c.entries, c.stable.entries = c.entries[:n:n], c.stable.entries[:n:n]
	return c
}
