package admin

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
)

type callerKey struct{}

// caller is who made a request, and its id.
type caller struct{ name, request string }

// who is the name behind the request's token.
func who(ctx context.Context) string {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.name
}

// requestID ties commands to the request: the caller's Request-Id, or a fresh one.
func requestID(ctx context.Context) string {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.request
}

// authenticated lets a request through only with a valid bearer token.
func (t *Tokens) authenticated(next http.Handler) http.Handler {
	refusal := connect.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := t.Who(r.Header)
		if !ok {
			err := connect.NewError(connect.CodeUnauthenticated, errors.New("the bearer token is missing or not valid"))
			w.Header().Set("WWW-Authenticate", "Bearer")
			if refusal.IsSupported(r) {
				_ = refusal.Write(w, r, err) // the client has gone; nobody is left to tell
				return
			}
			http.Error(w, err.Message(), http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller{name, rpc.RequestID(r)})))
	})
}
