package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// Silence is how long a stream may say nothing; the node has a heartbeat a second.
	Silence = 5 * time.Second
	// RenewEvery is how long a stream lives: whatever either side has forgotten is
	// told again.
	RenewEvery = 15 * time.Minute
	// A lost stream is opened again after feedFirst, then twice as long each time.
	feedFirst = 50 * time.Millisecond
	feedMost  = 5 * time.Second
)

// feed keeps a stream of owed rows open and hands its messages on: with whether
// one is the first of a new stream, and the epoch of the lease that it is for.
type feed[M any] struct {
	worker string
	open   func(context.Context, *pb.OwedRequest) (Stream[M], error)
	out    func(ctx context.Context, m M, first bool, epoch uint64) error
	log    *slog.Logger
	up     func(bool)
	// holding is the lease to open a stream for, acked the index that the node
	// must have reached.
	holding *holding
	acked   func() uint64
}

// run ends with ctx.
func (f *feed[M]) run(ctx context.Context) {
	wait := feedFirst
	for {
		lived, err := f.once(ctx)
		f.up(false)
		if ctx.Err() != nil {
			return
		}
		if lived {
			wait = feedFirst
		}
		switch {
		case errors.Is(err, errRenew), errors.Is(err, errEpoch):
			continue
		case errors.Is(err, ErrLanes):
			f.log.Debug(f.worker+": the state gives other lanes than the stream was opened for; opening it again", "wait", wait)
		default:
			f.log.Warn(f.worker+": the node's stream of what is owed is down; opening it again", "wait", wait, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, feedMost)
	}
}

// errRenew ends a stream that has lived RenewEvery.
var errRenew = errors.New("the stream is opened afresh")

// errEpoch ends a stream whose lease has lapsed, or has lanes it lacked.
var errEpoch = errors.New("the stream is opened for another lease")

// errSilent says that the node went quiet.
var errSilent = errors.New("the node said nothing for 5 s")

// once reads one stream to its end. lived says that it brought something.
func (f *feed[M]) once(ctx context.Context) (lived bool, err error) {
	g, err := f.granted(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel(nil)
	watching.Go(func() { f.watch(ctx, g.epoch, cancel) })
	dog := time.AfterFunc(Silence, func() { cancel(errSilent) })
	defer dog.Stop()
	stream, err := f.open(ctx, &pb.OwedRequest{AtLeast: f.acked(), Lanes: g.ask()})
	if err != nil {
		return false, orCause(ctx, err)
	}
	defer stream.Close()
	for opened := time.Now(); ; {
		if time.Since(opened) > RenewEvery {
			return lived, errRenew
		}
		dog.Reset(Silence)
		m, err := stream.Receive()
		dog.Stop() // the loop may take its time; that is not the node's silence
		if err != nil {
			return lived, orCause(ctx, err)
		}
		if err := f.out(ctx, m, !lived, g.epoch); err != nil {
			return lived, err
		}
		if !lived {
			f.up(true)
		}
		lived = true
	}
}

// granted waits until there is a lease, or none is needed.
func (f *feed[M]) granted(ctx context.Context) (*grant, error) {
	for {
		g, news := f.holding.get()
		if !g.none() {
			return g, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// watch ends a stream when its lease's epoch is over.
func (f *feed[M]) watch(ctx context.Context, epoch uint64, cancel context.CancelCauseFunc) {
	for {
		g, news := f.holding.get()
		if g.epoch != epoch {
			cancel(errEpoch)
			return
		}
		select {
		case <-news:
		case <-ctx.Done():
			return
		}
	}
}

// orCause prefers why the context ended to how a call put it.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
