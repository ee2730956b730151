package wechatv3

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// serve puts the site behind a real server on loopback.
func (p *site) serve(t *testing.T, change func(*http.Server)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(p.api, nil, logTo(io.Discard))
	if change != nil {
		change(s)
	}
	done := make(chan struct{})
	go func() { s.Serve(l); close(done) }()
	t.Cleanup(func() { s.Close(); <-done })
	return l.Addr().String()
}

// wire is the signed request as bytes, with extra header lines.
func (p *site) wire(c call, extra ...string) string {
	p.t.Helper()
	r := p.request(c)
	lines := []string{r.Method + " " + c.target + " HTTP/1.1", "Host: api.test.example", "Accept: */*", "User-Agent: test",
		"Authorization: " + r.Header.Get("Authorization")}
	return strings.Join(append(lines, extra...), "\r\n") + "\r\n\r\n"
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

func readAnswer(t *testing.T, r *bufio.Reader) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// Java looks header names up by their exact case.
func TestHeaderCaseOnTheWire(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	c := dial(t, p.serve(t, nil))
	io.WriteString(c, p.wire(closing("T-NEVER-1"), "Content-Type: application/json", fmt.Sprint("Content-Length: ", len(closing("").body)), "Connection: close")+closing("").body)
	raw, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if !strings.HasPrefix(text, "HTTP/1.1 204 No Content\r\n") || !strings.HasSuffix(text, "\r\n\r\n") {
		t.Fatalf("%q", text)
	}
	for _, name := range []string{"Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial", "Wechatpay-Signature-Type", "Request-ID"} {
		if strings.Count(text, "\r\n"+name+": ") != 1 {
			t.Errorf("%s is not there once:\n%s", name, text)
		}
	}
	if strings.Contains(text, "Content-Type") || strings.Contains(text, "Content-Length") {
		t.Errorf("204 describes a body:\n%s", text)
	}
}

func TestExpectContinueAndChunks(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	addr := p.serve(t, nil)
	body := prepayBody("T-EXPECT")
	c := dial(t, addr)
	io.WriteString(c, p.wire(call{target: nativeTarget, body: body}, "Expect: 100-continue", fmt.Sprint("Content-Length: ", len(body))))
	r := bufio.NewReader(c)
	line, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v", line, err)
	}
	r.ReadString('\n')
	io.WriteString(c, body)
	if res, text := readAnswer(t, r); res.StatusCode != 200 {
		t.Errorf("after 100-continue: %d %s", res.StatusCode, text)
	}

	chunked := prepayBody("T-CHUNKS")
	io.WriteString(c, p.wire(call{target: nativeTarget, body: chunked}, "Transfer-Encoding: chunked"))
	for _, part := range []string{chunked[:10], chunked[10:]} {
		fmt.Fprintf(c, "%x\r\n%s\r\n", len(part), part)
	}
	io.WriteString(c, "0\r\n\r\n")
	if res, text := readAnswer(t, r); res.StatusCode != 200 { // on the same connection
		t.Errorf("chunked: %d %s", res.StatusCode, text)
	}
}

// endless is a body that counts how much of it was taken.
type endless struct{ taken int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	e.taken += len(b)
	return len(b), nil
}

// A body of 10 MB is refused, and neither its announced nor its unannounced
// form is read to the end.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	for _, announced := range []int64{10 << 20, -1} {
		r := p.request(call{method: "POST", target: nativeTarget, body: "x"})
		stream := new(endless)
		r.Body, r.ContentLength = io.NopCloser(stream), announced
		w := httptest.NewRecorder()
		p.api.ServeHTTP(w, r)
		if w.Code != 400 || !strings.Contains(w.Body.String(), `"code":"PARAM_ERROR"`) || !strings.Contains(w.Body.String(), "1 MiB") {
			t.Errorf("announced %d: %d %s", announced, w.Code, w.Body)
		}
		if stream.taken > maxBody+eagerBody {
			t.Errorf("announced %d: %d bytes were read", announced, stream.taken)
		}
	}
	c := dial(t, p.serve(t, nil))
	io.WriteString(c, p.wire(call{method: "POST", target: nativeTarget, body: "x"}, "Content-Length: 10485760"))
	res, text := readAnswer(t, bufio.NewReader(c))
	if res.StatusCode != 400 || !res.Close || !strings.Contains(text, "PARAM_ERROR") {
		t.Errorf("%d, close %v: %s", res.StatusCode, res.Close, text)
	}
	whole := strings.Repeat(" ", maxBody-len(prepayBody("T-LARGE1"))) + prepayBody("T-LARGE1")
	if got := p.do(call{target: nativeTarget, body: whole}); got.status != 200 {
		t.Errorf("exactly 1 MiB: %d %.200s", got.status, got.body)
	}
}

// A client that announces more than it sends gets an answer that says so.
func TestBodyCutShort(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	c := dial(t, p.serve(t, nil))
	io.WriteString(c, p.wire(call{target: nativeTarget, body: "{}"}, "Content-Length: 100")+"{}")
	c.(*net.TCPConn).CloseWrite()
	if res, text := readAnswer(t, bufio.NewReader(c)); res.StatusCode != 400 || !strings.Contains(text, "PARAM_ERROR") {
		t.Errorf("%d %s", res.StatusCode, text)
	}
}

// Who sends a byte now and then is cut off, and others are served meanwhile.
func TestSlowLoris(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	addr := p.serve(t, func(s *http.Server) {
		if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout < 8*time.Second || s.MaxHeaderBytes > 64<<10 {
			t.Errorf("limits: %+v", s)
		}
		s.ReadHeaderTimeout, s.ReadTimeout = 200*time.Millisecond, 300*time.Millisecond
	})
	header, body := dial(t, addr), dial(t, addr)
	io.WriteString(header, "POST "+nativeTarget+" HTTP/1.1\r\nHost: api.test.example\r\nX-Slow: ")
	io.WriteString(body, p.wire(call{target: nativeTarget, body: "{}"}, "Content-Length: 2")+"{")
	honest := dial(t, addr)
	io.WriteString(honest, p.wire(call{target: byNumber("T-NEVER-1")}))
	if res, text := readAnswer(t, bufio.NewReader(honest)); res.StatusCode != 404 {
		t.Errorf("served beside slow ones: %d %s", res.StatusCode, text)
	}
	for name, c := range map[string]net.Conn{"header": header, "body": body} {
		if raw, err := io.ReadAll(c); err != nil || strings.Contains(string(raw), " 200 ") {
			t.Errorf("slow %s: %q, %v", name, raw, err)
		}
	}
	huge := dial(t, addr)
	go fmt.Fprintf(huge, "GET /v3/certificates HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n", strings.Repeat("x", 100<<10))
	if res, _ := readAnswer(t, bufio.NewReader(huge)); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 100 KiB: %d", res.StatusCode)
	}
}

// Over TLS only HTTP/1.1 is spoken, whatever a client offers.
func TestTLSSpeaksHTTP1Only(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	helper := httptest.NewTLSServer(http.NotFoundHandler()) // lends its certificate
	certificate, pool := helper.TLS.Certificates[0], x509.NewCertPool()
	pool.AddCert(helper.Certificate())
	helper.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(p.api, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}, logTo(io.Discard))
	done := make(chan struct{})
	go func() { s.ServeTLS(l, "", ""); close(done) }()
	defer func() { s.Close(); <-done }()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com", NextProtos: []string{"h2", "http/1.1"}}}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(httptest.NewRequestWithContext(context.Background(), "GET", "https://"+l.Addr().String()+"/v3/nothing", nil))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.ProtoMajor != 1 || res.StatusCode != 404 || res.TLS.Version < tls.VersionTLS12 {
		t.Errorf("%s %d", res.Proto, res.StatusCode)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	p := newSite(t)
	before := goleak.IgnoreCurrent()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(p.api, nil, nil)
	s.ErrorLog = nil
	done := make(chan struct{})
	go func() { s.Serve(l); close(done) }()
	c := dial(t, l.Addr().String())
	io.WriteString(c, p.wire(call{target: byNumber("T-NEVER-1")}))
	if res, _ := readAnswer(t, bufio.NewReader(c)); res.StatusCode != 404 {
		t.Errorf("%d", res.StatusCode)
	}
	c.Close()
	s.Close()
	<-done
	goleak.VerifyNone(t, before)
}
