package balance_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/balance"
)

// Whatever stands at a node's address may switch protocols and hold the connection:
// the balancer asks again, and ends when it is asked to.
func TestProbeIsNotHeld(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, ended := make(chan struct{}, 64), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n") // the asker may be gone
			}
			defer c.Close() // not before the balancer has ended
			select {
			case asked <- struct{}{}:
			default:
			}
		}
	}()
	b := balance.New(balance.Options{Every: time.Millisecond, Nodes: []balance.Target{{Name: "n1", Address: l.Addr().String(), Ready: "http://" + l.Addr().String()}}})
	<-asked
	<-asked
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_ = l.Close() // nobody else uses it
	<-ended
}
