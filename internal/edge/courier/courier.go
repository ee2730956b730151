package courier

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Courier delivers notices. Make one with New, run it once.
type Courier struct {
	cfg       Config
	log       *slog.Logger
	link      *worker.Link[*pb.OwedBatch, *pb.Attempt, *pb.ReportResponse]
	scheduler *scheduler
	fetches   worker.Pacer
	sealer    sealer
	web       *http.Transport
	metrics   *metrics

	// What other goroutines send the loop.
	fetched chan fetched
	written chan written
	landed  chan landed

	// draft is what signers take from; signing counts what they have.
	draft   chan draft
	signing int
	// fetching counts calls of Fetch; inFlight counts requests to merchants.
	fetching, inFlight int
	stopping           bool
	wg                 sync.WaitGroup
}

type fetched struct {
	asked []*flight
	got   *pb.OwedBatch
	err   error
}

// draft is a content on its way to a signer.
type draft struct {
	f    *flight
	owed *pb.OwedNotice
}

type written struct {
	draft
	letter letter
	err    error
}

// landed is the end of a flight; attempt is nil when nothing was sent.
type landed struct {
	draft
	attempt *pb.Attempt
}

// maxFetching is how many calls of Fetch run at once.
const maxFetching = 2

// New checks the configuration and makes a courier; nothing runs yet.
func New(cfg Config) (*Courier, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Courier{
		cfg: cfg, log: cfg.Logger, sealer: sealer{cfg.Keys}, web: newTransport(cfg),
		fetched: make(chan fetched), written: make(chan written), landed: make(chan landed),
		draft: make(chan draft, 2*cfg.Signers),
	}
	c.link = worker.NewLink(worker.Options[*pb.OwedBatch, *pb.Attempt, *pb.ReportResponse]{
		Platform: cfg.Node, Hands: hands{c}, Worker: "courier", Lease: cfg.Lease, MaxReports: MaxReport,
		Log: cfg.Logger, Go: c.wg.Go, Connected: c.showUp,
	})
	if c.metrics, err = newMetrics(cfg.Registerer, c.link.Clock.Now); err != nil {
		return nil, fmt.Errorf("courier: register metrics: %w", err)
	}
	c.scheduler = newScheduler(cfg, c.link.Clock.Now, c.link.May, c.link.Lapse)
	return c, nil
}

// Run delivers until ctx ends; then it starts nothing more, waits for what is
// in the air and reports it, for at most Config.StopWithin. It may be called
// once.
//
// What it had is then free for other couriers at once.
//
// The error says that attempts went unreported: those notices are sent again
// by the next courier, which merchants are prepared for.
func (c *Courier) Run(ctx context.Context) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	reading, stopReading := context.WithCancel(life)
	c.link.Open(reading)
	c.wg.Go(func() { c.watchKeys(reading) })
	for range c.cfg.Signers {
		c.wg.Go(c.sign)
	}
	c.loop(ctx, life)
	stopReading()
	left := c.wind(life, end)
	c.link.Leave()
	end()
	close(c.draft)
	ended := c.drain()
	c.web.CloseIdleConnections()
	switch {
	case left > 0:
		return fmt.Errorf("courier: stopped with %d attempts that the node has not accepted; these notices will be sent again", left)
	case !ended:
		return fmt.Errorf("courier: stopped, although something it had begun did not end within %s", drainWithin)
	}
	return nil
}

func (c *Courier) showUp(up bool) {
	v := 0.0
	if up {
		v = 1
	}
	c.metrics.connected.Set(v)
}

// watchKeys notices that the keys were changed, by a rotation for example.
func (c *Courier) watchKeys(ctx context.Context) {
	t := time.NewTicker(keysEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		switch changed, err := c.cfg.Keys.ReloadIfChanged(); {
		case err != nil:
			c.log.Error("courier: cannot read the keys again; going on with those it has", "err", err)
		case changed:
			c.log.Info("courier: read the keys again")
		}
	}
}

// sign is a signer.
func (c *Courier) sign() {
	for p := range c.draft {
		l, err := c.sealer.write(p.owed)
		c.written <- written{p, l, err}
	}
}

// drainWithin bounds the wait for goroutines that have been told to end: one that
// does not is a fault, and the stop must not wait for it.
const drainWithin = 2 * time.Second

// drain receives what goroutines still want to tell until all have ended; false
// when one has not within drainWithin.
func (c *Courier) drain() bool {
	done := make(chan struct{})
	go func() { c.wg.Wait(); close(done) }()
	late := time.NewTimer(drainWithin)
	defer late.Stop()
	for {
		select {
		case <-done:
			return true
		case <-late.C:
			return false
		case <-c.link.Events():
		case <-c.fetched:
		case <-c.written:
		case <-c.landed:
		}
	}
}

// until is how long until a time; never negative.
func until(t, now time.Time) time.Duration { return max(0, t.Sub(now)) }
