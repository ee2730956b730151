package listen

import (
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
)

// Who came while all connections were at work is let in when one of them falls idle, not
// only when one ends.
func TestAnIdleConnectionMakesRoom(t *testing.T) {
	t.Parallel()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Cap(raw, 1)
	entered, release := make(chan struct{}, 2), make(chan struct{})
	s := &http.Server{ConnState: l.Track, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	get := func() <-chan error {
		done := make(chan error, 1)
		client := &http.Client{Transport: &http.Transport{}} // keeps its connection
		t.Cleanup(client.CloseIdleConnections)
		go func() {
			resp, err := client.Get("http://" + l.Addr().String())
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			done <- err
		}()
		return done
	}
	first := get()
	<-entered
	second := get()
	for waits := 0; waits == 0; runtime.Gosched() {
		l.mu.Lock()
		waits = l.waits
		l.mu.Unlock()
	}
	close(release)
	for _, done := range []<-chan error{first, second} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	_ = s.Close() // that is how it ends
	<-ended
}
