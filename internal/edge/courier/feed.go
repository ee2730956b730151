package courier

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// silence is how long a stream may say nothing; the node has a heartbeat a second.
	silence = 5 * time.Second
	// renewEvery is how long a stream lives: whatever either side has forgotten is
	// told again.
	renewEvery = 15 * time.Minute
	// A lost stream is opened again after feedFirst, then twice as long each time.
	feedFirst = 50 * time.Millisecond
	feedMost  = 5 * time.Second
)

// told by the node: a batch, and whether it is the first of a new stream.
type fed struct {
	batch *pb.OwedBatch
	first bool
}

// feed keeps a stream of owed notices open and hands its batches to the loop.
type feed struct {
	node Node
	out  chan<- fed
	log  *slog.Logger
	up   func(bool)
}

// run ends with ctx.
func (f *feed) run(ctx context.Context) {
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
		if errors.Is(err, errRenew) {
			continue
		}
		f.log.Warn("courier: the node's stream of notices is down; opening it again", "wait", wait, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, feedMost)
	}
}

// errRenew ends a stream that has lived renewEvery.
var errRenew = errors.New("the stream is opened afresh")

// errSilent says that the node went quiet.
var errSilent = errors.New("the node said nothing for 5 s")

// once reads one stream to its end. lived says that it brought something.
func (f *feed) once(ctx context.Context) (lived bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dog := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer dog.Stop()
	stream, err := f.node.Owed(ctx)
	if err != nil {
		return false, orCause(ctx, err)
	}
	defer stream.Close()
	for opened := time.Now(); ; {
		if time.Since(opened) > renewEvery {
			return lived, errRenew
		}
		dog.Reset(silence)
		batch, err := stream.Receive()
		dog.Stop() // the loop may take its time; that is not the node's silence
		if err != nil {
			return lived, orCause(ctx, err)
		}
		select {
		case f.out <- fed{batch: batch, first: !lived}:
		case <-ctx.Done():
			return lived, context.Cause(ctx)
		}
		if !lived {
			f.up(true)
		}
		lived = true
	}
}

// orCause prefers why the context ended to how a call put it.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
