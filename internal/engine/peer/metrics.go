package peer

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Metrics are figures about the transport, for monitoring.
type Metrics struct {
	Peers []PeerMetrics // by raft id
	// Unroutable counts messages to nobody known.
	Unroutable uint64
	// Streams is how many streams are being received from.
	Streams int
	// Calls is how many calls of other nodes are being answered.
	Calls int
}

// PeerMetrics are figures about one peer since it has its present address.
type PeerMetrics struct {
	RaftID  uint64
	Name    string
	Address string
	// Connected says whether there is a connection to send on; Since since when,
	// or since when there is none.
	Connected bool
	Since     time.Time
	// LastError is why the last connection ended or could not be made.
	LastError string
	Dials     uint64
	// Bytes on the wire, before TLS, lengths included.
	BytesOut, BytesIn       uint64
	MessagesOut, MessagesIn uint64
	// Dropped messages found the queue full; Waiting ones are in it.
	Dropped      uint64
	Waiting      int
	WaitingBytes int
	// RoundTrip is that of the last greeting answered; RoundTrips counts them.
	RoundTrip  time.Duration
	RoundTrips uint64
	// Receiving says whether a stream from this peer is open.
	Receiving bool
}

// Metrics returns the figures of the moment.
func (t *Transport) Metrics() Metrics {
	t.mu.RLock()
	defer t.mu.RUnlock()
	m := Metrics{Unroutable: t.unroutable.Load(), Streams: len(t.streams), Calls: int(t.calls.Load())}
	for id, l := range t.links {
		p := l.figures.read()
		p.RaftID, p.Name, p.Address = id, l.name, l.address
		p.Waiting, p.WaitingBytes, p.Dropped = l.q.figures()
		p.Receiving = t.streams[id] != nil
		m.Peers = append(m.Peers, p)
	}
	slices.SortFunc(m.Peers, func(a, b PeerMetrics) int { return cmp.Compare(a.RaftID, b.RaftID) })
	return m
}

// figures counts for one link.
type figures struct {
	dials                   atomic.Uint64
	bytesOut, bytesIn       atomic.Uint64
	messagesOut, messagesIn atomic.Uint64
	roundTrip, roundTrips   atomic.Int64

	mu        sync.Mutex
	connected bool
	since     time.Time
	lastError string
}

func (f *figures) sent(bytes int) {
	f.bytesOut.Add(uint64(bytes))
	f.messagesOut.Add(1)
}

func (f *figures) received(bytes int) {
	f.bytesIn.Add(uint64(bytes))
	f.messagesIn.Add(1)
}

func (f *figures) trip(d time.Duration) {
	f.roundTrip.Store(int64(d))
	f.roundTrips.Add(1)
}

func (f *figures) connect(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.connected, f.since = true, now
}

func (f *figures) disconnect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.connected, f.since = false, time.Now()
}

func (f *figures) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.lastError = err.Error()
	}
}

func (f *figures) read() PeerMetrics {
	f.mu.Lock()
	defer f.mu.Unlock()
	return PeerMetrics{
		Connected: f.connected, Since: f.since, LastError: f.lastError, Dials: f.dials.Load(),
		BytesOut: f.bytesOut.Load(), BytesIn: f.bytesIn.Load(),
		MessagesOut: f.messagesOut.Load(), MessagesIn: f.messagesIn.Load(),
		RoundTrip: time.Duration(f.roundTrip.Load()), RoundTrips: uint64(f.roundTrips.Load()),
	}
}
