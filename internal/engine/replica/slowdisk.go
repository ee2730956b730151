package replica

import (
	"time"

	"go.etcd.io/raft/v3/raftpb"
)

const (
	// slowAppend is what an append may take on a disk that is well.
	slowAppend = 200 * time.Millisecond
	// slowFor is how long a leader's disk may be slow before another node with a
	// faster one shall lead: every commit waits for the leader's own append.
	slowFor = 3 * time.Second
)

// timedLog measures how long appends take; of the loop.
type timedLog struct {
	Log
	slowSince time.Time // zero while appends are quick
}

// Append implements member.Storage.
func (l *timedLog) Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error {
	begin := time.Now()
	err := l.Log.Append(hs, entries, sync)
	switch end := time.Now(); {
	case !sync:
	case end.Sub(begin) < slowAppend:
		l.slowSince = time.Time{}
	case l.slowSince.IsZero():
		l.slowSince = begin
	}
	return err
}

// watchDisk hands the lead over when this node's disk has been slow for a while;
// of the loop.
func (r *Replica) watchDisk() {
	since := r.log.slowSince
	if since.IsZero() || time.Since(since) < slowFor || r.seq.Term() == 0 || r.Status().Alone {
		return
	}
	r.opt.Logger.Warn("this node's disk is slow: another node shall lead", "since", since)
	r.log.slowSince = time.Time{} // measured anew before it is asked again
	r.seq.Member().Transfer(0)
}
