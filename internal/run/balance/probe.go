package balance

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"time"
)

// probe asks a node whether it is ready until the balancer ends.
func (b *Balancer) probe(p *place) {
	client := &http.Client{Timeout: max(2*b.opt.Every, 100*time.Millisecond), Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(b.opt.Every)
	defer tick.Stop()
	for {
		b.judge(p, ask(b.ctx, client, p.Ready))
		select {
		case <-b.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// verdict is what asking a node came to.
type verdict int

const (
	silent verdict = iota // no answer within the time
	gone                  // nobody listens there
	unready
	ready
)

func ask(ctx context.Context, client *http.Client, url string) verdict {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return gone
	}
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return gone
		}
		return silent
	}
	_ = resp.Body.Close() // the status says it; one that switches protocols would never end
	if resp.StatusCode == http.StatusOK {
		return ready
	}
	return unready
}

// judge keeps what was found. A busy node misses one question now and then, so
// one silence only keeps new connections away; a long one cuts the old ones. The
// connections of a process that is gone end by themselves.
func (b *Balancer) judge(p *place, v verdict) {
	if b.ctx.Err() != nil {
		return
	}
	if was := p.ready.Swap(v == ready); was != (v == ready) {
		b.opt.Log.Info("readiness changed", "node", p.Name, "ready", v == ready)
	}
	p.mu.Lock()
	if v != silent {
		p.heard = time.Now()
	}
	long := time.Since(p.heard) > b.opt.Silent
	p.mu.Unlock()
	if long {
		if n := p.cut(all); n > 0 {
			b.opt.Log.Warn("a node does not answer: its connections are cut", "node", p.Name, "connections", n)
		}
	}
}
