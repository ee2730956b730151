package edgetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Live is a Core whose clock is the test's own, which in a synctest bubble is
// simulated, and which tells when frames are applied as a replica does.
type Live struct {
	*Core

	mu      sync.Mutex
	changed chan struct{}
	applied uint64
	head    *pb.Head
}

// NewLive opens a sandbox. A bubble's clock begins in 2000; it is moved to Start.
func NewLive(t testing.TB) *Live { return NewLiveAt(t, machine.MaxLevel) }

// NewLiveAt is NewLive at a feature level.
func NewLiveAt(t testing.TB, level uint32) *Live {
	t.Helper()
	time.Sleep(time.Until(time.UnixMilli(Start)))
	l := &Live{Core: NewAt(t, true, level), changed: make(chan struct{})}
	l.sync()
	l.publish()
	return l
}

// sync sets the core's wall clock.
func (l *Live) sync() { l.Sleep(time.Now().UnixMilli() - l.Core.Now()) }

// publish makes an applied frame known.
func (l *Live) publish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Core.Read(func(r table.Reader) error {
		l.head, _ = machine.Head(r)
		return nil
	}); err != nil {
		l.t.Error(err)
	}
	l.applied = l.head.AppliedIndex
	close(l.changed)
	l.changed = make(chan struct{})
}

// Do applies cmd at the present time.
func (l *Live) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	l.sync()
	defer l.publish()
	return l.Core.Do(ctx, cmd)
}

// Must applies a command that has to succeed and returns its body.
func (l *Live) Must(n catalogue.Number, body table.Record) any {
	l.t.Helper()
	l.sync()
	defer l.publish()
	return l.Core.Must(n, body)
}

// Now is business time, Unix milliseconds.
func (l *Live) Now() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(time.Now().UnixMilli()+l.head.ClockOffsetMs, l.head.At)
}

// Applied is the index of the last frame.
func (l *Live) Applied() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied
}

// Changed is closed when the next frame is applied.
func (l *Live) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}
