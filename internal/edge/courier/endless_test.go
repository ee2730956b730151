package courier

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// raw serves host with a function over the bare connection; the request has been
// read when it is called.
func (w *hosts) raw(host string, serve func(net.Conn)) {
	l := newMemListener()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				serve(c)
			}()
		}
	}()
	w.mu.Lock()
	w.by[host] = l
	w.mu.Unlock()
	w.t.Cleanup(func() { l.Close() })
}

// hold waits until the other side has closed.
func hold(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func drip(c net.Conn, text string, every time.Duration) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		time.Sleep(every)
	}
}

// endless are endpoints that hold the connection in each way there is, with what
// is recorded of them.
var endless = map[string]struct {
	serve func(net.Conn)
	want  pb.AttemptOutcome
	code  int32
}{
	"switches protocols": {func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		hold(c)
	}, status, 101},
	"switches protocols and talks": {func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		drip(c, "x", time.Second)
	}, status, 101},
	"says nothing":            {hold, timeout, 0},
	"stops within the status": {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 20"); hold(c) }, timeout, 0},
	"drips headers":           {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\n"); drip(c, "X: y\r\n", time.Second) }, timeout, 0},
	"says continue for ever":  {func(c net.Conn) { drip(c, "HTTP/1.1 100 Continue\r\n\r\n", time.Second) }, timeout, 0},
	"hints for ever":          {func(c net.Conn) { drip(c, "HTTP/1.1 103 Early Hints\r\n\r\n", time.Millisecond) }, connect_, 0},
	"body that never comes":   {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"); hold(c) }, delivered, 200},
	"body without an end":     {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); drip(c, "z", time.Second) }, delivered, 200},
	"body that dribbles": {func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n")
		drip(c, "1\r\nz\r\n", 900*time.Millisecond)
	}, status, 500},
	"trailers without an end": {func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
		drip(c, "X: y\r\n", time.Second)
	}, delivered, 200},
	"redirects to itself": {func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 307 Again\r\nLocation: /\r\nContent-Length: 4\r\n\r\n")
		hold(c)
	}, status, 307},
}

// Whatever an endpoint does with the connection, the attempt ends in time, and is
// recorded for what it was.
func TestEndpointsThatNeverEnd(t *testing.T) {
	t.Parallel()
	for name, c := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newHosts(t)
				w.raw("shop.example", c.serve)
				tr := newTransport(Config{Dial: w.dial})
				defer tr.CloseIdleConnections()
				start := time.Now()
				a := post(context.Background(), tr, letterTo(t, "http://shop.example/n"), always, func() {})
				if a.Outcome != c.want || a.HttpStatus != c.code {
					t.Errorf("recorded %v, want %v with status %d", a, c.want, c.code)
				}
				if took := time.Since(start); took > answerWithin+bodyWithin+time.Millisecond {
					t.Errorf("took %v", took)
				}
				time.Sleep(time.Minute) // the endpoint notices
			})
		})
	}
}

// A TLS handshake that stalls is a time-out, at the handshake's start and in it.
func TestStalledHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go hold(there)
			return here, nil
		}
		tr := newTransport(Config{Dial: dial})
		defer tr.CloseIdleConnections()
		start := time.Now()
		a := post(context.Background(), tr, letterTo(t, "https://shop.example/n"), always, func() {})
		if took := time.Since(start); a.Outcome != timeout || took > answerWithin {
			t.Errorf("%v after %v", a, took)
		}
	})
}

// HTTP/2 is not spoken to merchants, even to one that insists: its streams have
// ends of their own.
func TestNoHTTP2(t *testing.T) {
	t.Parallel()
	srv := tlsServer(t, &tls.Config{NextProtos: []string{"h2"}})
	tr := transport(t, Config{})
	tr.TLSClientConfig.InsecureSkipVerify = true
	a := post(context.Background(), tr, letterTo(t, srv.URL), always, func() {})
	if a.Outcome == timeout || strings.Contains(a.Answer, "h2") {
		t.Errorf("%v, want HTTP/1.1 or a refusal", a)
	}
}

// An orderly stop ends in time with notices at every kind of endpoint that holds
// on, and the attempts are recorded.
func TestStopDuringEndlessAnswers(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		i := 0
		for name, c := range endless {
			i++
			host := strings.ReplaceAll(name, " ", "-") + ".example"
			w.raw(host, c.serve)
			n.owe(host, "http://"+host+"/n", time.Now())
		}
		_, stop := w.run(fakeConfig(t, w, n))
		time.Sleep(10 * time.Millisecond)
		start := time.Now()
		err := stop()
		if took := time.Since(start); err != nil || took > answerWithin+2*bodyWithin {
			t.Errorf("stopped after %v with %v", took, err)
		}
		time.Sleep(time.Minute) // the endpoints notice
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, o := range n.owed {
			if o.Notice.Attempts != 1 {
				t.Errorf("%s: %d attempts recorded, want 1", o.Notice.Mchid, o.Notice.Attempts)
			}
		}
	})
}

// stuck is a node whose call never returns, whatever its context says.
type stuck struct {
	*fakeNode
	release chan struct{}
}

func (s *stuck) Report(context.Context, []*pb.Attempt) (*pb.ReportResponse, error) {
	<-s.release
	return nil, errors.New("late")
}

// A fault that keeps something from ending does not keep the courier from it.
func TestStopWithoutAnEnd(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		w.serve("shop.example", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s := &stuck{n, make(chan struct{})}
		cfg := fakeConfig(t, w, n)
		cfg.Node = s
		c, stop := w.run(cfg)
		n.owe("shop", "http://shop.example/n", time.Now())
		time.Sleep(time.Second)
		start := time.Now()
		if err := stop(); err == nil {
			t.Error("stopped without a word about what did not end")
		}
		if took := time.Since(start); took > DefaultStopWithin+drainWithin {
			t.Errorf("stopped after %v", took)
		}
		close(s.release)
		<-c.link.Events()
	})
}

// A courier that lacks descriptors blames no merchant: no attempt is used up.
func TestShortageIsNotTheMerchants(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	synctest.Test(t, func(t *testing.T) {
		n, w := newFakeNode(key), newHosts(t)
		w.serve("shop.example", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		cfg := fakeConfig(t, w, n)
		left := 3 // the loop dials one at a time: one notice
		cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if left--; left >= 0 {
				return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.EMFILE}
			}
			return w.dial(ctx, network, address)
		}
		_, stop := w.run(cfg)
		id := n.owe("shop", "http://shop.example/n", time.Now())
		time.Sleep(10 * time.Second)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if n.left() != 0 || n.done[id] != 1 {
			t.Errorf("delivered by attempt %d, want the first", n.done[id])
		}
	})
}
