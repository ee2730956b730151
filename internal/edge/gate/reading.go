package gate

import (
	"context"
	"time"
)

// readPatience is how long an edge waits for the newest state: long enough for
// an election, short enough for whoever waits in front of a page or a socket.
const readPatience = 5 * time.Second

// Reading bounds a read of the newest state that a request needs.
func Reading(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, readPatience)
}
