package raftlog

import "go.etcd.io/raft/v3/raftpb"

// recent holds the newest entries of the log, without a gap up to the last, so
// that raft's questions on the hot path are answered from memory.
type recent struct {
	entries []*raftpb.Entry
	bytes   uint64
	limit   uint64
}

// perEntry is what an entry costs besides its data, roughly.
const perEntry = 128

func cost(e *raftpb.Entry) uint64 { return uint64(len(e.GetData())) + perEntry }

// first is the index of the oldest entry held; next is the one after the last
// when none is held, so that nothing below it counts as held.
func (r *recent) first(last uint64) uint64 {
	if len(r.entries) == 0 {
		return last + 1
	}
	return r.entries[0].GetIndex()
}

// truncate forgets the entry at index and all after it.
func (r *recent) truncate(index uint64) {
	n := len(r.entries)
	for n > 0 && r.entries[n-1].GetIndex() >= index {
		n--
		r.bytes -= cost(r.entries[n])
		r.entries[n] = nil
	}
	r.entries = r.entries[:n]
}

// forget drops the entries up to and including index.
func (r *recent) forget(index uint64) {
	n := 0
	for n < len(r.entries) && r.entries[n].GetIndex() <= index {
		n++
	}
	r.drop(n)
}

func (r *recent) drop(n int) {
	for i := range n {
		r.bytes -= cost(r.entries[i])
		r.entries[i] = nil // the array lives on; the entry's data need not
	}
	r.entries = r.entries[n:]
}

// add appends entries that follow on what is held, after cutting what they
// replace, and drops the oldest beyond the limit; the newest always stays.
func (r *recent) add(entries []*raftpb.Entry) {
	if len(entries) == 0 {
		return
	}
	r.truncate(entries[0].GetIndex())
	r.entries = append(r.entries, entries...)
	for _, e := range entries {
		r.bytes += cost(e)
	}
	n, bytes := 0, r.bytes
	for bytes > r.limit && n < len(r.entries)-1 {
		bytes -= cost(r.entries[n])
		n++
	}
	r.drop(n)
}

// at returns the entry with the index, or nil.
func (r *recent) at(index uint64) *raftpb.Entry {
	if len(r.entries) == 0 {
		return nil
	}
	i := index - r.entries[0].GetIndex()
	if index < r.entries[0].GetIndex() || i >= uint64(len(r.entries)) {
		return nil
	}
	return r.entries[i]
}

// slice returns the entries with lo <= index < hi, which must all be held. The
// answer shares memory with r and is to be copied before r changes.
func (r *recent) slice(lo, hi uint64) []*raftpb.Entry {
	base := r.entries[0].GetIndex()
	return r.entries[lo-base : hi-base]
}
