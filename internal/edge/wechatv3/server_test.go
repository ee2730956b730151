package wechatv3_test

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

	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
)

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
	p := apitest.New(t)
	c := dial(t, p.Serve(t, nil))
	io.WriteString(c, p.Wire(apitest.Closing("T-NEVER-1"), "Content-Type: application/json", fmt.Sprint("Content-Length: ", len(apitest.Closing("").Body)), "Connection: close")+apitest.Closing("").Body)
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
	p := apitest.New(t)
	addr := p.Serve(t, nil)
	body := apitest.PrepayBody("T-EXPECT")
	c := dial(t, addr)
	io.WriteString(c, p.Wire(apitest.Call{Target: apitest.Native, Body: body}, "Expect: 100-continue", fmt.Sprint("Content-Length: ", len(body))))
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

	chunked := apitest.PrepayBody("T-CHUNKS")
	io.WriteString(c, p.Wire(apitest.Call{Target: apitest.Native, Body: chunked}, "Transfer-Encoding: chunked"))
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
	p := apitest.New(t)
	for _, announced := range []int64{10 << 20, -1} {
		r := p.Request(apitest.Call{Method: "POST", Target: apitest.Native, Body: "x"})
		stream := new(endless)
		r.Body, r.ContentLength = io.NopCloser(stream), announced
		w := httptest.NewRecorder()
		p.API.ServeHTTP(w, r)
		if w.Code != 400 || !strings.Contains(w.Body.String(), `"code":"PARAM_ERROR"`) || !strings.Contains(w.Body.String(), "1 MiB") {
			t.Errorf("announced %d: %d %s", announced, w.Code, w.Body)
		}
		if stream.taken > wechatv3.MaxBody+wechatv3.EagerBody {
			t.Errorf("announced %d: %d bytes were read", announced, stream.taken)
		}
	}
	c := dial(t, p.Serve(t, nil))
	io.WriteString(c, p.Wire(apitest.Call{Method: "POST", Target: apitest.Native, Body: "x"}, "Content-Length: 10485760"))
	res, text := readAnswer(t, bufio.NewReader(c))
	if res.StatusCode != 400 || !res.Close || !strings.Contains(text, "PARAM_ERROR") {
		t.Errorf("%d, close %v: %s", res.StatusCode, res.Close, text)
	}
	whole := strings.Repeat(" ", wechatv3.MaxBody-len(apitest.PrepayBody("T-LARGE1"))) + apitest.PrepayBody("T-LARGE1")
	if got := p.Do(apitest.Call{Target: apitest.Native, Body: whole}); got.Status != 200 {
		t.Errorf("exactly 1 MiB: %d %.200s", got.Status, got.Body)
	}
}

// A client that announces more than it sends gets an answer that says so.
func TestBodyCutShort(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	c := dial(t, p.Serve(t, nil))
	io.WriteString(c, p.Wire(apitest.Call{Target: apitest.Native, Body: "{}"}, "Content-Length: 100")+"{}")
	c.(*net.TCPConn).CloseWrite()
	if res, text := readAnswer(t, bufio.NewReader(c)); res.StatusCode != 400 || !strings.Contains(text, "PARAM_ERROR") {
		t.Errorf("%d %s", res.StatusCode, text)
	}
}

// Who sends a byte now and then is cut off, and others are served meanwhile.
func TestSlowLoris(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	addr := p.Serve(t, func(s *http.Server) {
		if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout < 8*time.Second || s.MaxHeaderBytes > 64<<10 {
			t.Errorf("limits: %+v", s)
		}
		s.ReadHeaderTimeout, s.ReadTimeout = 200*time.Millisecond, 300*time.Millisecond
	})
	header, body := dial(t, addr), dial(t, addr)
	io.WriteString(header, "POST "+apitest.Native+" HTTP/1.1\r\nHost: api.test.example\r\nX-Slow: ")
	io.WriteString(body, p.Wire(apitest.Call{Target: apitest.Native, Body: "{}"}, "Content-Length: 2")+"{")
	honest := dial(t, addr)
	io.WriteString(honest, p.Wire(apitest.Call{Target: apitest.ByNumber("T-NEVER-1")}))
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
	p := apitest.New(t)
	helper := httptest.NewTLSServer(http.NotFoundHandler()) // lends its certificate
	certificate, pool := helper.TLS.Certificates[0], x509.NewCertPool()
	pool.AddCert(helper.Certificate())
	helper.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := wechatv3.NewServer(p.API, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}, apitest.LogTo(io.Discard))
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
	p := apitest.New(t)
	before := goleak.IgnoreCurrent()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := wechatv3.NewServer(p.API, nil, nil)
	s.ErrorLog = nil
	done := make(chan struct{})
	go func() { s.Serve(l); close(done) }()
	c := dial(t, l.Addr().String())
	io.WriteString(c, p.Wire(apitest.Call{Target: apitest.ByNumber("T-NEVER-1")}))
	if res, _ := readAnswer(t, bufio.NewReader(c)); res.StatusCode != 404 {
		t.Errorf("%d", res.StatusCode)
	}
	c.Close()
	s.Close()
	<-done
	goleak.VerifyNone(t, before)
}
