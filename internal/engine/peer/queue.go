package peer

import (
	"encoding/binary"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Bounds of a queue's two lists. What does not fit pushes out what is oldest.
const (
	urgentCount = 1024
	urgentBytes = 4 << 20
	bulkCount   = 4096
	// While there is no connection only the newest is kept: raft repeats itself,
	// and a node that comes back has no use for what is minutes old.
	idleCount = 64
	idleBytes = 1 << 20
)

// queue holds what waits to be sent to one peer, in two lists. The urgent one
// goes first: heartbeats, votes and status, which are small and say that we are
// alive, must not wait behind 64 MiB of entries. Raft's messages may overtake
// each other; within a list they don't.
type queue struct {
	ready chan struct{} // has an element when something was pushed

	mu        sync.Mutex
	urgent    list
	bulk      list
	bulkBytes int
	connected bool
	dropped   uint64
}

// list is first in, first out, with its size in bytes.
type list struct {
	items []item
	bytes int
}

type item struct {
	m    *pb.PeerMessage
	size int
}

func newQueue(bulkBytes int) *queue {
	return &queue{ready: make(chan struct{}, 1), bulkBytes: bulkBytes}
}

// push adds a message and never waits.
func (q *queue) push(m *pb.PeerMessage) {
	it := item{m, m.SizeVT()}
	q.mu.Lock()
	if it.size > MaxFrame {
		q.dropped++
		q.mu.Unlock()
		return
	}
	l := &q.bulk
	if isUrgent(m) {
		l = &q.urgent
	}
	l.items = append(l.items, it)
	l.bytes += it.size
	q.trimLocked()
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// trimLocked drops what is too much, never the newest of a list.
func (q *queue) trimLocked() {
	if !q.connected {
		q.dropped += q.urgent.trim(idleCount, idleBytes) + q.bulk.trim(idleCount, idleBytes)
		return
	}
	q.dropped += q.urgent.trim(urgentCount, urgentBytes) + q.bulk.trim(bulkCount, q.bulkBytes)
}

func (l *list) trim(count, bytes int) (dropped uint64) {
	for len(l.items) > 1 && (len(l.items) > count || l.bytes > bytes) {
		l.shift()
		dropped++
	}
	return dropped
}

func (l *list) shift() *pb.PeerMessage {
	it := l.items[0]
	l.items[0] = item{} // lets go of the message
	l.items = l.items[1:]
	l.bytes -= it.size
	return it.m
}

// pop takes the next message, nil when there is none.
func (q *queue) pop() *pb.PeerMessage {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(q.urgent.items) > 0:
		return q.urgent.shift()
	case len(q.bulk.items) > 0:
		return q.bulk.shift()
	}
	return nil
}

// setConnected says whether somebody takes messages out.
func (q *queue) setConnected(yes bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.connected = yes
	q.trimLocked()
}

// figures are the messages that wait, their bytes, and how many were dropped.
func (q *queue) figures() (waiting, bytes int, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.urgent.items) + len(q.bulk.items), q.urgent.bytes + q.bulk.bytes, q.dropped
}

// Raft's message types (raftpb.MessageType) that carry no entries and mean that
// somebody waits: votes, heartbeats, a transfer of leadership, read indexes. The
// others (entries and their answers) are bulk; among those order saves resends.
const urgentTypes = 1<<5 | 1<<6 | 1<<8 | 1<<9 | 1<<14 | 1<<15 | 1<<16 | 1<<17 | 1<<18

// isUrgent decides the list. raftpb writes its type first: field 1, a varint.
func isUrgent(m *pb.PeerMessage) bool {
	if len(m.Raft) == 0 {
		return true
	}
	const typeTag = 1 << 3 // and the wire type of a varint, 0
	if m.Raft[0] != typeTag {
		return false
	}
	kind, n := binary.Uvarint(m.Raft[1:])
	return n > 0 && kind < 64 && urgentTypes&(1<<kind) != 0
}
