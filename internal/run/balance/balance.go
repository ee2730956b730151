package balance

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// Bounds of the balancer, unless Options say otherwise.
const (
	// Every is how often a node is asked whether it is ready.
	Every = 200 * time.Millisecond
	// Silent is after how long without any answer a node's connections are cut.
	Silent = 3 * time.Second
	// dialWithin bounds one attempt to reach a node.
	dialWithin = time.Second
)

// Target is where connections may go.
type Target struct {
	Name string
	// Address is where connections go, HOST:PORT.
	Address string
	// Ready is the URL asked for readiness.
	Ready string
}

// Options describe a balancer.
type Options struct {
	Nodes []Target
	// Every and Silent are 0 for the package's.
	Every, Silent time.Duration
	// Most is how many connections may be open; 0 for what the process's file
	// descriptors allow, two each.
	Most int
	// Log is nil for none.
	Log *slog.Logger
}

// Balancer passes connections on. Its methods may be called from anywhere.
type Balancer struct {
	opt    Options
	places []*place
	next   atomic.Uint64
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup // probes, accept loops, connections

	mu        sync.Mutex
	listeners []net.Listener
	closing   bool
	open      int
	idle      chan struct{} // closed when closing and nothing is open
}

// place is a node with what is known of it.
type place struct {
	Target
	ready atomic.Bool

	mu    sync.Mutex
	heard time.Time // last answer of any kind
	pipes map[*pipe]struct{}
}

// New makes a balancer and begins to ask the nodes. Close ends it.
func New(opt Options) *Balancer {
	if opt.Every == 0 {
		opt.Every = Every
	}
	if opt.Silent == 0 {
		opt.Silent = Silent
	}
	if opt.Most == 0 {
		opt.Most = max(1, listen.Room(listen.Limit())/2)
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	b := &Balancer{opt: opt, idle: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	for _, n := range opt.Nodes {
		p := &place{Target: n, heard: time.Now(), pipes: map[*pipe]struct{}{}}
		b.places = append(b.places, p)
		b.work.Go(func() { b.probe(p) })
	}
	return b
}

// Serve passes on what the listener accepts until Close, which closes it. It
// returns nil then, else why accepting failed. Several listeners may be served.
func (b *Balancer) Serve(l net.Listener) error {
	b.mu.Lock()
	if b.closing {
		b.mu.Unlock()
		return l.Close()
	}
	b.listeners = append(b.listeners, l)
	b.mu.Unlock()
	for {
		b.makeRoom()
		c, err := l.Accept()
		switch {
		case err == nil:
			b.take(c)
		case b.closed():
			return nil
		case diskguard.Shortage(err), errors.Is(err, syscall.ECONNABORTED):
			b.opt.Log.Warn("cannot accept a connection; trying again", "err", err)
			b.cutIdle(time.Now())
			b.pause(b.opt.Every)
		default:
			return err
		}
	}
}

// makeRoom waits until one more connection may be open: those that clients only
// keep, or never said anything on, go for it.
func (b *Balancer) makeRoom() {
	for b.full() {
		b.cutIdle(time.Now())
		b.pause(quiet / 4)
	}
}

func (b *Balancer) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.closing && b.open >= b.opt.Most
}

// cutIdle ends connections that interrupt nobody.
func (b *Balancer) cutIdle(now time.Time) {
	for _, p := range b.places {
		p.cut(func(c *pipe) bool { return c.idle(now) })
	}
}

func (b *Balancer) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-b.ctx.Done():
	}
}

func (b *Balancer) closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closing
}

// take passes one connection on in the background.
func (b *Balancer) take(c net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		_ = c.Close() // it came with the end
		return
	}
	b.open++
	b.work.Go(func() {
		b.pass(c)
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.open--; b.open == 0 && b.closing {
			close(b.idle)
		}
	})
}

// Ready lists the names of the nodes that get connections.
func (b *Balancer) Ready() (names []string) {
	for _, p := range b.places {
		if p.ready.Load() {
			names = append(names, p.Name)
		}
	}
	return names
}

// Close takes no more connections, lets requests under way finish until ctx ends,
// and cuts the rest.
func (b *Balancer) Close(ctx context.Context) error {
	b.mu.Lock()
	first := !b.closing
	b.closing = true
	var errs []error
	for _, l := range b.listeners {
		errs = append(errs, l.Close())
	}
	b.listeners = nil
	if first && b.open == 0 {
		close(b.idle)
	}
	b.mu.Unlock()
	b.drain(ctx)
	b.cancel()
	for _, p := range b.places {
		p.cut(all)
	}
	b.work.Wait()
	return errors.Join(errs...)
}

// drain waits for the last connection, ending those that clients only keep.
func (b *Balancer) drain(ctx context.Context) {
	tick := time.NewTicker(quiet / 4)
	defer tick.Stop()
	for {
		select {
		case <-b.idle:
			return
		case <-ctx.Done():
			return
		case now := <-tick.C:
			b.cutIdle(now)
		}
	}
}
