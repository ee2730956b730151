package credentials

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// meet connects a client to a server over a pipe: whom each side saw, and how it
// ended for them.
func meet(t *testing.T, server, client *tls.Config) (caller, answerer string, serverErr, clientErr error) {
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
			caller, _ = pki.PeerName(conn.ConnectionState())
			_, err = conn.Write([]byte("x"))
		}
		a.Close()
		done <- err
	}()
	conn := tls.Client(b, client)
	clientErr = conn.Handshake()
	if clientErr == nil {
		answerer, _ = pki.PeerName(conn.ConnectionState())
		// With TLS 1.3 a client learns of its refusal when it reads.
		_, clientErr = conn.Read(make([]byte, 1))
	}
	b.Close()
	serverErr = <-done
	return caller, answerer, serverErr, clientErr
}

func TestTLS(t *testing.T) {
	t.Parallel()
	const raft = "holdfast-raft/1"
	n1, n2, stranger := first(t, ours(), "n1"), first(t, ours(), "n2"), first(t, theirs(), "n2")
	expired := first(t, ours(), "n2")
	issuedAt(t, expired, ours(), time.Now().AddDate(0, 0, -60))
	slow, err := load(n2.Dir(), func() time.Time { return time.Now().AddDate(0, 0, -2) })
	if err != nil {
		t.Fatal(err)
	}
	fast, err := load(n1.Dir(), func() time.Time { return time.Now().AddDate(0, 0, 40) })
	if err != nil {
		t.Fatal(err)
	}
	anonymous := func(p string) *tls.Config {
		c := n2.ClientConfig(p)
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
		return c
	}
	courier := ours().Cluster().ClientTLS(pki.RoleCourier)
	courier.NextProtos = []string{"h2"}
	old := n2.ClientConfig(raft)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	inner := ours().Cluster().NodeTLS()
	inner.NextProtos = []string{raft}
	for name, c := range map[string]struct {
		server, client *tls.Config
		// caller is whom the server saw; says is what the client's explanation has.
		caller, says string
		is           error
	}{
		"node to node":                 {n1.ServerConfig(raft, "h2"), n2.ClientConfig(raft), "n2", "", nil},
		"no certificate, h2":           {n1.ServerConfig(raft, "h2"), anonymous("h2"), "", "", nil},
		"no certificate, raft":         {n1.ServerConfig(raft, "h2"), anonymous(raft), "", "refuses this node's certificate", nil},
		"courier":                      {n1.ServerConfig(raft, "h2"), courier, "", "refuses this node's certificate", nil},
		"TLS 1.2":                      {n1.ServerConfig(raft), old, "", "ended the TLS handshake", nil},
		"another protocol":             {n1.ServerConfig(raft), n2.ClientConfig("h2"), "", "is not a cluster.address", nil},
		"server of another cluster":    {stranger.ServerConfig(raft), n1.ClientConfig(raft), "", "another cluster's CA", ErrForeign},
		"client of another cluster":    {n1.ServerConfig(raft), foreignClient(stranger, n1, raft), "", "is of another cluster", ErrForeign},
		"server expired":               {expired.ServerConfig(raft), n1.ClientConfig(raft), "", "the certificate of node n2 expired at", ErrExpired},
		"client expired":               {n1.ServerConfig(raft), expired.ClientConfig(raft), "", "refuses this node's certificate as expired", ErrExpired},
		"client's clock is slow":       {n1.ServerConfig(raft), slow.ClientConfig(raft), "", "compare the clocks", ErrNotYet},
		"server's clock is fast":       {fast.ServerConfig(raft), n2.ClientConfig(raft), "", "compare the clocks", ErrExpired},
		"the inner address is dialled": {inner, n2.ClientConfig(raft), "", "shows no certificate of a node", nil},
	} {
		caller, answerer, serverErr, clientErr := meet(t, c.server, c.client)
		if c.says == "" {
			if serverErr != nil || clientErr != nil || caller != c.caller || answerer != "n1" {
				t.Errorf("%s: %q met %q, %v, %v", name, caller, answerer, serverErr, clientErr)
			}
			continue
		}
		clock := time.Now
		if c.client.Time != nil {
			clock = c.client.Time
		}
		err := Explain(clientErr, "the node at 127.0.0.1:7445", clock())
		var fault *Fault
		if clientErr == nil || !errors.As(err, &fault) || !strings.Contains(err.Error(), c.says) || fault.Hint == "" || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v (from %v), want %q", name, err, clientErr, c.says)
		}
	}
}

// foreignClient shows one cluster's certificate and trusts another's.
func foreignClient(own, trusts *Credentials, protocol string) *tls.Config {
	c := trusts.ClientConfig(protocol)
	c.GetClientCertificate = own.ClientConfig(protocol).GetClientCertificate
	return c
}

func TestExplainLeavesOtherErrorsAlone(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, net.ErrClosed, errors.New("connection refused")} {
		if got := Explain(err, "n2", time.Now()); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestCheckClock(t *testing.T) {
	t.Parallel()
	const own = int64(1795305600000)
	for off, says := range map[time.Duration]string{
		0: "", 2 * time.Second: "", -2 * time.Second: "",
		2*time.Second + time.Millisecond: "2.001s ahead of", -time.Hour: "1h0m0s behind", time.Hour: "1h0m0s ahead of",
	} {
		err := CheckClock(own+off.Milliseconds(), own)
		if (err != nil) != (says != "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%v off: %v, want %q", off, err, says)
		}
	}
}
