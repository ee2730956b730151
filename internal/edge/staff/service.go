// Package staff is what members of staff call about themselves, and owners about their
// merchant's people: the StaffService over Connect. Who calls is found out by
// staffauth. What is done is done by Desk, which the administration uses too.
package staff

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// maxBody bounds a call.
const maxBody = 16 << 10

// Config says what a Server works with.
type Config struct {
	Desk *Desk
	Auth *staffauth.Auth
	// Applied tells screens that wait that somebody signed them in; nil: none may wait.
	Applied Applied
	// Passkeys asks browsers for passkeys; nil where they are not set up.
	Passkeys *passkey.Party
	Log      *slog.Logger
}

// Server is the StaffService. Its methods may be called from any goroutine.
type Server struct {
	Config
	calls http.Handler
	// waiting bounds the screens that wait to be signed in.
	waiting chan struct{}
}

var _ pbconnect.StaffServiceHandler = (*Server)(nil)

// NewServer returns the service over cfg.
func NewServer(cfg Config) *Server {
	s := &Server{Config: cfg, waiting: make(chan struct{}, mostWaiting)}
	_, calls := pbconnect.NewStaffServiceHandler(s, rpc.Options(maxBody, cfg.Log, "staff call", whose))
	s.calls = letIn(cfg.Auth, rpc.Called(calls))
	return s
}

// ServeHTTP serves the calls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.calls.ServeHTTP(w, r) }

// whose names a call's caller in the log.
func whose(ctx context.Context) []any {
	m, _ := staffauth.From(ctx)
	return []any{"actor", m.Actor(), "request_id", rpc.CallOf(ctx).Request}
}

// by is the caller as commands say it.
func by(ctx context.Context) By {
	m, _ := staffauth.From(ctx)
	return By{m.Actor(), rpc.CallOf(ctx).Request}
}

// fail turns what was returned into the API's error, in the caller's language.
func (s *Server) fail(ctx context.Context, doing string, err error) error {
	var refused *code.Error
	if !errors.As(err, &refused) {
		s.Log.Error("staff call failed", "doing", doing, "err", err)
	}
	return staffauth.Refusal(err, rpc.CallOf(ctx).Chinese)
}

// answer shows a member, or why there is none.
func (s *Server) answer(ctx context.Context, doing string, m *pb.StaffMember, err error) (*connect.Response[pb.StaffShown], error) {
	if err != nil {
		return nil, s.fail(ctx, doing, err)
	}
	return connect.NewResponse(s.Desk.Shown(m)), nil
}
