package listen_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// serve serves a capped listener; requests to /hold wait for release.
func serve(t *testing.T, l *listen.Capped) (url string, entered, release chan struct{}) {
	t.Helper()
	entered, release = make(chan struct{}, 8), make(chan struct{})
	s := &http.Server{ConnState: l.Track, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			entered <- struct{}{}
			<-release
		}
		fmt.Fprint(w, "ok")
	})}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close() // that is how it ends
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serving ended with %v", err)
		}
	})
	return "http://" + l.Addr().String(), entered, release
}

func capped(t *testing.T, most int) *listen.Capped {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listen.Cap(l, most)
}

func get(t *testing.T, url string) error {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

// Connections that say nothing take the room of nobody who does.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	l := capped(t, 8)
	url, _, _ := serve(t, l)
	for range 50 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for range 20 {
		if err := get(t, url); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.Open(); n > 8 {
		t.Errorf("%d connections are open, want at most 8", n)
	}
	if l.Ended() == 0 {
		t.Error("no connection was ended to make room")
	}
}

// Between requests a connection may go; in one it may not.
func TestRequestsAreNotCut(t *testing.T) {
	t.Parallel()
	l := capped(t, 2)
	url, entered, release := serve(t, l)
	kept := &http.Client{Transport: &http.Transport{}}
	defer kept.CloseIdleConnections()
	if resp, err := kept.Get(url); err != nil {
		t.Fatal(err)
	} else {
		_, _ = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	held := make(chan error, 2)
	for range 2 { // the second takes the idle one's place
		go func() { held <- get(t, url+"/hold") }()
		<-entered
	}
	waits := make(chan error, 1)
	go func() { waits <- get(t, url) }()
	if n := l.Ended(); n != 1 {
		t.Errorf("%d connections were ended, want the idle one", n)
	}
	close(release)
	for _, c := range []chan error{held, held, waits} {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
}

// short is a listener that lacks descriptors a few times.
type short struct {
	net.Listener
	left atomic.Int32
}

func (s *short) Accept() (net.Conn, error) {
	if s.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.ENFILE}
	}
	return s.Listener.Accept()
}

// A shortage of descriptors passes and ends nothing.
func TestShortage(t *testing.T) {
	t.Parallel()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &short{Listener: raw}
	s.left.Store(3)
	url, _, _ := serve(t, listen.Cap(s, 8))
	if err := get(t, url); err != nil {
		t.Error(err)
	}
}

// Whatever the limit, there is a reserve for files where that can be.
func TestRoom(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{20: 8, 64: 8, 192: 96, 256: 128, 1024: 512, 65536: 65536 - 8192, 1 << 30: 1<<30 - 8192} {
		if got := listen.Room(limit); got != want {
			t.Errorf("of %d descriptors %d are for connections, want %d", limit, got, want)
		}
	}
}
