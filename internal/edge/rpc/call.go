package rpc

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"
)

// maxRequestID bounds a caller's own id of a request, in bytes.
const maxRequestID = 64

// RequestID ties commands to a request: the caller's Request-Id, or a fresh one where
// theirs can't go into a command as it is.
func RequestID(r *http.Request) string {
	if id := r.Header.Get("Request-Id"); plain(id) {
		return id
	}
	return rand.Text()
}

func plain(id string) bool {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= maxRequestID
}

// Logged writes one line a call: which, whose (as slog's pairs), how long, with which
// outcome. It never writes what was in the call.
func Logged(log *slog.Logger, line string, whose func(context.Context) []any) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, q connect.AnyRequest) (connect.AnyResponse, error) {
			began := time.Now()
			a, err := next(ctx, q)
			outcome := "ok"
			if err != nil {
				outcome = connect.CodeOf(err).String()
				if refused, ok := CodeOf(err); ok {
					outcome = refused.String()
				}
			}
			said := append([]any{"procedure", q.Spec().Procedure}, whose(ctx)...)
			log.Info(line, append(said, "took", time.Since(began).Round(time.Microsecond), "outcome", outcome)...)
			return a, err
		}
	}
}
