package walletclient

import (
	"context"
	"iter"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// method is a call of the generated client, such as
// pbconnect.WalletServiceClient.Pay.
type method[Q, A any] = func(pbconnect.WalletServiceClient, context.Context, *connect.Request[Q]) (*connect.Response[A], error)

// once makes a call that may do more when it is made twice: another node is asked only
// where the first was not reached or did not take it.
func once[Q, A any](ctx context.Context, c *Client, m method[Q, A], q *Q) (*A, error) {
	return repeated(ctx, c, m, q, func(e *Error) bool { return e.unreached || e.Busy })
}

// again makes a call that is the same call when it is repeated: it goes on until the
// outcome is known.
func again[Q, A any](ctx context.Context, c *Client, m method[Q, A], q *Q) (*A, error) {
	return repeated(ctx, c, m, q, func(e *Error) bool { return e.Unknown || e.Busy })
}

func repeated[Q, A any](ctx context.Context, c *Client, m method[Q, A], q *Q, may func(*Error) bool) (*A, error) {
	pause := firstPause
	for began := time.Now(); ; {
		a, failed := attempt(ctx, c, m, q)
		if failed == nil {
			return a, nil
		}
		if !may(failed) || time.Since(began)+pause > c.options.Patience || c.pause(ctx, pause) != nil {
			return nil, failed
		}
		pause = min(2*pause, longestPause)
	}
}

// attempt asks one node, and has the next one asked after it when it fails.
func attempt[Q, A any](ctx context.Context, c *Client, m method[Q, A], q *Q) (*A, *Error) {
	if len(c.nodes) == 0 {
		return nil, errNoURL()
	}
	at := c.last.Load()
	within, cancel := context.WithTimeout(ctx, c.options.Attempt)
	defer cancel()
	a, err := m(c.nodes[at%uint32(len(c.nodes))], within, connect.NewRequest(q))
	if err == nil {
		return a.Msg, nil
	}
	failed := explain(err)
	if failed.Unknown || failed.Busy {
		c.last.CompareAndSwap(at, at+1)
	}
	return nil, failed
}

// streamed makes a call that is answered with one message after another, until the
// loop over them ends, the context does, or the stream breaks, which the last pair
// says.
func streamed[Q, A any](ctx context.Context, c *Client, m func(pbconnect.WalletServiceClient, context.Context, *connect.Request[Q]) (*connect.ServerStreamForClient[A], error), q *Q) iter.Seq2[*A, error] {
	return func(yield func(*A, error) bool) {
		if len(c.nodes) == 0 {
			yield(nil, errNoURL())
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		at := c.last.Load()
		stream, err := m(c.nodes[at%uint32(len(c.nodes))], ctx, connect.NewRequest(q))
		if err == nil {
			defer stream.Close()
			for stream.Receive() {
				if !yield(stream.Msg(), nil) {
					return
				}
			}
			err = stream.Err()
		}
		if err != nil {
			c.last.CompareAndSwap(at, at+1)
			yield(nil, explain(err))
		}
	}
}

// wait waits unless the caller gives up.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
