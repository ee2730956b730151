package staff

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	rule "github.com/holdfast-pay/holdfast/internal/rule/staff"
)

// usualLife is how long a session lasts that nobody says more of.
const usualLife = 12 * stamp.Hour

// SignIn opens a session with the token that the call has.
func (s *Server) SignIn(ctx context.Context, q *connect.Request[pb.SignInRequest]) (*connect.Response[pb.SignInResponse], error) {
	m, _ := staffauth.From(ctx)
	if m.Session != 0 {
		return nil, s.fail(ctx, "sign in", code.StaffSecretInvalid.Err())
	}
	text, hash := staffauth.NewSecret(staffauth.Session, m.ID)
	c := &pb.SessionOpen{Id: m.ID, Hash: hash, LifeMs: Life(q.Msg.LifeS), Label: q.Msg.Label, Token: m.Secret()}
	return s.signIn(ctx, by(ctx), c, text, q.Msg.Cookie)
}

// signIn opens a session and says what it is, or has a browser keep it in a cookie.
func (s *Server) signIn(ctx context.Context, by By, c *pb.SessionOpen, text string, cookie bool) (*connect.Response[pb.SignInResponse], error) {
	row, err := run(ctx, s.Desk, rule.OpenSession, by, c)
	if err != nil {
		return nil, s.fail(ctx, "sign in", err)
	}
	opened := rule.Session(row, c.Hash, s.Desk.Now())
	if opened == nil { // it is repeated, and over
		return nil, s.fail(ctx, "sign in", code.StaffSecretInvalid.Err())
	}
	a := connect.NewResponse(&pb.SignInResponse{Session: text, Number: opened.Number, Until: opened.Until})
	if cookie {
		a.Msg.Session = ""
		staffauth.KeepSession(a.Header(), text, c.LifeMs)
	}
	return a, nil
}

// Life is how long a session lasts, milliseconds, of which a caller says so many
// seconds; what can't be counted is refused by the rule.
func Life(seconds int64) int64 {
	if seconds == 0 {
		return usualLife
	}
	return max(min(seconds, 1<<32), 0) * stamp.Second
}

// SignOut ends one of the caller's sessions, or all.
func (s *Server) SignOut(ctx context.Context, q *connect.Request[pb.SignOutRequest]) (*connect.Response[pb.StaffShown], error) {
	who, _ := staffauth.From(ctx)
	number := q.Msg.Number
	if number == 0 {
		number = who.Session
	}
	if q.Msg.All {
		number = 0
	} else if number == 0 { // a token is no session
		return nil, s.fail(ctx, "sign out", code.StaffSecretInvalid.Err())
	}
	m, err := s.Desk.EndSession(ctx, by(ctx), who.ID, number)
	a, err := s.answer(ctx, "sign out", m, err)
	if err == nil && (number == 0 || number == who.Session) {
		staffauth.DropSession(a.Header())
	}
	return a, err
}

// WhoAmI shows the caller.
func (s *Server) WhoAmI(ctx context.Context, _ *connect.Request[pb.WhoAmIRequest]) (*connect.Response[pb.StaffShown], error) {
	who, _ := staffauth.From(ctx)
	m, err := s.Desk.Find(ctx, who.ID, "", "")
	return s.answer(ctx, "show the caller", m, err)
}
