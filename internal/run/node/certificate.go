package node

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"
	"time"
)

// certificate is a listener's TLS certificate, read again on SIGHUP.
type certificate struct {
	name, cert, key string
	now             atomic.Pointer[tls.Certificate]
}

// openCertificate reads the PEM files.
func openCertificate(name, cert, key string) (*certificate, error) {
	c := &certificate{name: name, cert: cert, key: key}
	return c, c.reload()
}

// reload reads the files again; on an error the present certificate stays. An
// expired one is refused: serving it would turn every client away.
func (c *certificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("%s.tls_cert %s and tls_key %s: %w", c.name, c.cert, c.key, err)
	}
	if end := pair.Leaf.NotAfter; time.Now().After(end) {
		return fmt.Errorf("%s.tls_cert %s: it expired on %s", c.name, c.cert, end.UTC().Format(time.DateOnly))
	}
	c.now.Store(&pair)
	return nil
}

// config is the listener's side of it.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil },
	}
}
