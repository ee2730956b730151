package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// ErrExpired says that the other side's certificate has run out while the
// connection was open.
var ErrExpired = errors.New("the certificate of the other side has expired; it gets itself a new one and connects again")

// writeStep is how much is written under one deadline.
const writeStep = 256 << 10

// conn is a TLS connection on which the other side must keep moving.
type conn struct {
	*tls.Conn
	// readTimeout bounds each read, writeTimeout each writeStep; 0 is no bound.
	readTimeout, writeTimeout time.Duration
}

func (c *conn) Read(p []byte) (int, error) {
	if c.readTimeout > 0 {
		if err := c.SetReadDeadline(time.Now().Add(c.readTimeout)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if err := c.SetWriteDeadline(time.Now().Add(c.writeTimeout)); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:min(len(p), n+writeStep)])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// end closes the connection at once: tls.Conn's own Close waits up to 5 s for
// room to say goodbye, which nobody here listens for.
func (c *conn) end() { _ = c.NetConn().Close() }

// expiry is when the certificate that the other side showed runs out; the zero
// time when it showed none.
func expiry(cs *tls.ConnectionState) (leaf *x509.Certificate, at time.Time) {
	if cs == nil || len(cs.VerifiedChains) == 0 || len(cs.VerifiedChains[0]) == 0 {
		return nil, time.Time{}
	}
	at = cs.VerifiedChains[0][0].NotAfter
	for _, c := range cs.VerifiedChains[0] { // an authority that runs out ends what it vouched for
		if c.NotAfter.Before(at) {
			at = c.NotAfter
		}
	}
	return cs.VerifiedChains[0][0], at
}

// whoIs names the other side of a connection for logs.
func whoIs(c net.Conn, name string) string {
	if name == "" {
		return c.RemoteAddr().String()
	}
	return fmt.Sprintf("%s (%s)", name, c.RemoteAddr())
}
