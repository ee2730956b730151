//go:build linux

package proctest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
)

// gaps measures how long nothing was acknowledged.
type gaps struct {
	mu      sync.Mutex
	last    time.Time
	longest time.Duration
}

func (g *gaps) mark() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !g.last.IsZero() {
		g.longest = max(g.longest, now.Sub(g.last))
	}
	g.last = now
}

func (g *gaps) take() time.Duration {
	g.mark()
	g.mu.Lock()
	defer g.mu.Unlock()
	longest := g.longest
	g.longest = 0
	return longest
}

// Load is customers who buy without a pause.
type Load struct {
	shop   *Shop
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Load begins to buy with so many customers at once. Orders are numbered from
// prefix. paid, when not nil, is called after each acknowledged payment.
func (s *Shop) Load(t *testing.T, customers int, prefix string, paid func(ctx context.Context, no string)) *Load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &Load{shop: s, cancel: cancel}
	for c := range customers {
		l.wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				no := fmt.Sprintf("%s%02d-%08d", prefix, c, i)
				if s.Buy(ctx, no, int64(1+i%100)) && paid != nil {
					paid(ctx, no)
				}
				if s.Rest > 0 {
					select {
					case <-ctx.Done():
					case <-time.After(s.Rest):
					}
				}
			}
		})
	}
	s.gaps.take()
	t.Cleanup(l.Stop)
	return l
}

// AwaitMore waits for so many more acknowledged payments.
func (l *Load) AwaitMore(t *testing.T, more int64, why string) {
	t.Helper()
	settled := l.shop.Paid()
	WaitFor(t, time.Minute, "payments "+why, func() bool { return l.shop.Paid() >= settled+more })
}

// Stop ends the load and waits for the customers.
func (l *Load) Stop() {
	l.cancel()
	l.wg.Wait()
}

// Window asks for orders at one node, past any balancer.
type Window struct {
	shop   *Shop
	client *core.Client
	name   string
}

// Window opens a window at a node's address, HOST:PORT.
func (s *Shop) Window(t *testing.T, name, address string) *Window {
	t.Helper()
	return &Window{s, s.at(t, address), name}
}

// CheckPaid asks for a payment that was acknowledged before the question: no
// answer is as good as the right one, but an older state is a fault. It says
// whether there was an answer.
func (w *Window) CheckPaid(ctx context.Context, no string) (answered bool) {
	o, err := w.shop.query(ctx, w.client, no)
	if err != nil {
		return false
	}
	if *o.TradeState != "SUCCESS" {
		w.shop.Fault(fmt.Errorf("a stale read: %s was acknowledged as paid, and %s then said %s", no, w.name, *o.TradeState))
	}
	return true
}
