package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// Backdate lets a client whose clock is slow use a certificate that was just
// made.
const Backdate = time.Hour

const rootYears = 30

// Pair is a certificate (DER) with its private key (PKCS #8 DER).
type Pair struct {
	Cert []byte `json:"cert"`
	Key  []byte `json:"key"`
}

// Issuer issues certificates.
type Issuer struct {
	// Cert is its own; the caller must not modify it.
	Cert *x509.Certificate
	// Pool is just Cert.
	Pool *x509.CertPool
	key  crypto.Signer
}

// NewIssuer reads an issuer's pair.
func NewIssuer(p Pair) (*Issuer, error) {
	cert, err := x509.ParseCertificate(p.Cert)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(p.Key)
	key, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, errors.New("private key cannot be read")
	}
	i := &Issuer{Cert: cert, key: key, Pool: x509.NewCertPool()}
	i.Pool.AddCert(cert)
	return i, nil
}

// Issue signs template for the public key of key, whose private part is kept
// beside it.
func (i *Issuer) Issue(template *x509.Certificate, key crypto.Signer) (Pair, error) {
	return issue(template, i.Cert, key.Public(), key, i.key)
}

// IssueFor signs template for a public key whose private part is somebody else's,
// and returns the certificate, DER.
func (i *Issuer) IssueFor(template *x509.Certificate, public any) ([]byte, error) {
	issued, err := issue(template, i.Cert, public, nil, i.key)
	return issued.Cert, err
}

// NewRoot makes a self-signed CA certificate, valid from a little before at (Unix
// milliseconds) for thirty years.
func NewRoot(name string, key crypto.Signer, at int64) (Pair, error) {
	from := time.UnixMilli(at).Add(-Backdate).UTC()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from,
		NotAfter:              from.AddDate(rootYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            0,
		MaxPathLenZero:        true,
	}
	return issue(template, template, key.Public(), key, key)
}

// issue gives template a serial number and signs it. own, the private key of
// public, may be nil when it is somebody else's.
func issue(template, parent *x509.Certificate, public any, own, signer crypto.Signer) (Pair, error) {
	var err error
	if template.SerialNumber, err = seal.NewSerial(rand.Reader); err != nil {
		return Pair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return Pair{}, fmt.Errorf("issue certificate %q: %w", template.Subject.CommonName, err)
	}
	p := Pair{Cert: der}
	if own != nil {
		if p.Key, err = x509.MarshalPKCS8PrivateKey(own); err != nil {
			return Pair{}, fmt.Errorf("keep key of %q: %w", template.Subject.CommonName, err)
		}
	}
	return p, nil
}
