package node

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// writeCert makes a self-signed certificate for 127.0.0.1 and returns its PEM.
func writeCert(t *testing.T, dir string, serial int64, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "cert.pem"), text, 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)); err != nil {
		t.Fatal(err)
	}
	return text
}

// handshake returns the server's serial number and the protocol agreed on.
func handshake(t *testing.T, url string, config *tls.Config) (serial int64, protocol string, err error) {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), config)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	s := conn.ConnectionState()
	return s.PeerCertificates[0].SerialNumber.Int64(), s.NegotiatedProtocol, nil
}

func TestTLSAndReload(t *testing.T) {
	t.Parallel()
	s, dir := newSite(t), t.TempDir()
	text := writeCert(t, dir, 1, time.Now().Add(time.Hour))
	m, a := &s.cfg.MerchantAPI, &s.cfg.Admin
	m.InsecureLoopback, m.TLSCert, m.TLSKey = false, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.InsecureLoopback, a.TLSCert, a.TLSKey = false, m.TLSCert, m.TLSKey
	s.cfg.Cashier.BaseURL = "https://pay.example.com"
	n := s.open()
	defer s.stop(n)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	both := []string{"h2", "http/1.1"}
	if serial, protocol, err := handshake(t, n.Addresses().MerchantAPI, &tls.Config{RootCAs: pool, NextProtos: both}); err != nil || serial != 1 || protocol != "http/1.1" {
		t.Errorf("merchant API: certificate %d, %q, %v; want 1 and http/1.1 alone", serial, protocol, err)
	}
	if _, protocol, err := handshake(t, n.Addresses().Admin, &tls.Config{RootCAs: pool, NextProtos: both}); err != nil || protocol != "h2" {
		t.Errorf("administration: %q, %v", protocol, err)
	}
	if _, _, err := handshake(t, n.Addresses().Admin, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	if _, _, err := handshake(t, "https://"+n.Addresses().Inner, &tls.Config{InsecureSkipVerify: true, NextProtos: both}); err == nil {
		// TLS 1.3 tells the client of a missing certificate with its first read.
		if err := innerTurnsAway(n.Addresses().Inner); err == nil {
			t.Error("the inner address lets in who has no certificate")
		}
	}
	client, err := admin.Dial(admin.Address{URL: n.Addresses().Admin, TokenFile: admin.TokenFile(s.cfg.Data), CAFile: m.TLSCert})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Status(t.Context(), newRequest(&pb.AdminStatusRequest{})); err != nil {
		t.Errorf("status over TLS: %v", err)
	}

	text = writeCert(t, dir, 2, time.Now().Add(time.Hour))
	pool.AppendCertsFromPEM(text)
	if err := n.Reload(); err != nil {
		t.Fatal(err)
	}
	serialIs(t, n, pool, 2)
	writeCert(t, dir, 3, time.Now().Add(-time.Hour))
	if err := n.Reload(); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired certificate: %v", err)
	}
	serialIs(t, n, pool, 2)
	if err := os.WriteFile(m.TLSKey, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.Reload(); err == nil || strings.Contains(err.Error(), "no key") {
		t.Errorf("a broken key file: %v", err)
	}
	serialIs(t, n, pool, 2)
}

func serialIs(t *testing.T, n *Node, pool *x509.CertPool, want int64) {
	t.Helper()
	if serial, _, err := handshake(t, n.Addresses().MerchantAPI, &tls.Config{RootCAs: pool}); err != nil || serial != want {
		t.Errorf("certificate %d, %v; want %d", serial, err, want)
	}
}

func innerTurnsAway(address string) error {
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	return err
}

// TestStopUnderLoad: whatever was acknowledged before an orderly stop is there
// after it, and nothing else.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	p := s.do(n, catalogue.PersonAdd, &pb.PersonAdd{Ref: "alice", Name: "Alice"}).(*pb.Person)
	var mu sync.Mutex
	var acknowledged, unknown int64
	var callers sync.WaitGroup
	enough := make(chan struct{})
	for c := range 8 {
		callers.Go(func() {
			for i := 0; ; i++ {
				topup := &pb.PersonTopup{Uid: p.Uid, Amount: 1, Currency: money.CNY, Ref: ref(c, i), Line: "topup"}
				_, err := n.Replica().Do(context.Background(), catalogue.NewCommand(catalogue.PersonTopup, "test", "", topup))
				mu.Lock()
				if err == nil {
					if acknowledged++; acknowledged == 200 {
						close(enough)
					}
				} else if refused := (*code.Error)(nil); errors.As(err, &refused) && refused.Code == code.Unknown {
					unknown++
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	<-enough
	s.stop(n)
	callers.Wait()
	n = s.open()
	defer s.stop(n)
	if got := balance(t, n.Replica(), p.Uid); got < acknowledged || got > acknowledged+unknown {
		t.Errorf("balance %d after %d acknowledged and %d unknown top-ups of 1 fen", got, acknowledged, unknown)
	}
}

func ref(caller, i int) string {
	return "load-" + string(rune('a'+caller)) + "-" + big.NewInt(int64(i)).String()
}

func balance(t *testing.T, r *replica.Replica, uid uint64) (fen int64) {
	t.Helper()
	err := r.ReadLatest(t.Context(), func(r table.Reader) error {
		a, ok := ledger.Get(r, ledger.UserBalance(uid), money.CNY)
		if !ok {
			return errors.New("no account")
		}
		fen = ledger.Balance(a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fen
}

// TestSlowClients: who does not send its headers is cut off, and a body beyond
// the limit is refused without being read.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cfg.MerchantAPI.HeaderTimeout = 100_000_000
	n := s.open()
	defer s.stop(n)
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.Addresses().MerchantAPI, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v3/pay/transactions/native HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || bytes.Contains(answer, []byte("200 OK")) {
		t.Errorf("a client that never ends its headers: %q, %v", answer, err)
	}
	big := strings.NewReader(strings.Repeat("x", 40<<10))
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.Addresses().MerchantAPI+"/v3/certificates", nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(big)
	q.Header.Set("X-Big", string(text))
	a, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
	if err != nil || a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers of 40 KiB: %v, %v", a, err)
	}
	if err == nil {
		a.Body.Close()
	}
}

func newRequest[M any](m *M) *connect.Request[M] { return connect.NewRequest(m) }

// TestHealthAnswersEarly: while a part is still starting, health and the reason
// can be asked for, and calls are told to come again.
func TestHealthAnswersEarly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	inside, goOn := make(chan struct{}), make(chan struct{})
	s.sandbox = func(*Node) http.Handler { // asked for by the developers' pages
		close(inside)
		<-goOn
		return http.NotFoundHandler()
	}
	opened := make(chan *Node)
	go func() { opened <- s.open() }()
	<-inside
	url, err := admin.ReadURL(s.cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := s.get(url+"/healthz", ""); status != 200 {
		t.Errorf("/healthz: %d", status)
	}
	for _, path := range []string{"/readyz", "/readyz?for=queries"} {
		if status, why := s.get(url+path, ""); status != 503 || why != "starting: developers' pages\n" {
			t.Errorf("%s: %d %q", path, status, why)
		}
	}
	close(goOn)
	n := <-opened
	if status, _ := s.get(url+"/readyz", ""); status != 200 {
		t.Errorf("/readyz when ready: %d", status)
	}
	s.stop(n)
	if why := n.notReady(); why != "the node is stopping" {
		t.Errorf("a stopped node is %q", why)
	}
}
