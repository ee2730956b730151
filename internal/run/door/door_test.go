package door

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened is a door before a sandbox that says what it was asked.
func opened(t *testing.T) (address string, roots *x509.CertPool) {
	t.Helper()
	sandbox := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header()["Request-ID"] = []string{"as it is"}
		fmt.Fprintf(w, "%s %s %s %s", r.Host, r.Method, r.RequestURI, body)
	}))
	t.Cleanup(sandbox.Close)
	dir := t.TempDir()
	a, err := OpenAuthority(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(sandbox.Listener.Addr().String(), a, time.Now(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- d.Serve(l) }()
	t.Cleanup(func() {
		d.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	roots = x509.NewCertPool()
	roots.AddCert(a.cert)
	return l.Addr().String(), roots
}

// through is a client as a merchant's program has one.
func through(t *testing.T, address string, roots *x509.CertPool) *http.Client {
	t.Helper()
	transport := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: address}), TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func TestEveryNameOfTheAPI(t *testing.T) {
	address, roots := opened(t)
	client := through(t, address, roots)
	for _, host := range Hosts() {
		for range 2 { // the second goes over the same connection
			resp, err := client.Post("https://"+host+"/v3/a%7Cb?c=d%2Fe", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close() // all was read
			if want := host + " POST /v3/a%7Cb?c=d%2Fe {}"; err != nil || string(text) != want {
				t.Errorf("the sandbox was asked %q (%v), want %q", text, err, want)
			}
		}
	}
}

// Nothing else is let through, and it is said why.
func TestOtherNamesAreRefused(t *testing.T) {
	address, roots := opened(t)
	client := through(t, address, roots)
	for _, to := range []string{"https://example.com/", "https://api.mch.weixin.qq.com.example/", "https://api.mch.weixin.qq.com:8443/", "https://127.0.0.1/"} {
		if resp, err := client.Get(to); err == nil {
			_ = resp.Body.Close() // it should not be there
			t.Errorf("%s is let through", to)
		}
	}
	for _, line := range []string{"GET / HTTP/1.1", "GET http://example.com/ HTTP/1.1", "CONNECT example.com:443 HTTP/1.1"} {
		answer := raw(t, address, line+"\r\nHost: x\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 403 Forbidden\r\n") || !strings.Contains(answer, "api.mch.weixin.qq.com") {
			t.Errorf("%s: %q", line, answer)
		}
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: "example.com", InsecureSkipVerify: true})
	if err == nil {
		_ = conn.Close() // it should not be there
		t.Error("TLS for another name")
	}
}

// raw sends bytes and reads all that comes back.
func raw(t *testing.T, address, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// Clients that put the whole address on the request line, and those that were led
// here by the hosts file.
func TestOtherWaysIn(t *testing.T) {
	address, roots := opened(t)
	answer := raw(t, address, "GET https://api.mch.weixin.qq.com/v3/x HTTP/1.1\r\nHost: api.mch.weixin.qq.com\r\nConnection: close\r\n\r\n")
	if !strings.Contains(answer, "GET https://api.mch.weixin.qq.com/v3/x ") || !strings.Contains(answer, "Request-ID: as it is") {
		t.Errorf("%q", answer)
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: "api2.mch.weixin.qq.com", RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if p := conn.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
		t.Errorf("speaks %q", p)
	}
	fmt.Fprint(conn, "GET /v3/y HTTP/1.1\r\nHost: api2.mch.weixin.qq.com\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "api2.mch.weixin.qq.com GET /v3/y " {
		t.Errorf("%q %v", text, err)
	}
	_ = resp.Body.Close() // all was read
}

// The authority stays from run to run, its key is its owner's, and what it signs
// for other names, for addresses or through another authority is not believed.
func TestAuthorityIsConstrained(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key")
	a, err := OpenAuthority(cert, key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := OpenAuthority(cert, key, time.Now())
	if err != nil || !again.cert.Equal(a.cert) {
		t.Errorf("another authority the second time: %v", err)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info.Mode(), err)
	}
	if late, err := OpenAuthority(cert, key, time.Now().AddDate(5, 0, -1)); err != nil || late.cert.Equal(a.cert) {
		t.Errorf("an authority at its end goes on: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for _, c := range []struct {
		name, host string
		good       bool
	}{{"api.mch.weixin.qq.com", "", true}, {"pay.weixin.qq.com", "", false}, {"example.com", "", false}, {"", "127.0.0.1", false}} {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour)}
		host := c.name
		if c.name != "" {
			template.DNSNames = []string{c.name}
		} else {
			template.IPAddresses, host = []net.IP{net.ParseIP(c.host)}, c.host
		}
		der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
		if (err == nil) != c.good {
			t.Errorf("a certificate for %s: %v", host, err)
		}
	}
}
