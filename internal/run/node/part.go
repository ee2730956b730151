package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Part is one part of a node. A new one is a file with a type that embeds part,
// a line in assemble, and, where it can be configured, its section's line in Config.
type Part interface {
	// Start starts it; ctx ends the attempt and not the part.
	Start(ctx context.Context) error
	// Close undoes Start, also one that failed half way.
	Close() error
	// Metrics are its figures, registered before any part starts: a collector
	// leaves out what is not there yet.
	Metrics() []prometheus.Collector
	// Routes are what it serves, once started, on the listeners of parts after it.
	Routes() []route
}

// part is what parts have in common: the node around them, and what closes them.
type part struct {
	*shared
	closers []closer
}

// closer undoes one step of a part's start.
type closer struct {
	name string
	do   func() error
}

// Metrics implements Part for parts without figures.
func (n *part) Metrics() []prometheus.Collector { return nil }

// Routes implements Part for parts that serve nothing, or open a listener for it.
func (n *part) Routes() []route { return nil }

// Close implements Part: it undoes the start in reverse, all of it even when a
// step of that fails.
func (n *part) Close() error {
	var errs []error
	for _, c := range slices.Backward(n.closers) {
		began := time.Now()
		n.closing.Store(&c.name)
		if err := c.do(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", c.name, err))
		}
		n.log.Debug("closed", "part", c.name, "took", time.Since(began))
	}
	n.closers = nil
	return errors.Join(errs...)
}

// onClose adds what undoes a step.
func (n *part) onClose(name string, do func() error) {
	n.closers = append(n.closers, closer{name, do})
}

// spawn runs f in the background until the part is closed.
func (n *part) spawn(name string, f func(context.Context)) {
	ctx, cancel := context.WithCancel(n.ctx)
	done := make(chan struct{})
	n.work.Add(1)
	go func() {
		defer n.work.Done()
		defer close(done)
		f(ctx)
	}()
	n.onClose(name, func() error {
		cancel()
		<-done
		return nil
	})
}
