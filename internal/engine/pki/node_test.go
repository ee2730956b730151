package pki

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"
)

func nodeKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// nodeCert is a node's own certificate, as a node that joins gets it.
func nodeCert(t *testing.T, s *Cluster, name string, now time.Time) *tls.Certificate {
	t.Helper()
	key := nodeKey(t)
	csr, err := NewNodeRequest(name, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.IssueNode(csr, name, now)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestIssueNode(t *testing.T) {
	t.Parallel()
	s, now := ourCluster(), time.Now()
	cert, err := x509.ParseCertificate(nodeCert(t, s, "n2", now).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := cert.NotAfter.Sub(now); got < (NodeCertDays*24-1)*time.Hour || got > NodeCertDays*24*time.Hour {
		t.Errorf("valid for %v", got)
	}
	if !cert.NotBefore.Before(now) {
		t.Error("not valid on a clock that is a little slow")
	}
	for _, host := range []string{ServerName, NodeHost("n2")} {
		if err := cert.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if cert.VerifyHostname(NodeHost("n3")) == nil {
		t.Error("n2's certificate is good for n3")
	}
	if role, ok := CertRole(cert); !ok || role != RoleNode {
		t.Errorf("role %q", role)
	}
	if name, ok := NodeName(cert); !ok || name != "n2" {
		t.Errorf("name %q", name)
	}
}

func TestIssueNodeRefuses(t *testing.T) {
	t.Parallel()
	s, key := ourCluster(), nodeKey(t)
	good, err := NewNodeRequest("n2", key)
	if err != nil {
		t.Fatal(err)
	}
	_, wrongKind, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, wrongKind)
	if err != nil {
		t.Fatal(err)
	}
	altered := append([]byte(nil), good...)
	altered[len(altered)-1] ^= 1
	for name, c := range map[string]struct {
		csr  []byte
		node string
		want string
	}{
		"another name":   {good, "n3", `is for "n2" and the node is called n3`},
		"a bad name":     {good, "N2", "cannot be a node's name"},
		"no request":     {[]byte("x"), "n2", "cannot be read"},
		"altered":        {altered, "n2", "signature is wrong"},
		"another key":    {other, "n2", "ECDSA P-256"},
		"nothing at all": {nil, "n2", "cannot be read"},
	} {
		var refused *RequestError
		if _, err := s.IssueNode(c.csr, c.node, time.Now()); !errors.As(err, &refused) || !strings.Contains(refused.Text, c.want) || refused.Hint == "" {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestValidNodeName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"n1": true, "a": true, "node-7": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "a-": false, "a.b": false, "A": false, "a b": false, "节点": false, "a_b": false, strings.Repeat("a", 64): false,
	} {
		if ValidNodeName(name) != want {
			t.Errorf("%q is valid: %v", name, !want)
		}
	}
}

// A node is known by its own certificate only: neither a courier nor the inner
// API's passing certificate has a node's name.
func TestPeerName(t *testing.T) {
	t.Parallel()
	s := ourCluster()
	own := nodeCert(t, s, "n2", time.Now())
	named := s.ClientTLS(RoleNode)
	named.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
	for name, c := range map[string]struct {
		client *tls.Config
		want   string
	}{
		"its own certificate": {named, "n2"},
		"the inner API's":     {s.ClientTLS(RoleNode), ""},
		"a courier's":         {s.ClientTLS(RoleCourier), ""},
	} {
		server := s.NodeTLS()
		got := "not asked"
		verify := server.VerifyConnection
		server.VerifyConnection = func(cs tls.ConnectionState) error {
			got, _ = PeerName(cs)
			if _, ok := PeerName(cs); !ok {
				got = ""
			}
			return verify(cs)
		}
		if _, serverErr, clientErr := shake(t, server, c.client); serverErr != nil || clientErr != nil {
			t.Errorf("%s: %v, %v", name, serverErr, clientErr)
		}
		if got != c.want {
			t.Errorf("%s: name %q, want %q", name, got, c.want)
		}
	}
	if _, ok := PeerName(tls.ConnectionState{}); ok {
		t.Error("a name without a certificate")
	}
}
