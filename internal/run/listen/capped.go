package listen

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// retryAfter is when one tries to accept again after a shortage.
const retryAfter = 50 * time.Millisecond

// Capped is a listener with at most so many connections open. An http.Server that
// serves it has Track for its ConnState.
type Capped struct {
	net.Listener
	most  int
	ended atomic.Uint64

	mu     sync.Mutex
	open   map[*conn]struct{}
	room   chan struct{} // closed when a connection ends, or can be spared, while others wait
	waits  int           // how many wait for room
	closed chan struct{}
	once   sync.Once
}

// conn is an open connection. What it waits in is guarded by Capped.mu.
type conn struct {
	net.Conn
	of *Capped
	// state is http.StateNew until something has come, http.StateIdle between
	// requests, http.StateActive otherwise; since is when it began.
	state http.ConnState
	since time.Time
}

// Cap bounds a listener. It panics below 1.
func Cap(l net.Listener, most int) *Capped {
	if most < 1 {
		panic("listen: a listener takes at least one connection")
	}
	return &Capped{Listener: l, most: most, open: map[*conn]struct{}{}, room: make(chan struct{}), closed: make(chan struct{})}
}

// Accept returns the next connection. When all are in use, one that waits without
// a request goes; when all are at work, it waits for one to end. A shortage of
// descriptors or memory is waited out.
func (c *Capped) Accept() (net.Conn, error) {
	for {
		raw, err := c.Listener.Accept()
		switch {
		case err == nil:
			return c.admit(raw)
		case diskguard.Shortage(err), errors.Is(err, syscall.ECONNABORTED):
			c.makeRoom()
			if !c.pause(time.After(retryAfter)) {
				return nil, net.ErrClosed
			}
		default:
			return nil, err
		}
	}
}

func (c *Capped) pause(until <-chan time.Time) bool {
	select {
	case <-until:
		return true
	case <-c.closed:
		return false
	}
}

// admit waits until there is room for a connection.
func (c *Capped) admit(raw net.Conn) (net.Conn, error) {
	for {
		c.mu.Lock()
		if len(c.open) < c.most {
			n := &conn{Conn: raw, of: c, state: http.StateNew, since: time.Now()}
			c.open[n] = struct{}{}
			c.mu.Unlock()
			return n, nil
		}
		room := c.room
		c.waits++
		c.mu.Unlock()
		if !c.makeRoom() {
			select {
			case <-room:
			case <-c.closed:
			}
		}
		c.mu.Lock()
		c.waits--
		c.mu.Unlock()
		if c.over() {
			_ = raw.Close() // it came with the end
			return nil, net.ErrClosed
		}
	}
}

func (c *Capped) over() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// wake lets those who wait for room look again. c.mu is held.
func (c *Capped) wake() {
	if c.waits > 0 {
		close(c.room)
		c.room = make(chan struct{})
	}
}

// grace is how long a connection may take to say something before it counts as
// silent.
const grace = time.Second

// makeRoom ends the connection that can best be spared: the one that has been
// silent longest; without one, the one that was used longest ago; at last the
// oldest of those that have just come. It returns false when all are at work.
func (c *Capped) makeRoom() bool {
	now := time.Now()
	c.mu.Lock()
	var spare *conn
	for n := range c.open { // order does not matter: the one that can best be spared is one
		if rank := n.rank(now); rank > 0 && (spare == nil || rank > spare.rank(now) || rank == spare.rank(now) && n.since.Before(spare.since)) {
			spare = n
		}
	}
	c.mu.Unlock()
	if spare == nil {
		return false
	}
	c.ended.Add(1)
	_ = spare.Close() // its server notices
	return true
}

// rank says how well a connection can be spared; 0 for not at all.
func (n *conn) rank(now time.Time) int {
	switch {
	case n.state == http.StateActive:
		return 0
	case n.state == http.StateIdle:
		return 2
	case now.Sub(n.since) > grace:
		return 3
	}
	return 1
}

// Track learns what a connection is doing; it is an http.Server's ConnState.
func (c *Capped) Track(nc net.Conn, state http.ConnState) {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	n, ok := nc.(*conn)
	if !ok || n.of != c {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateIdle || state == http.StateActive {
		n.state, n.since = state, time.Now()
	}
	if state == http.StateIdle {
		c.wake() // it was at work when they looked
	}
}

// Close closes the listener; connections stay.
func (c *Capped) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Listener.Close()
}

// Open counts the open connections.
func (c *Capped) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// Ended counts the connections that were ended to make room.
func (c *Capped) Ended() uint64 { return c.ended.Load() }

// Close gives the connection's place back.
func (n *conn) Close() error {
	err := n.Conn.Close()
	c := n.of
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.open[n]; ok {
		delete(c.open, n)
		c.wake()
	}
	return err
}
