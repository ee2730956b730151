package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
)

// Connecting to a merchant may take seconds, and the process may be stopped at any
// point of it. So the question whether a notice may still be sent is asked once
// more by the connection itself, as the request's first byte is about to leave.

// lastWord asks for one request.
type lastWord struct {
	may func() bool
	// said: it was asked and may go on. no: nothing was sent.
	said, no atomic.Bool
}

// hold has the connection ask before its next byte.
func (w *lastWord) hold(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if g, ok := c.(*gatedConn); ok {
		w.said.Store(false) // of a connection that died before
		g.word.Store(w)
	}
}

// errBarred ends a request that may not be sent any more.
var errBarred = errors.New("the lease is over")

// gatedConn is a connection to a merchant. It carries one request at a time.
type gatedConn struct {
	net.Conn
	word atomic.Pointer[lastWord]
}

// Write implements net.Conn.
func (c *gatedConn) Write(b []byte) (int, error) {
	if w := c.word.Load(); w != nil && !w.said.Load() {
		if !w.may() {
			w.no.Store(true)
			return 0, errBarred
		}
		w.said.Store(true)
	}
	return c.Conn.Write(b)
}

// gated makes the connections that a dialler opens ask.
func gated(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &gatedConn{Conn: c}, nil
	}
}
