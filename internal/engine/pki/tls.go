package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Role is what a process of the platform may do among the others. It stands in
// its certificate's organizational unit.
type Role string

// The roles.
const (
	// RoleNode serves the inner API.
	RoleNode Role = "node"
	// RoleCourier reads owed notices and reports attempts.
	RoleCourier Role = "courier"
	// RoleAdmin administers.
	RoleAdmin Role = "admin"
)

const (
	// serverName is what nodes are called in their certificates: which address
	// one dialled doesn't matter, who answers does.
	serverName = "node.holdfast.internal"
	// innerDays bounds what a stolen inner certificate is good for; processes get
	// themselves another when half of it has passed.
	innerDays = 30
)

// NodeTLS is the configuration of a node's inner address: TLS 1.3, HTTP/2, a
// certificate of role node, and clients that show a certificate of the inner CA
// with one of the given roles (any role when none is given).
func (c *Cluster) NodeTLS(clients ...Role) *tls.Config {
	own := &leaf{cluster: c, role: RoleNode}
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		NextProtos:     []string{"h2", "http/1.1"},
		ClientAuth:     tls.RequireAndVerifyClientCert,
		ClientCAs:      c.ca.Pool,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own.certificate(time.Now()) },
		VerifyConnection: func(cs tls.ConnectionState) error {
			role, ok := PeerRole(cs)
			if !ok || len(clients) > 0 && !slices.Contains(clients, role) {
				return fmt.Errorf("client of role %q is not admitted here", role)
			}
			return nil
		},
	}
}

// ClientTLS is the configuration of a client of nodes' inner addresses, with a
// certificate of the given role.
func (c *Cluster) ClientTLS(role Role) *tls.Config {
	own := &leaf{cluster: c, role: role}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2", "http/1.1"},
		ServerName: serverName,
		RootCAs:    c.ca.Pool,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return own.certificate(time.Now())
		},
		VerifyConnection: func(cs tls.ConnectionState) error {
			if peer, ok := PeerRole(cs); !ok || peer != RoleNode {
				return fmt.Errorf("server shows role %q, want %q", peer, RoleNode)
			}
			return nil
		},
	}
}

// PeerRole is the role in the certificate that the other side of a connection
// showed and that was verified; false when there is none.
func PeerRole(cs tls.ConnectionState) (Role, bool) {
	if len(cs.VerifiedChains) == 0 || len(cs.VerifiedChains[0]) == 0 {
		return "", false
	}
	return CertRole(cs.VerifiedChains[0][0])
}

// CertRole is the role that a certificate of the inner CA carries. It says
// nothing of who issued it: verify that first.
func CertRole(cert *x509.Certificate) (Role, bool) {
	units := cert.Subject.OrganizationalUnit
	if len(units) != 1 {
		return "", false
	}
	role := Role(units[0])
	return role, slices.Contains([]Role{RoleNode, RoleCourier, RoleAdmin}, role)
}

// leaf is a process's own inner certificate; its key never leaves memory.
type leaf struct {
	cluster *Cluster
	role    Role

	mu      sync.Mutex
	cert    *tls.Certificate
	renewAt time.Time
}

func (l *leaf) certificate(now time.Time) (*tls.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cert != nil && now.Before(l.renewAt) {
		return l.cert, nil
	}
	cert, err := l.cluster.issueInner(l.role, now)
	if err != nil {
		return nil, fmt.Errorf("inner certificate for %s: %w", l.role, err)
	}
	l.cert, l.renewAt = cert, now.AddDate(0, 0, innerDays/2)
	return cert, nil
}

func (c *Cluster) issueInner(role Role, now time.Time) (*tls.Certificate, error) {
	if !slices.Contains([]Role{RoleNode, RoleCourier, RoleAdmin}, role) {
		return nil, errors.New("there is no such role")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	issued, err := c.ca.Issue(innerTemplate(role, now), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{issued.Cert}, PrivateKey: key}, nil
}

func innerTemplate(role Role, now time.Time) *x509.Certificate {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "holdfast " + string(role), OrganizationalUnit: []string{string(role)}},
		NotBefore:   now.Add(-Backdate).UTC(),
		NotAfter:    now.AddDate(0, 0, innerDays).UTC(),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if role == RoleNode {
		// Only a node can be a server: a courier's certificate doesn't serve to
		// impersonate one.
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		template.DNSNames = []string{serverName}
	}
	return template
}
