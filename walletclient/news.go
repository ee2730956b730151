package walletclient

import (
	"context"
	"errors"
	"iter"
)

// News is Follow without an end: when a stream breaks, it goes on at the next node
// after the message that was read last, so that nothing is told twice or left out. It
// ends with the context, or with the first refusal, which the last pair says.
func (c *Client) News(ctx context.Context, cursor uint64) iter.Seq2[*News, error] {
	return func(yield func(*News, error) bool) {
		pause := firstPause
		for ctx.Err() == nil {
			var failed *Error
			for n, err := range c.Follow(ctx, &FollowRequest{Cursor: cursor}) {
				if errors.As(err, &failed) {
					break
				}
				cursor, pause = n.Cursor, firstPause
				if !yield(n, nil) {
					return
				}
			}
			if failed != nil && !failed.Unknown && !failed.Busy {
				yield(nil, failed)
				return
			}
			if c.pause(ctx, pause) != nil {
				return
			}
			pause = min(2*pause, longestPause)
		}
	}
}
