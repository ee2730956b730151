package staffauth

import (
	"context"
	"errors"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
)

type memberKey struct{}

// From is the member who makes the call that ctx is of; ok is false outside of Guard.
func From(ctx context.Context) (m Member, ok bool) {
	m, ok = ctx.Value(memberKey{}).(Member)
	return m, ok
}

// With is ctx as a call of the member's.
func With(ctx context.Context, m Member) context.Context {
	return context.WithValue(ctx, memberKey{}, m)
}

// Guard lets calls of a Connect service through with who makes them (From), and
// refuses all others.
func (a *Auth) Guard(next http.Handler) http.Handler {
	refusals := connect.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		m, err := a.Authenticate(r.Context(), presented(r), address)
		if err != nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			_ = refusals.Write(w, r, Refusal(err, rpc.Chinese(r.Header.Get("Accept-Language")))) // the client may have gone
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), m)))
	})
}

// Said are the outcomes that Connect has a closer word for than their class's.
var Said = map[code.Code]connect.Code{
	code.StaffSecretInvalid: connect.CodeUnauthenticated, code.StaffRoleMissing: connect.CodePermissionDenied,
	code.StaffTriesTooMany: connect.CodeResourceExhausted, code.SessionsTooMany: connect.CodeResourceExhausted,
	code.StaffExists: connect.CodeAlreadyExists,
}

// Refusal is what Authenticate returned as the API's error, in the language that the
// caller asked for.
func Refusal(err error, chinese bool) *connect.Error {
	out := code.Internal
	var refused *code.Error
	if errors.As(err, &refused) {
		out = refused.Code
	}
	return rpc.Refusal(out, rpc.Code(out, Said), rpc.Sentence(out, chinese))
}
