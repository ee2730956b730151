package peer

import (
	"bufio"
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// pump writes a queue to one connection: as many messages as wait go into one
// write, and it is flushed when none is left.
type pump struct {
	w     *bufio.Writer
	q     *queue
	every time.Duration
	// tick is called each every; it may answer a message to write, or why the
	// connection is to end.
	tick func(now time.Time) (*pb.PeerMessage, error)
	sent func(bytes int)

	buf  []byte
	next time.Time
}

// run writes until ctx ends or a write fails.
func (p *pump) run(ctx context.Context) error {
	look := time.NewTicker(p.every)
	defer look.Stop()
	for {
		if err := p.due(time.Now()); err != nil {
			return err
		}
		if m := p.q.pop(); m != nil {
			if err := p.write(m); err != nil {
				return err
			}
			continue
		}
		if err := p.w.Flush(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.q.ready:
		case <-look.C:
		}
	}
}

// due calls tick when it is time to: also while the queue never empties.
func (p *pump) due(now time.Time) error {
	if now.Before(p.next) {
		return nil
	}
	p.next = now.Add(p.every)
	m, err := p.tick(now)
	if err != nil || m == nil {
		return err
	}
	return p.write(m)
}

func (p *pump) write(m *pb.PeerMessage) (err error) {
	if p.buf, err = appendFrame(p.buf, m); err != nil {
		return err
	}
	if _, err = p.w.Write(p.buf); err != nil {
		return err
	}
	p.sent(len(p.buf))
	if cap(p.buf) > keepBuffer {
		p.buf = nil
	}
	return nil
}
