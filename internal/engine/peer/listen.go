package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// What one address serves, by ALPN.
const (
	protoRaft = "holdfast-raft/1"
	protoHTTP = "h2"
)

// DefaultStrangers is how many connections may be open of whom it is not known who
// they are: as many that shake hands, and as many that show no certificate of a
// node of the cluster, as one that wants to join.
const DefaultStrangers = 256

func serverTLS(given *tls.Config) *tls.Config {
	c := given.Clone()
	c.MinVersion = tls.VersionTLS13
	c.NextProtos = []string{protoRaft, protoHTTP}
	// Join comes without a certificate; whatever else is asked for is refused
	// without one where it is asked for.
	c.ClientAuth = tls.VerifyClientCertIfGiven
	// A resumed session would keep a certificate that was renewed since.
	c.SessionTicketsDisabled = true
	return c
}

func clientTLS(given *tls.Config, proto string) *tls.Config {
	c := given.Clone()
	c.MinVersion = tls.VersionTLS13
	c.NextProtos = []string{proto}
	c.ClientSessionCache = nil
	return c
}

// accept takes connections until the transport is closed.
func (t *Transport) accept(l net.Listener) error {
	web := newHandover(l.Addr())
	t.tasks.Go(func() { _ = t.http.Serve(web) }) // answers ErrServerClosed
	defer web.Close()
	slots := make(chan struct{}, t.opt.Strangers)
	for {
		raw, err := l.Accept()
		if t.ctx.Err() != nil {
			if err == nil {
				_ = raw.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("peer address %s: %w", l.Addr(), err)
		}
		if err != nil { // too many open files: it passes
			t.log.Warn("peer address: cannot accept a connection", "err", err)
			select {
			case <-t.ctx.Done():
			case <-time.After(DefaultBackoffMin):
			}
			continue
		}
		select {
		case slots <- struct{}{}:
		case <-t.ctx.Done():
			_ = raw.Close()
			return nil
		}
		t.tasks.Go(func() { t.admit(raw, web, func() { <-slots }) })
	}
}

// admit shakes hands and hands the connection to who serves its protocol. shown
// is called when it is known who the other side is.
func (t *Transport) admit(raw net.Conn, web *handover, shown func()) {
	who := &caller{Conn: raw}
	raw = who
	c := &conn{Conn: tls.Server(raw, t.server)}
	ctx, cancel := context.WithTimeout(t.ctx, t.opt.Silence)
	err := c.HandshakeContext(ctx)
	cancel()
	shown()
	if err != nil {
		t.refused.log(t.log, "connection refused: TLS", raw.RemoteAddr(), t.opt.Explain(err, "the caller at "+raw.RemoteAddr().String()))
		_ = raw.Close()
		return
	}
	cs := c.ConnectionState()
	switch cs.NegotiatedProtocol {
	case protoHTTP:
		if _, known := t.opt.Role(cs); !known && !who.count(&t.strangers, t.opt.Strangers) {
			t.refused.log(t.log, "connection refused: too many are open that show no certificate of a node", raw.RemoteAddr(), nil)
			_ = raw.Close()
			return
		}
		web.give(t.ctx, c.Conn)
	case protoRaft:
		name, ok := t.opt.Role(cs)
		if !ok {
			t.refused.log(t.log, "stream refused: it shows no certificate of a node of this cluster", raw.RemoteAddr(), nil)
			_ = raw.Close()
			return
		}
		stop := context.AfterFunc(t.ctx, c.end)
		err := t.serveStream(c, name)
		stop()
		c.end()
		if t.ctx.Err() == nil {
			t.log.Info("peer disconnected", "peer", whoIs(raw, name), "err", err)
		}
	default:
		t.refused.log(t.log, "connection refused: it names no protocol", raw.RemoteAddr(), nil)
		_ = raw.Close()
	}
}

// caller is a connection that somebody opened to this node.
type caller struct {
	net.Conn
	counted atomic.Pointer[atomic.Int64] // where it counts as a stranger
}

// count counts the connection as a stranger's until it is closed; false when there
// are most already.
func (c *caller) count(in *atomic.Int64, most int) bool {
	if in.Add(1) > int64(most) {
		in.Add(-1)
		return false
	}
	c.counted.Store(in)
	return true
}

// Close implements net.Conn.
func (c *caller) Close() error {
	if in := c.counted.Swap(nil); in != nil {
		in.Add(-1)
	}
	return c.Conn.Close()
}

// refusals logs who was turned away, at most one a second: anybody can knock.
type refusals struct {
	mu    sync.Mutex
	last  time.Time
	quiet int
}

func (r *refusals) log(log *slog.Logger, text string, from net.Addr, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Sub(r.last) < time.Second {
		r.quiet++
		return
	}
	log.Warn(text, "from", from.String(), "err", err, "not_logged", r.quiet)
	r.last, r.quiet = now, 0
}

// handover is the listener of the HTTP server: it is given connections that have
// shaken hands.
type handover struct {
	addr   net.Addr
	given  chan *tls.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, given: make(chan *tls.Conn), closed: make(chan struct{})}
}

// give hands c over, or closes it when nobody takes it any more.
func (h *handover) give(ctx context.Context, c *tls.Conn) {
	select {
	case h.given <- c:
		return
	case <-h.closed:
	case <-ctx.Done():
	}
	_ = c.NetConn().Close()
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.given:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return h.addr }
