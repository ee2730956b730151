package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// shake connects a client to a server over a pipe and returns how each side saw
// it: the role the server read and both errors.
func shake(t *testing.T, server, client *tls.Config) (role Role, serverErr, clientErr error) {
	t.Helper()
	a, b := net.Pipe()
	deadline := time.Now().Add(10 * time.Second)
	if err := errors.Join(a.SetDeadline(deadline), b.SetDeadline(deadline)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		conn := tls.Server(a, server)
		err := conn.Handshake()
		if err == nil {
			role, _ = PeerRole(conn.ConnectionState())
			_, err = conn.Write([]byte("x"))
		}
		a.Close()
		done <- err
	}()
	conn := tls.Client(b, client)
	clientErr = conn.Handshake()
	if clientErr == nil {
		// With TLS 1.3 a client learns of its refusal when it reads.
		_, clientErr = conn.Read(make([]byte, 1))
	}
	b.Close()
	serverErr = <-done
	return role, serverErr, clientErr
}

// ourCluster and theirCluster are two clusters.
var (
	ourCluster   = sync.OnceValue(func() *Cluster { return newTestCluster("ours") })
	theirCluster = sync.OnceValue(func() *Cluster { return newTestCluster("theirs") })
)

func newTestCluster(name string) *Cluster {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	p, err := NewRoot(name+" inner CA", key, time.Now().UnixMilli())
	if err != nil {
		panic(err)
	}
	c, err := NewCluster(p)
	if err != nil {
		panic(err)
	}
	return c
}

func TestInnerTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := ourCluster(), theirCluster()
	anonymous := ours.ClientTLS(RoleCourier)
	anonymous.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
	old := ours.ClientTLS(RoleCourier)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	// A courier that listens with its own certificate, to be taken for a node.
	impostor := ours.NodeTLS()
	courier := &leaf{cluster: ours, role: RoleCourier}
	impostor.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return courier.certificate(time.Now()) }
	for name, c := range map[string]struct {
		server, client *tls.Config
		role           Role
	}{
		"courier to node":          {ours.NodeTLS(RoleCourier), ours.ClientTLS(RoleCourier), RoleCourier},
		"admin to node":            {ours.NodeTLS(), ours.ClientTLS(RoleAdmin), RoleAdmin},
		"node to node":             {ours.NodeTLS(RoleNode, RoleCourier), ours.ClientTLS(RoleNode), RoleNode},
		"role not admitted":        {ours.NodeTLS(RoleNode), ours.ClientTLS(RoleCourier), ""},
		"role that doesn't exist":  {ours.NodeTLS(), ours.ClientTLS("root"), ""},
		"no client certificate":    {ours.NodeTLS(), anonymous, ""},
		"client of another CA":     {ours.NodeTLS(), theirs.ClientTLS(RoleCourier), ""},
		"server of another CA":     {theirs.NodeTLS(), ours.ClientTLS(RoleCourier), ""},
		"courier taken for a node": {impostor, ours.ClientTLS(RoleCourier), ""},
		"TLS 1.2":                  {ours.NodeTLS(), old, ""},
	} {
		role, serverErr, clientErr := shake(t, c.server, c.client)
		if c.role != "" && (serverErr != nil || clientErr != nil || role != c.role) {
			t.Errorf("%s: role %q, server %v, client %v", name, role, serverErr, clientErr)
		}
		if c.role == "" && (clientErr == nil || serverErr == nil) {
			t.Errorf("%s was let through: server %v, client %v", name, serverErr, clientErr)
		}
	}
}

func TestInnerCertificateRenewsItself(t *testing.T) {
	t.Parallel()
	l := &leaf{cluster: ourCluster(), role: RoleCourier}
	start := time.UnixMilli(1795305600000)
	serialAt := func(after time.Duration) string {
		cert, err := l.certificate(start.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		return string(cert.Certificate[0])
	}
	first := serialAt(0)
	if serialAt(14*24*time.Hour) != first {
		t.Error("renewed too early")
	}
	if serialAt(15*24*time.Hour) == first {
		t.Error("not renewed when half its time was over")
	}
}

func TestPeerRoleNeedsAVerifiedCertificate(t *testing.T) {
	t.Parallel()
	if role, ok := PeerRole(tls.ConnectionState{}); ok || role != "" {
		t.Errorf("role %q without a certificate", role)
	}
}

func TestUnknownRoleIsNamed(t *testing.T) {
	t.Parallel()
	_, err := (&leaf{cluster: ourCluster(), role: "root"}).certificate(time.Now())
	if err == nil || !strings.Contains(err.Error(), "root") {
		t.Errorf("%v", err)
	}
}
