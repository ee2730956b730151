package balance

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// pipe is a client's connection and the node's, coupled.
type pipe struct {
	client, node net.Conn
	// asked: the client spoke last, so an answer is owed to it.
	asked atomic.Bool
	moved atomic.Int64 // when the last byte passed, Unix nanoseconds
}

// quiet is after how long a connection whose client has had its answer counts as
// kept alive only.
const quiet = 100 * time.Millisecond

// idle says whether ending the pipe would interrupt nobody, as far as the order of
// bytes tells.
func (p *pipe) idle(now time.Time) bool {
	return !p.asked.Load() && now.Sub(time.Unix(0, p.moved.Load())) > quiet
}

// half is one side of a pipe as it is read.
type half struct {
	net.Conn
	pipe   *pipe
	client bool
}

func (h half) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	if n > 0 {
		h.pipe.asked.Store(h.client)
		h.pipe.moved.Store(time.Now().UnixNano())
	}
	return n, err
}

func (p *pipe) close() {
	_ = p.client.Close() // both ends learn of it by the connection's end
	_ = p.node.Close()
}

// pass couples a connection with a node until either side ends it.
func (b *Balancer) pass(client net.Conn) {
	at, node := b.dial()
	if node == nil {
		_ = client.Close() // nobody is there; the client sees a connection that ends
		return
	}
	p := &pipe{client: client, node: node}
	p.moved.Store(time.Now().UnixNano())
	at.add(p)
	defer at.remove(p)
	if b.ctx.Err() != nil { // Close has cut what it found
		p.close()
	}
	var both sync.WaitGroup
	both.Go(func() { copyHalf(node, half{client, p, true}) })
	both.Go(func() { copyHalf(client, half{node, p, false}) })
	both.Wait()
	p.close()
}

// copyHalf copies one direction and passes its end on; an error ends both.
func copyHalf(to net.Conn, from half) {
	_, err := io.Copy(to, from)
	if one, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = one.CloseWrite() // the other direction goes on
		return
	}
	from.pipe.close()
}

// dial reaches the next ready node, or any.
func (b *Balancer) dial() (*place, net.Conn) {
	first := int(b.next.Add(1) % uint64(max(len(b.places), 1)))
	for _, wanted := range []bool{true, false} {
		for i := range b.places {
			p := b.places[(first+i)%len(b.places)]
			if p.ready.Load() != wanted {
				continue
			}
			ctx, cancel := context.WithTimeout(b.ctx, dialWithin)
			c, err := new(net.Dialer).DialContext(ctx, "tcp", p.Address)
			cancel()
			if err == nil {
				return p, c
			}
			p.ready.Store(false) // until the next question says otherwise
		}
	}
	return nil, nil
}

// add keeps a pipe where cut finds it.
func (p *place) add(pipe *pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pipes[pipe] = struct{}{}
}

func (p *place) remove(pipe *pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pipes, pipe)
}

// cut ends the connections to the node that which names and says how many.
func (p *place) cut(which func(*pipe) bool) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pipe := range p.pipes { // order does not matter: each is judged by itself
		if which(pipe) {
			pipe.close()
			n++
		}
	}
	return n
}

func all(*pipe) bool { return true }
