package peer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"
)

const serverName = "node.test"

// ca is a small authority of a test.
type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newCA(t testing.TB) *ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &ca{cert, key, x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// issue makes a certificate with a role in its unit, as the keystore does.
func (a *ca) issue(t testing.TB, name, role string, validFor time.Duration) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name, OrganizationalUnit: []string{role}}, DNSNames: []string{serverName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validFor),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// holder holds the certificate that a process shows at the moment.
type holder struct {
	mu   sync.Mutex
	cert *tls.Certificate
	pool *x509.CertPool
}

func (a *ca) holder(cert *tls.Certificate) *holder { return &holder{cert: cert, pool: a.pool} }

func (h *holder) renew(cert *tls.Certificate) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cert = cert
}

func (h *holder) get() *tls.Certificate {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cert
}

func (h *holder) server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, ClientCAs: h.pool,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return h.get(), nil }}
}

func (h *holder) client() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: h.pool, ServerName: serverName,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if c := h.get(); c != nil {
				return c, nil
			}
			return new(tls.Certificate), nil
		}}
}

// role reads what issue wrote.
func role(cs tls.ConnectionState) (string, bool) {
	if len(cs.VerifiedChains) == 0 {
		return "", false
	}
	s := cs.VerifiedChains[0][0].Subject
	return s.CommonName, len(s.OrganizationalUnit) == 1 && s.OrganizationalUnit[0] == "node"
}
