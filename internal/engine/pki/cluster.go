package pki

import "crypto/sha256"

// Cluster is the inner CA of a cluster, and all that is derived from its key. It
// never changes; it is safe for concurrent use.
type Cluster struct {
	ca  *Issuer
	key []byte // as it is kept, PKCS #8 DER
}

// NewCluster reads the inner CA's pair.
func NewCluster(p Pair) (*Cluster, error) {
	ca, err := NewIssuer(p)
	if err != nil {
		return nil, err
	}
	return &Cluster{ca: ca, key: p.Key}, nil
}

// CA is the inner CA's certificate, DER: what a node's credentials trust. The
// caller must not modify it.
func (c *Cluster) CA() []byte { return c.ca.Cert.Raw }

// CAFingerprint is the SHA-256 of CA: it names the cluster to who has nothing
// but a join token.
func (c *Cluster) CAFingerprint() [sha256.Size]byte { return sha256.Sum256(c.CA()) }

// String names what it is and shows nothing of the key; so do the other ways in
// which a value might reach a log.
func (c *Cluster) String() string { return "inner CA " + c.ca.Cert.Subject.CommonName }

// GoString is String.
func (c *Cluster) GoString() string { return c.String() }
