package staff

import (
	"context"
	"net"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/engine/sleep"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	rule "github.com/holdfast-pay/holdfast/internal/rule/staff"
)

const (
	// mostWaiting is how many screens may wait on a node to be signed in: nobody says who
	// they are, so that the rest must not suffer from their number.
	mostWaiting = 256
	// waitLife is how long one waits; its page then shows another code.
	waitLife = 5 * time.Minute
	// heartbeat is how often a stream says at least that it lives, lookEvery how often at
	// most it looks, and sendWithin how long a screen may take to read a message.
	heartbeat  = 15 * time.Second
	lookEvery  = 100 * time.Millisecond
	sendWithin = 20 * time.Second
)

// Applied tells when frames are applied on this node; a replica does.
type Applied interface {
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	// Changed is closed when the next frame is applied.
	Changed() <-chan struct{}
}

// withoutToken are the calls by which somebody signs in who has none.
var withoutToken = map[string]bool{
	pbconnect.StaffServiceAwaitSignInProcedure: true, pbconnect.StaffServiceAskSignInProcedure: true, pbconnect.StaffServiceSignInByPasskeyProcedure: true,
}

type addressKey struct{}

// addressOf is the network address that a call without a token comes from.
func addressOf(ctx context.Context) string {
	a, _ := ctx.Value(addressKey{}).(string)
	return a
}

// letIn lets those calls through, and guards the others.
func letIn(auth *staffauth.Auth, calls http.Handler) http.Handler {
	guarded := auth.Guard(calls)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !withoutToken[r.URL.Path] {
			guarded.ServeHTTP(w, r)
			return
		}
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		calls.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), addressKey{}, address)))
	})
}

// AwaitSignIn tells a screen whom a wallet has signed in with the code that it shows.
// Who knows the code's hash learns a member's number, and nothing opens without the
// secret. The stream leaves the gate: it only waits.
func (s *Server) AwaitSignIn(ctx context.Context, q *connect.Request[pb.AwaitSignInRequest], out *connect.ServerStream[pb.SignInNews]) error {
	if len(q.Msg.Hash) != rule.SecretSize || s.Applied == nil {
		return s.fail(ctx, "wait for a sign-in", code.StaffSecretInvalid.Err())
	}
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return s.fail(ctx, "wait for a sign-in", code.StreamsTooMany.Err())
	}
	gate.From(ctx).Depart()
	call := rpc.CallOf(ctx)
	if err := call.Answer.SetReadDeadline(time.Time{}); err != nil {
		return s.fail(ctx, "open a stream", err)
	}
	ctx, cancel := context.WithTimeout(ctx, waitLife)
	defer cancel()
	return s.await(ctx, q.Msg.Hash, func(news *pb.SignInNews) error {
		if err := call.Answer.SetWriteDeadline(time.Now().Add(sendWithin)); err != nil {
			return err
		}
		return out.Send(news)
	})
}

// await sends heartbeats until somebody signs in with the hash, and then who.
func (s *Server) await(ctx context.Context, hash []byte, send func(*pb.SignInNews) error) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	if err := send(&pb.SignInNews{}); err != nil {
		return err
	}
	for {
		changed := s.Applied.Changed() // before looking, so that nothing is missed
		news, err := s.signedIn(ctx, hash)
		switch {
		case err != nil:
			return s.fail(ctx, "look for a sign-in", err)
		case news.Staff != 0:
			return send(news)
		}
		select {
		case <-ctx.Done():
			return s.fail(ctx, "wait for a sign-in", code.StreamCut.Err())
		case <-beat.C:
			if err := send(news); err != nil {
				return err
			}
		case <-changed:
			_ = sleep.For(ctx, lookEvery) // the select looks at ctx
		}
	}
}

// signedIn says whose session has the hash; nobody's is staff 0.
func (s *Server) signedIn(ctx context.Context, hash []byte) (*pb.SignInNews, error) {
	news := &pb.SignInNews{}
	return news, s.Applied.ReadLocal(ctx, func(r table.Reader) error {
		if m, ok := rule.BySession(r, hash); ok {
			if one := rule.Session(m, hash, s.Desk.Now()); one != nil {
				news.Staff, news.Until = m.Id, one.Until
			}
		}
		return nil
	})
}

// KeepSession has the browser keep in a cookie what the call is signed in with.
func (s *Server) KeepSession(ctx context.Context, q *connect.Request[pb.KeepSessionRequest]) (*connect.Response[pb.StaffShown], error) {
	who, _ := staffauth.From(ctx)
	m, err := s.Desk.Find(ctx, who.ID, "", "")
	if err != nil {
		return nil, s.fail(ctx, "keep a session", err)
	}
	now := s.Desk.Now()
	one := rule.Session(m, who.Secret(), now)
	if one == nil { // a token is none
		return nil, s.fail(ctx, "keep a session", code.StaffSecretInvalid.Err())
	}
	a, err := s.answer(ctx, "keep a session", m, nil)
	if err == nil {
		staffauth.KeepSession(a.Header(), staffauth.Presented(q.Header()), one.Until-now)
	}
	return a, err
}
