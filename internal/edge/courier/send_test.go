package courier

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// loopback lets the guarded dialer reach test servers.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func transport(t *testing.T, cfg Config) *http.Transport {
	t.Helper()
	cfg.Allow = append(cfg.Allow, loopback...)
	tr := newTransport(cfg)
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func letterTo(t *testing.T, to string) letter {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return letter{u, headers("1700000000", "nonce", "signature", "serial"), []byte(`{"id":"x"}`), "serial"}
}

const (
	delivered = pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED
	status    = pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS
	timeout   = pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT
	connect_  = pb.AttemptOutcome_ATTEMPT_OUTCOME_CONNECT
	inTLS     = pb.AttemptOutcome_ATTEMPT_OUTCOME_TLS
	address   = pb.AttemptOutcome_ATTEMPT_OUTCOME_REFUSED_ADDRESS
)

// Success is 200 or 204 and nothing else, whatever the body says.
func TestStatuses(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var code int
		fmt.Sscanf(r.URL.Path, "/%d", &code)
		if code == 0 {
			followed.Add(1)
			return
		}
		rw.Header().Set("Location", "/followed")
		rw.WriteHeader(code)
		if code != 204 && code != 304 {
			io.WriteString(rw, r.URL.Query().Get("body"))
		}
	}))
	defer srv.Close()
	tr := transport(t, Config{})
	for _, c := range []struct {
		path   string
		want   pb.AttemptOutcome
		answer string
	}{
		{"/200", delivered, ""},
		{"/200?body=%7B%22code%22%3A%22SUCCESS%22%7D", delivered, `{"code":"SUCCESS"}`},
		{"/200?body=%7B%22code%22%3A%22FAIL%22%7D", delivered, `{"code":"FAIL"}`},
		{"/200?body=%3Cxml%3E", delivered, "<xml>"},
		{"/204", delivered, ""},
		{"/201", status, ""}, {"/202", status, ""}, {"/206", status, ""},
		{"/301", status, ""}, {"/302", status, ""}, {"/303", status, ""}, {"/304", status, ""},
		{"/307", status, ""}, {"/308", status, ""},
		{"/400?body=no", status, "no"}, {"/401", status, ""}, {"/404", status, ""}, {"/429", status, ""},
		{"/500?body=%7B%22code%22%3A%22FAIL%22%2C%22message%22%3A%22%E5%A4%B1%E8%B4%A5%22%7D", status, `{"code":"FAIL","message":"失败"}`},
		{"/502", status, ""}, {"/503", status, ""},
	} {
		t.Run(c.path, func(t *testing.T) {
			wrote := 0
			a := post(context.Background(), tr, letterTo(t, srv.URL+c.path), always, func() { wrote++ })
			var code int32
			fmt.Sscanf(c.path, "/%d", &code)
			if a.Outcome != c.want || a.HttpStatus != code || a.Answer != c.answer || wrote != 1 || a.KeySerial != "serial" || a.TookUs <= 0 {
				t.Errorf("%v, written %d times; want %v, status %d, answer %q", a, wrote, c.want, code, c.answer)
			}
		})
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// What reaches the wire, byte by byte: exact case of names, HTTP/1.1, nothing
// the documentation doesn't list.
func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		var text strings.Builder
		for !strings.HasSuffix(text.String(), "\r\n\r\n") {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			text.WriteString(line)
		}
		body := make([]byte, 10)
		io.ReadFull(r, body)
		got <- text.String() + string(body)
		io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	}()
	a := post(context.Background(), transport(t, Config{}), letterTo(t, "http://"+l.Addr().String()+"/a/b?c=d#e"), always, func() {})
	if a.Outcome != delivered {
		t.Fatal(a)
	}
	text := regexp.MustCompile(`Request-ID: [0-9A-F]{40}-0`).ReplaceAllString(<-got, "Request-ID: ID")
	want := strings.ReplaceAll(`POST /a/b?c=d HTTP/1.1
Host: `+l.Addr().String()+`
User-Agent: Mozilla/4.0
Content-Length: 10
Accept: */*
Cache-Control: no-cache
Content-Type: application/json
Pragma: no-cache
Request-ID: ID
Wechatpay-Nonce: nonce
Wechatpay-Serial: serial
Wechatpay-Signature: signature
Wechatpay-Signature-Type: WECHATPAY2-SHA256-RSA2048
Wechatpay-Timestamp: 1700000000

{"id":"x"}`, "\n", "\r\n")
	if text != want {
		t.Errorf("on the wire:\n%s\nwant:\n%s", text, want)
	}
}

// Five seconds to answer, counted from the start.
func TestAnswerWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHosts(t)
		w.serve("slow.example", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			wait, _ := time.ParseDuration(r.URL.RawQuery)
			time.Sleep(wait)
		}))
		tr := newTransport(Config{Dial: w.dial})
		defer tr.CloseIdleConnections()
		for wait, want := range map[string]pb.AttemptOutcome{"4990ms": delivered, "5010ms": timeout, "60s": timeout} {
			start := time.Now()
			a := post(context.Background(), tr, letterTo(t, "http://slow.example/?"+wait), always, func() {})
			if a.Outcome != want {
				t.Errorf("an answer after %s is %v, want %v", wait, a.Outcome, want)
			}
			if took := time.Since(start); took > answerWithin {
				t.Errorf("waited %v for an answer after %s", took, wait)
			}
		}
		time.Sleep(time.Minute) // the handlers end
	})
}

// A body that is long or never ends changes nothing but what is kept of it.
func TestBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHosts(t)
		var sent atomic.Int64
		w.serve("shop.example", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			chunk := []byte(strings.Repeat("汉", 1000))
			for range 100_000 {
				n, err := rw.Write(chunk)
				sent.Add(int64(n))
				if err != nil {
					return
				}
				if r.URL.Path == "/drip" {
					rw.(http.Flusher).Flush()
					time.Sleep(time.Second)
				}
			}
		}))
		tr := newTransport(Config{Dial: w.dial})
		defer tr.CloseIdleConnections()
		for _, path := range []string{"/huge", "/drip"} {
			sent.Store(0)
			start := time.Now()
			a := post(context.Background(), tr, letterTo(t, "http://shop.example"+path), always, func() {})
			if a.Outcome != delivered {
				t.Errorf("%s: %v", path, a)
			}
			if len(a.Answer) > keepMost || !utf8.ValidString(a.Answer) || !strings.HasPrefix(a.Answer, "汉汉") {
				t.Errorf("%s: kept %d bytes: %q", path, len(a.Answer), a.Answer)
			}
			if took := time.Since(start); took > bodyWithin+time.Millisecond {
				t.Errorf("%s: took %v", path, took)
			}
			time.Sleep(5 * time.Second)
			if n := sent.Load(); n > 100<<10 {
				t.Errorf("%s: %d bytes were read", path, n)
			}
		}
	})
}

// Servers that are not there, or not what they claim.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	babble := tcpServer(t, func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.0\r\n") })
	silent := tcpServer(t, func(c net.Conn) {})
	header := tcpServer(t, func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 1<<20)+"\r\n\r\n")
	})
	unknownCA := tlsServer(t, nil)
	oldTLS := tlsServer(t, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	good := tlsServer(t, nil)
	roots := x509.NewCertPool()
	roots.AddCert(good.Certificate())
	roots.AddCert(oldTLS.Certificate())
	for _, c := range []struct {
		name, to string
		want     pb.AttemptOutcome
		roots    *x509.CertPool
	}{
		{"closed port", "http://" + closed.Addr().String(), connect_, nil},
		{"not HTTP", "http://" + babble, connect_, nil},
		{"closes without an answer", "http://" + silent, connect_, nil},
		{"megabyte of headers", "http://" + header, connect_, nil},
		{"no such host", "http://shop.invalid", connect_, nil},
		{"unknown CA", unknownCA.URL, inTLS, x509.NewCertPool()},
		{"wrong name", strings.Replace(good.URL, "127.0.0.1", "localhost", 1), inTLS, roots},
		{"TLS 1.1", oldTLS.URL, inTLS, roots},
		{"HTTP on the TLS port", strings.Replace(good.URL, "https", "http", 1), status, roots}, // Go's server says 400
		{"TLS to an HTTP port", "https://" + babble, inTLS, roots},
		{"good", good.URL, delivered, roots},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := post(context.Background(), transport(t, Config{RootCAs: c.roots}), letterTo(t, c.to+"/secret-path"), always, func() {})
			if a.Outcome != c.want {
				t.Errorf("%v, want %v", a, c.want)
			}
			said, early := notice.NotHTTP+`malformed HTTP response "SSH-2.0-OpenSSH_9.0"`, notice.NotHTTP+"it speaks before it is asked"
			if c.name == "not HTTP" && a.Answer != said && a.Answer != early {
				t.Errorf("says %q, want what the endpoint said, or that it spoke too early", a.Answer)
			}
			if c.want != delivered && a.Answer == "" || strings.Contains(a.Answer, "secret-path") {
				t.Errorf("says %q: want a reason that doesn't show the path", a.Answer)
			}
		})
	}
}

// A merchant's server closes idle connections just as the next request comes:
// the request goes out again on a fresh connection, within the same attempt.
func TestIdleConnectionClosed(t *testing.T) {
	t.Parallel()
	var conns atomic.Int32
	at := tcpServer(t, func(c net.Conn) {
		conns.Add(1)
		r := bufio.NewReader(c)
		if _, err := http.ReadRequest(r); err == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
		http.ReadRequest(r) // the second request is read and dropped
	})
	tr := transport(t, Config{})
	for i := range 2 {
		if a := post(context.Background(), tr, letterTo(t, "http://"+at), always, func() {}); a.Outcome != delivered {
			t.Errorf("request %d: %v", i+1, a)
		}
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2: the second request tried the first connection and then a fresh one", n)
	}
}

func tcpServer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetReadDeadline(time.Now().Add(5 * time.Second))
				serve(c)
				// Let the other side read before the connection is reset.
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
			}()
		}
	}()
	return l.Addr().String()
}

func tlsServer(t *testing.T, cfg *tls.Config) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = cfg
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

func FuzzClip(f *testing.F) {
	f.Add([]byte(strings.Repeat("汉", 80)))
	f.Add([]byte("\xff\xfe"))
	f.Add(append(bytes.Repeat([]byte("a"), 199), "汉"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := clip(string(b))
		if len(s) > keepMost || !utf8.ValidString(s) {
			t.Errorf("clip answers %d bytes, valid %t", len(s), utf8.ValidString(s))
		}
		if utf8.Valid(b) && (!strings.HasPrefix(string(b), s) || len(b) <= keepMost && s != string(b)) {
			t.Errorf("clip changed a valid text: %q -> %q", b, s)
		}
	})
}
