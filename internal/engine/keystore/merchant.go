package keystore

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// IssueMerchantCert issues an API certificate to a merchant, under the platform
// root, valid for five years from now (Unix milliseconds), and returns its DER.
// The merchant keeps the private key; the platform sees only the public half.
func (s *Store) IssueMerchantCert(mchid, name string, key *rsa.PublicKey, now int64) ([]byte, error) {
	if !ident.ValidMchid(mchid) {
		return nil, fmt.Errorf("mchid %.20q: want 8 to 10 digits", mchid)
	}
	root := s.current.Load().root
	from := time.UnixMilli(now).Add(-pki.Backdate).UTC().Truncate(time.Second)
	return root.IssueFor(&x509.Certificate{
		Subject:   pkix.Name{CommonName: mchid, Organization: []string{name}, OrganizationalUnit: []string{"merchant"}},
		NotBefore: from,
		NotAfter:  from.AddDate(leafYears, 0, 0),
		KeyUsage:  x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}, key)
}
