package keystore

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pool *x509.CertPool // just cert
}

func newAuthority(p pair) (*authority, error) {
	cert, err := x509.ParseCertificate(p.Cert)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(p.Key)
	key, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, errors.New("private key cannot be read")
	}
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a, nil
}

// issue signs template for the public key of key, whose private part is kept
// beside it when it is given.
func (a *authority) issue(template *x509.Certificate, key crypto.Signer) (pair, error) {
	return issue(template, a.cert, key.Public(), key, a.key)
}

// issue gives template a serial number and signs it. own, the private key of
// public, may be nil when it is somebody else's.
func issue(template, parent *x509.Certificate, public any, own, signer crypto.Signer) (pair, error) {
	var err error
	if template.SerialNumber, err = seal.NewSerial(rand.Reader); err != nil {
		return pair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return pair{}, fmt.Errorf("issue certificate %q: %w", template.Subject.CommonName, err)
	}
	p := pair{Cert: der}
	if own != nil {
		if p.Key, err = x509.MarshalPKCS8PrivateKey(own); err != nil {
			return pair{}, fmt.Errorf("keep key of %q: %w", template.Subject.CommonName, err)
		}
	}
	return p, nil
}
