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

// Call is what a call's headers say of it.
type Call struct {
	// Request is the caller's own id of the call, or a fresh one.
	Request string
	// Chinese: sentences are wanted in Chinese.
	Chinese bool
	// Answer bounds how long reading the call and writing its answer may take.
	Answer *http.ResponseController
}

type callKey struct{}

// Called lets calls through with what their headers say, for CallOf.
func Called(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := Call{Request: RequestID(r), Chinese: Chinese(r.Header.Get("Accept-Language")), Answer: http.NewResponseController(w)}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
	})
}

// CallOf is what the headers of a call said that came through Called.
func CallOf(ctx context.Context) Call {
	c, _ := ctx.Value(callKey{}).(Call)
	return c
}

// Options are what each service is given: calls of at most so many bytes, JSON that is
// quick to read and write, and a line in the log for each call (Logged).
func Options(most int, log *slog.Logger, line string, whose func(context.Context) []any) connect.HandlerOption {
	return connect.WithHandlerOptions(connect.WithReadMaxBytes(most), connect.WithCodec(JSON{}), connect.WithInterceptors(Logged(log, line, whose)))
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
