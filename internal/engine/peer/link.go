package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// errSilent says that greetings are not answered.
var errSilent = errors.New("it does not answer any more")

// link sends to one peer: it dials, writes what is queued, and dials again.
type link struct {
	t           *Transport
	id          uint64
	incarnation uint64
	name        string
	address     string
	q           *queue
	ctx         context.Context
	cancel      context.CancelFunc
	figures     figures
	wake        chan struct{}

	greeted atomic.Int64 // when the unanswered greeting was sent, Unix nanoseconds; 0 none
}

func (t *Transport) newLink(m *pb.Member) *link {
	l := &link{t: t, id: m.RaftId, incarnation: m.Incarnation, name: m.Name, address: m.Address, q: newQueue(t.opt.QueueBytes), wake: make(chan struct{}, 1)}
	l.ctx, l.cancel = context.WithCancel(t.ctx)
	return l
}

// run keeps a connection to the peer until the link is cancelled.
func (l *link) run() {
	defer l.cancel()
	pause, told := l.t.opt.BackoffMin, false
	for l.ctx.Err() == nil {
		began := time.Now()
		err := l.connect()
		if l.ctx.Err() != nil {
			return
		}
		// Only a connection that held counts as one: two nodes that share an
		// identity push each other out, and shall not do it all the time.
		if time.Since(began) > 2*l.t.opt.BackoffMax {
			pause, told = l.t.opt.BackoffMin, false
		}
		err = l.t.opt.Explain(err, "node "+l.name)
		l.figures.fail(err)
		if !told { // once for each time it goes away, not once an attempt
			l.t.log.Warn("no connection to peer; trying again", "peer", l.name, "address", l.address, "err", err)
			told = true
		}
		l.rest(pause/2 + rand.N(pause/2+1))
		pause = min(2*pause, l.t.opt.BackoffMax)
	}
}

func (l *link) connect() error {
	c, err := l.dial()
	if err != nil {
		return err
	}
	l.t.log.Info("connected to peer", "peer", l.name, "address", l.address)
	return l.talk(c)
}

// rest pauses; a stream that arrives from the peer cuts it short.
func (l *link) rest(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.ctx.Done():
	case <-t.C:
	case <-l.wake:
	}
}

// isBack says that the peer was just heard of.
func (l *link) isBack() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *link) dial() (*conn, error) {
	l.figures.dials.Add(1)
	ctx, cancel := context.WithTimeout(l.ctx, l.t.opt.DialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.address)
	if err != nil {
		return nil, err
	}
	ctx, cancel = context.WithTimeout(l.ctx, l.t.opt.DialTimeout)
	defer cancel()
	c := &conn{Conn: tls.Client(raw, l.t.client), writeTimeout: l.t.opt.Silence}
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS with %s: %w", l.address, err)
	}
	cs := c.ConnectionState()
	if _, ok := l.t.opt.Role(cs); !ok || cs.NegotiatedProtocol != protoRaft {
		_ = raw.Close()
		return nil, fmt.Errorf("%s is no node of this cluster", l.address)
	}
	return c, nil
}

// talk uses one connection until it fails.
func (l *link) talk(c *conn) error {
	ctx, cancel := context.WithCancelCause(l.ctx)
	l.t.tasks.Go(func() { cancel(l.listen(c)) })
	stop := context.AfterFunc(ctx, c.end) // wakes the writer and the listener
	defer func() {
		cancel(nil)
		stop()
		c.end()
	}()
	cs := c.ConnectionState()
	_, expires := expiry(&cs)
	l.greeted.Store(0)
	p := &pump{w: bufio.NewWriterSize(c, 64<<10), q: l.q, every: l.t.opt.PingEvery, sent: l.figures.sent,
		tick: func(now time.Time) (*pb.PeerMessage, error) { return l.greet(now, expires) }}
	select { // what woke us, or would wake us too early the next time
	case <-l.wake:
	default:
	}
	l.q.setConnected(true)
	l.figures.connect(time.Now())
	err := p.run(ctx)
	l.q.setConnected(false)
	l.figures.disconnect()
	if cause := context.Cause(ctx); cause != nil {
		return cause // what ended it, not what followed from that
	}
	return err
}

// greet returns the next greeting; an error when the last was not answered or
// the peer's certificate has run out.
func (l *link) greet(now time.Time, expires time.Time) (*pb.PeerMessage, error) {
	if now.After(expires) {
		return nil, ErrExpired
	}
	if at := l.greeted.Load(); at != 0 {
		if now.UnixNano()-at > int64(l.t.opt.Silence) {
			return nil, errSilent
		}
		return nil, nil
	}
	l.greeted.Store(now.UnixNano())
	return l.t.greeting(l.id, l.incarnation), nil
}

// longestAnswer bounds frames on the way back: greetings and refusals.
const longestAnswer = 64 << 10

// listen reads answers until the connection ends.
func (l *link) listen(c *conn) error {
	f := frames{r: bufio.NewReader(c), max: longestAnswer}
	for {
		m, n, err := f.next()
		if err != nil {
			return fmt.Errorf("the peer ended the connection: %w", err)
		}
		l.figures.received(n)
		if !isGreeting(m) {
			l.t.opt.Receive(m)
			continue
		}
		if at := l.greeted.Swap(0); at != 0 {
			l.figures.trip(time.Duration(time.Now().UnixNano() - at))
		}
	}
}

// greeting says who speaks to whom.
func (t *Transport) greeting(to, incarnation uint64) *pb.PeerMessage {
	id := t.opt.Self
	return &pb.PeerMessage{ClusterId: id.ClusterID, From: id.RaftID, FromIncarnation: id.Incarnation, To: to, ToIncarnation: incarnation}
}
