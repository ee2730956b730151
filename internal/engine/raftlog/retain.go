package raftlog

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ages knows roughly when each part of the log was written and how large it is.
type ages struct {
	parts []part
	total uint64 // bytes ever counted
	gone  uint64 // bytes counted up to the cut
}

// part ends a stretch of the log: all entries up to and including last were
// written at or before at, and total counts the bytes up to there.
type part struct {
	at    time.Time
	last  uint64
	total uint64
}

const (
	partTime  = time.Second
	partBytes = 8 << 20
	partsOld  = 32 // parts of what was there when the log was opened
)

// add counts entries first..last; entries that replace others end their parts.
func (a *ages) add(now time.Time, first, last, bytes uint64) {
	for len(a.parts) > 0 && a.parts[len(a.parts)-1].last >= first {
		a.parts = a.parts[:len(a.parts)-1]
	}
	a.total += bytes
	if n := len(a.parts); n > 0 {
		begin := part{} // where the newest part begins
		if n > 1 {
			begin = a.parts[n-2]
		}
		p := &a.parts[n-1]
		if n > 1 && now.Sub(begin.at) < partTime && a.total-begin.total < partBytes {
			*p = part{now, last, a.total}
			return
		}
	}
	a.parts = append(a.parts, part{now, last, a.total})
}

// oldest returns the index up to which the log is older than keepFor or lies
// beyond keepBytes; 0 when all of it is to be kept. It waits until an eighth
// too much is there, so that the log is cut now and then and not at every call.
func (a *ages) oldest(now time.Time, keepFor time.Duration, keepBytes uint64) uint64 {
	if len(a.parts) == 0 || now.Sub(a.parts[0].at) < keepFor+keepFor/8 && a.total-a.gone < keepBytes+keepBytes/8 {
		return 0
	}
	var upTo uint64
	for _, p := range a.parts {
		if now.Sub(p.at) < keepFor && a.total-p.total < keepBytes {
			break
		}
		upTo = p.last
	}
	return upTo
}

// forget drops the parts up to index.
func (a *ages) forget(index uint64) {
	n := 0
	for n < len(a.parts) && a.parts[n].last <= index {
		a.gone = a.parts[n].total
		n++
	}
	a.parts = append(a.parts[:0], a.parts[n:]...)
}

// loadAges counts what the log held when it was opened as written now: it is
// kept at most KeepFor longer than it should be.
func (l *Log) loadAges() error {
	l.ages = ages{}
	now := l.opt.Now()
	step := max((l.last-l.cut)/partsOld, 1)
	for from := l.cut; from < l.last; from += step {
		upTo := min(from+step, l.last)
		bytes, err := l.db.EstimateDiskUsage(entryKey(from+1), entryKey(upTo))
		if err != nil {
			return err
		}
		l.ages.total += bytes
		l.ages.parts = append(l.ages.parts, part{now, upTo, l.ages.total})
	}
	return nil
}

// Compact forgets all entries up to and including index. It refuses with
// raft.ErrCompacted what is forgotten already and with raft.ErrUnavailable an
// index beyond the last. The caller answers for index being durably applied in
// the state; Retain does that by itself.
func (l *Log) Compact(index uint64) error {
	l.compacting.Lock()
	defer l.compacting.Unlock()
	term, err := l.Term(index)
	if err != nil {
		return err
	}
	// Memory first: nobody may look for an entry that is about to go.
	l.mu.Lock()
	if index <= l.cut {
		l.mu.Unlock()
		return raft.ErrCompacted
	}
	l.cut, l.cutTerm = index, term
	l.recent.forget(index)
	l.ages.forget(index)
	l.mu.Unlock()
	// The record before the deed: a crash between the two leaves entries that
	// nobody looks at, and the next Compact removes them.
	err = l.commit("compact", func() error { return l.db.Set(keyCut, cutRecord(index, term), pebble.Sync) })
	if err != nil {
		return err
	}
	return l.explain(l.remove(index))
}

// Cut is Compact for whoever doesn't mind that it was done already.
func (l *Log) Cut(index uint64) error {
	if err := l.Compact(index); err != nil && !errors.Is(err, raft.ErrCompacted) {
		return err
	}
	return nil
}

// remove takes the entries up to index out of the store. Whole files go at
// once, without tombstones that compactions would have to work off.
func (l *Log) remove(index uint64) error {
	// Entries in a memtable are flushed first: Excise would do it too, but
	// would hold up all appends meanwhile.
	flushed, ok, err := l.lastEntry(&pebble.IterOptions{OnlyReadGuaranteedDurable: true})
	if err != nil {
		return err
	}
	if !ok || flushed < index {
		if err := l.events.Flush(l.db); err != nil {
			if errors.Is(err, diskguard.ErrFull) || errors.Is(err, diskguard.ErrSlow) {
				return nil // the entries are removed with the next ones
			}
			return err
		}
	}
	span := pebble.KeyRange{Start: []byte{entryPrefix}, End: keyAfter(index)}
	return l.db.Excise(context.Background(), span)
}

func cutRecord(index, term uint64) []byte {
	payload := binary.BigEndian.AppendUint64(nil, index)
	return sealMeta(keyCut, binary.BigEndian.AppendUint64(payload, term))
}

// Retain compacts by the rule of Options.KeepBytes and KeepFor, never beyond
// durableApplied (the applied index of store.DurableHead, read at this moment):
// what the state may lose in a crash must be here to be replayed. It returns
// the first index that is left. Call it every few seconds; most calls do nothing.
func (l *Log) Retain(now time.Time, durableApplied uint64) (first uint64, err error) {
	l.mu.Lock()
	upTo := min(l.ages.oldest(now, l.opt.KeepFor, l.opt.KeepBytes), durableApplied)
	cut := l.cut
	l.mu.Unlock()
	if upTo > cut {
		if err := l.Compact(upTo); err != nil && !errors.Is(err, raft.ErrCompacted) {
			return 0, err
		}
	}
	return l.FirstIndex()
}

// Install empties the log and lets it go on after a snapshot at index and term
// with the members cs. The state must hold the snapshot durably already.
func (l *Log) Install(index, term uint64, cs *raftpb.ConfState, members *pb.Members) error {
	hard := new(raftpb.HardState)
	l.mu.Lock()
	if l.hard != nil {
		hard = proto.Clone(l.hard).(*raftpb.HardState)
	}
	l.mu.Unlock()
	hardTerm, commit := max(hard.GetTerm(), term), max(hard.GetCommit(), index)
	if hardTerm > hard.GetTerm() {
		hard.Vote = nil // the vote was of an earlier term
	}
	hard.Term, hard.Commit = &hardTerm, &commit
	payload, err := proto.Marshal(hard)
	if err != nil {
		return err
	}
	l.compacting.Lock()
	defer l.compacting.Unlock()
	b := l.db.NewBatch()
	defer b.Close()
	err = errors.Join(
		b.DeleteRange([]byte{entryPrefix}, []byte{entryEnd}, nil),
		b.Set(keyCut, cutRecord(index, term), nil),
		putConf(b, cs, members),
		b.Set(keyHard, sealMeta(keyHard, payload), nil))
	if err != nil {
		return err
	}
	if err := l.commit("install a snapshot", func() error { return b.Commit(pebble.Sync) }); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.cutTerm, l.last = index, term, index
	l.recent = recent{limit: l.opt.RecentBytes}
	l.ages = ages{}
	l.hard, l.owes = hard, false
	l.rememberConf(cs, members)
	return nil
}
