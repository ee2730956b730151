package admin

import (
	"context"
	"errors"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
)

type callerKey struct{}

// caller is who made a request, and its id.
type caller struct {
	// actor is "admin/NAME" for who has a token of the node's, else "staff/NUMBER".
	actor, request string
	// may says whether the caller may call a procedure.
	may func(procedure string) bool
}

func from(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// actor is who made the request, as commands and the journal say it.
func actor(ctx context.Context) string { return from(ctx).actor }

// requestID ties commands to the request: the caller's Request-Id, or a fresh one.
func requestID(ctx context.Context) string { return from(ctx).request }

// errNoToken is what a caller hears who has no token.
var errNoToken = errors.New("the bearer token is missing or not valid")

// entrance lets requests in that have a token of the node's or of an operator's.
type entrance struct {
	tokens *Tokens
	// service is as in Handler: while it is nil only the node's own tokens count.
	service  func() (*Server, func())
	refusals *connect.ErrorWriter
}

// to lets a request through whose caller may ask for what it asks for: by its path
// where what is "".
func (e *entrance) to(what string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := what
		if asked == "" {
			asked = r.URL.Path
		}
		c, err := e.caller(r, asked)
		switch {
		case err != nil:
			e.refuse(w, r, err)
		case !c.may(asked):
			e.refuse(w, r, refuse(code.StaffRoleMissing))
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
		}
	})
}

// caller is who makes a request.
func (e *entrance) caller(r *http.Request, asked string) (caller, error) {
	c := caller{request: rpc.RequestID(r)}
	if name, ok := e.tokens.Who(r.Header); ok {
		c.actor, c.may = "admin/"+name, func(string) bool { return true }
		return c, nil
	}
	m, err := e.member(r, asked)
	var refused *code.Error
	switch {
	case err == nil:
		c.actor, c.may = m.Actor(), func(procedure string) bool { return m.Mchid == "" && m.Has(roles[procedure]...) }
		return c, nil
	case !errors.As(err, &refused):
		return c, refuse(code.Internal)
	case refused.Code == code.StaffSecretInvalid:
		return c, connect.NewError(connect.CodeUnauthenticated, errNoToken)
	}
	return c, refuse(refused.Code)
}

// member is the member of staff who makes a request.
func (e *entrance) member(r *http.Request, asked string) (staffauth.Member, error) {
	s, done := e.service()
	if s == nil {
		return staffauth.Member{}, code.StaffSecretInvalid.Err()
	}
	defer done()
	if s.Staff == nil {
		return staffauth.Member{}, code.StaffSecretInvalid.Err()
	}
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	if here[asked] {
		return s.Staff.AuthenticateHere(r.Context(), r.Header, address)
	}
	return s.Staff.Authenticate(r.Context(), r.Header, address)
}

func (e *entrance) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if connect.CodeOf(err) == connect.CodeUnauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if e.refusals.IsSupported(r) {
		_ = e.refusals.Write(w, r, err) // the client has gone; nobody is left to tell
		return
	}
	status := http.StatusForbidden
	switch connect.CodeOf(err) {
	case connect.CodeUnauthenticated:
		status = http.StatusUnauthorized
	case connect.CodeResourceExhausted:
		status = http.StatusTooManyRequests
	case connect.CodeUnavailable:
		status = http.StatusServiceUnavailable
	}
	var said *connect.Error
	if errors.As(err, &said) {
		http.Error(w, said.Message(), status)
		return
	}
	http.Error(w, http.StatusText(status), status)
}

// mayTopup says whether the caller may move money into somebody's balance, which
// PersonAdd can do beside.
func mayTopup(ctx context.Context) bool {
	c := from(ctx)
	return c.may == nil || c.may(topupProcedure)
}
