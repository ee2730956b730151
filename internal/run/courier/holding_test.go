package courier

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// holding is an endpoint that says something and holds the connection.
func holding(t *testing.T, says string, calls *atomic.Int32) (url string) {
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
				req, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				calls.Add(1)
				_, _ = io.WriteString(c, says)
				_, _ = io.Copy(io.Discard, c) // until the courier goes
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/n"
}

// An endpoint that switches protocols holds up nobody: its attempts are recorded,
// the merchant's other address is served, and the process ends when it is asked to.
func TestEndpointSwitchesProtocols(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var calls atomic.Int32
	url := holding(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", &calls)
	a := s.start("a")
	s.within(10*time.Second, "a has all lanes", func() bool { return s.lanes()["a"] == lane.Count })
	for range 6 {
		s.payTo(mchid(0), url)
	}
	s.within(10*time.Second, "the endpoint was called", func() bool { return calls.Load() >= 4 })
	s.payTo(mchid(0), s.shop.URL+"/n")
	s.within(10*time.Second, "the other address is served", func() bool {
		return s.notice(7).State == pb.NoticeState_NOTICE_STATE_DELIVERED
	})
	s.within(20*time.Second, "its attempts are recorded", func() bool {
		n := s.notice(1)
		return n.Attempts > 0 && n.Recent[0].HttpStatus == http.StatusSwitchingProtocols
	})
	s.signal(a, syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- a.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the courier ended with %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("asked to end, the courier goes on")
		_ = a.Process.Kill() // it did not end
		<-ended
	}
}

// One address of a merchant never answers; the other is served at once all the same.
func TestAddressHangs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var calls atomic.Int32
	url := holding(t, "", &calls)
	s.start("a")
	s.within(10*time.Second, "a has all lanes", func() bool { return s.lanes()["a"] == lane.Count })
	for range 40 {
		s.payTo(mchid(0), url)
	}
	s.within(10*time.Second, "the endpoint was called", func() bool { return calls.Load() >= 1 })
	for id := uint64(41); id <= 60; id++ {
		s.payTo(mchid(0), s.shop.URL+"/n")
		s.within(4*time.Second, "the other address is served", func() bool {
			return s.notice(id).State == pb.NoticeState_NOTICE_STATE_DELIVERED
		})
	}
}
