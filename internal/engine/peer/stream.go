package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// stream receives from one peer.
type stream struct {
	t       *Transport
	c       *conn
	name    string
	hello   *pb.PeerMessage
	answers *queue
}

// serveStream receives from a connection until it ends, and says why.
func (t *Transport) serveStream(c *conn, name string) error {
	c.readTimeout, c.writeTimeout = t.opt.Silence, t.opt.Silence
	f := frames{r: bufio.NewReaderSize(c, 64<<10), max: longestAnswer}
	hello, _, err := f.next()
	switch {
	case err != nil:
		return fmt.Errorf("no greeting: %w", err)
	case !isGreeting(hello) || hello.From == 0 || hello.FromIncarnation == 0:
		return fmt.Errorf("%w: the first one is no greeting", ErrFrame)
	}
	f.max = MaxFrame
	s := &stream{t: t, c: c, name: name, hello: hello, answers: newQueue(urgentBytes)}
	s.answers.setConnected(true)
	t.enter(s)
	defer t.leave(s)
	cs := c.ConnectionState()
	_, expires := expiry(&cs)
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	p := &pump{w: bufio.NewWriterSize(c, 4<<10), q: s.answers, every: t.opt.PingEvery, sent: func(int) {},
		tick: func(now time.Time) (*pb.PeerMessage, error) {
			if now.After(expires) {
				return nil, ErrExpired
			}
			return nil, nil
		}}
	t.tasks.Go(func() {
		cancel(p.run(ctx))
		c.end()
	})
	s.answer()
	err = s.receive(&f)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// answer returns the greeting.
func (s *stream) answer() { s.answers.push(s.t.greeting(s.hello.From, s.hello.FromIncarnation)) }

// receive hands on what arrives. A stream speaks for one sender: a message that
// names another one ends it.
func (s *stream) receive(f *frames) error {
	for {
		m, n, err := f.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if m.From != s.hello.From || m.FromIncarnation != s.hello.FromIncarnation {
			return fmt.Errorf("%w: it is from %016x on a stream of %016x", ErrFrame, m.From, s.hello.From)
		}
		if l := s.t.link(m.From); l != nil {
			l.figures.received(n)
		}
		if isGreeting(m) {
			s.answer()
			continue
		}
		s.t.opt.Receive(m)
	}
}

// enter makes s the sender's stream. An older one is ended: its sender has
// connected anew, which it does when the old connection is dead.
func (t *Transport) enter(s *stream) {
	t.mu.Lock()
	old, l := t.streams[s.hello.From], t.links[s.hello.From]
	t.streams[s.hello.From] = s
	t.mu.Unlock()
	if l != nil {
		l.isBack()
	}
	if old != nil {
		old.c.end()
	}
	t.log.Info("peer connected", "peer", whoIs(s.c, s.name), "raft_id", fmt.Sprintf("%016x", s.hello.From))
}

func (t *Transport) leave(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.streams[s.hello.From] == s {
		delete(t.streams, s.hello.From)
	}
}
