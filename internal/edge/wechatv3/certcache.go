package wechatv3

import (
	"bytes"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// maxCachedCerts bounds the cache; an entry takes about 3 kB.
const maxCachedCerts = 16 << 10

// certCache keeps the prepared keys of merchants' certificates, so that a
// signature costs no parsing. An entry counts only for the very bytes of the
// record it was made from: a certificate that is replaced is parsed anew.
type certCache struct {
	mu   sync.RWMutex
	keys map[certName]cachedKey
}

type certName struct{ mchid, serial string }

type cachedKey struct {
	der []byte
	key *verifier
}

// key returns the certificate's prepared public key.
func (c *certCache) key(cert *pb.Cert) (*verifier, error) {
	name := certName{cert.Mchid, cert.Serial}
	c.mu.RLock()
	had, ok := c.keys[name]
	c.mu.RUnlock()
	if ok && bytes.Equal(had.der, cert.Der) {
		return had.key, nil
	}
	parsed, err := seal.ParseCertificateDER(cert.Der)
	if err != nil {
		return nil, err
	}
	key, err := newVerifier(seal.CertificateKey(parsed))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil || len(c.keys) >= maxCachedCerts {
		c.keys = make(map[certName]cachedKey) // forgetting all is simple and rare
	}
	c.keys[name] = cachedKey{cert.Der, key}
	return key, nil
}
