package credentials

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/engine/sleep"
)

// Issue answers a certificate (DER) for a PKCS #10 request (DER): from the
// node's own keystore, or from a peer.
type Issue func(ctx context.Context, csr []byte) (cert []byte, err error)

// IssuedBy issues from a keystore on this machine, which any node of the cluster
// has. It helps a node whose certificate expired while it was switched off.
func (c *Credentials) IssuedBy(keys *keystore.Store) Issue {
	return func(_ context.Context, csr []byte) ([]byte, error) {
		return keys.Cluster().IssueNode(csr, c.Node().Name, c.now())
	}
}

// RenewAt is when half of the certificate's time is over.
func (c *Credentials) RenewAt() time.Time {
	cert := c.current.Load().cert
	return cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 2)
}

// Renew gets the node's key another certificate and uses it from the next
// handshake on. The old one stays when that fails. An answer that is no
// certificate of this node, key and cluster is refused.
func (c *Credentials) Renew(ctx context.Context, issue Issue) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	had := c.current.Load()
	csr, err := pki.NewNodeRequest(had.node.Name, had.key)
	if err != nil {
		return err
	}
	der, err := issue(ctx, csr)
	if err != nil {
		return fmt.Errorf("renew the certificate of node %s: %w", had.node.Name, err)
	}
	next, err := had.with(der)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(c.dir, certFile), certBlock, der, 0o644); err != nil {
		return fmt.Errorf("keep the new certificate: %w", err)
	}
	c.current.Store(next)
	return nil
}

const (
	// lookEvery bounds how long Rotate sleeps: a machine that was suspended, or
	// whose clock was set, is noticed.
	lookEvery = time.Hour
	// againAfter is how long it waits when renewing failed.
	againAfter = time.Minute
)

// Rotate renews the certificate whenever half of its time is over, until ctx
// ends. It logs what it did, and loudly when the end comes near.
func (c *Credentials) Rotate(ctx context.Context, issue Issue, log *slog.Logger) {
	c.rotate(ctx, issue, log, againAfter)
}

func (c *Credentials) rotate(ctx context.Context, issue Issue, log *slog.Logger, again time.Duration) {
	for {
		wait := min(c.RenewAt().Sub(c.now()), lookEvery)
		if wait <= 0 {
			// After a success too: a clock that is far off must not make it spin.
			wait = again
			if err := c.Renew(ctx, issue); err == nil {
				log.Info("certificate renewed", "node", c.Node().Name, "expires", c.Expires())
			} else if ctx.Err() == nil {
				c.logFailure(log, err)
			}
		}
		if sleep.For(ctx, wait) != nil {
			return
		}
	}
}

func (c *Credentials) logFailure(log *slog.Logger, err error) {
	level := slog.LevelWarn
	if left := c.Expires().Sub(c.now()); left < pki.NodeCertDays*24*time.Hour/10 {
		level = slog.LevelError
	}
	log.Log(context.Background(), level, "the node's certificate was not renewed", "err", err, "expires", c.Expires())
}
