// Package till is what a merchant's people call at their tills: the TillService over
// Connect, beside the wallet API. It decides nothing about money: it says who calls
// (staffauth), turns calls into commands, and shows what is the merchant's.
package till

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
)

// maxBody bounds a call.
const maxBody = 16 << 10

// Core is what the service needs of the replica.
type Core interface {
	// Do runs a command; an error means that no result is known.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLocal calls f with one snapshot that has every command answered by this node.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	// ReadLatest calls f with one snapshot that has every answered command.
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Personal shows who people are.
type Personal interface {
	// Name is the person's name, "" when this node can't open it.
	Masked(p *pb.Person) string
	PhoneTag(ctx context.Context, phone string) ([]byte, error)
}

// Views is what it needs of the read models.
type Views interface {
	History(account string, currency uint32, before uint64, limit int) ([]*pb.HistoryLine, error)
	List(kind pb.Kind, owner string, before view.Mark, limit int) ([]view.Mark, error)
	// Next is the first entry they don't include yet.
	Next() uint64
}

// Events tell which journal entries concern a merchant, as they are applied; an
// *events.Feed does.
type Events interface {
	Follow(ctx context.Context, who []events.Subject, cursor uint64, tell func(seqs []uint64, cursor uint64) error) error
}

// Config says what a Server works with.
type Config struct {
	Core     Core
	Personal Personal
	Views    Views
	Events   Events
	Staff    *staffauth.Auth
	// Codes charges the codes that payers show.
	Codes *judge.Judge
	// OrderLink is what the payer of an order scans, TillLink what a printed code says.
	OrderLink func(prepayID string) string
	TillLink  func(token []byte) string
	// Now is business time, Unix milliseconds.
	Now func() int64
	Log *slog.Logger
}

// Server is the TillService. Its methods may be called from any goroutine.
type Server struct {
	Config
	// refusals words what is refused before a call is looked at.
	refusals *connect.ErrorWriter
	calls    http.Handler
}

var _ pbconnect.TillServiceHandler = (*Server)(nil)

// NewServer returns the service over cfg.
func NewServer(cfg Config) *Server {
	s := &Server{Config: cfg, refusals: connect.NewErrorWriter()}
	_, calls := pbconnect.NewTillServiceHandler(s, rpc.Options(maxBody, cfg.Log, "till call", whose))
	s.calls = cfg.Staff.Guard(rpc.Called(calls))
	return s
}

// ServeHTTP serves the calls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.calls.ServeHTTP(w, r) }

// whose names a call's caller in the log.
func whose(ctx context.Context) []any {
	m, _ := staffauth.From(ctx)
	return []any{"staff", m.ID, "mchid", m.Mchid, "request_id", rpc.CallOf(ctx).Request}
}

// Asked implements gate.Surface.
func (s *Server) Asked(r *http.Request) gate.Asked {
	asked := gate.Asked{Class: gate.Pay, Payer: true}
	switch r.URL.Path {
	case pbconnect.TillServiceListTillsProcedure, pbconnect.TillServiceShowTakingsProcedure, pbconnect.TillServiceListShiftsProcedure:
		asked.Class = gate.Rest
	case pbconnect.TillServiceShowOrderProcedure, pbconnect.TillServiceShowShiftProcedure, pbconnect.TillServiceFollowProcedure:
		asked.Class = gate.Query
	}
	return asked
}

// Refuse implements gate.Surface.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, why gate.Refusal) {
	w.Header().Set("Retry-After", strconv.Itoa(why.After))
	_ = s.refusals.Write(w, r, refusal(rpc.Chinese(r.Header.Get("Accept-Language")), code.Overloaded)) // the till may be gone
}

// said are the outcomes that Connect has a closer word for than their class's.
var said = map[code.Code]connect.Code{
	code.Overloaded: connect.CodeResourceExhausted, code.DiskLow: connect.CodeResourceExhausted,
	code.StaffRoleMissing: connect.CodePermissionDenied, code.StaffSecretInvalid: connect.CodeUnauthenticated, code.LevelTooLow: connect.CodeUnimplemented,
}

func refusal(chinese bool, c code.Code) error {
	return rpc.Refusal(c, rpc.Code(c, said), rpc.Sentence(c, chinese))
}

// refuse is an outcome in the caller's language.
func refuse(ctx context.Context, c code.Code) error { return refusal(rpc.CallOf(ctx).Chinese, c) }

// fail turns what Core returned into the API's error.
func (s *Server) fail(ctx context.Context, doing string, err error) error {
	var refused *code.Error
	if errors.As(err, &refused) {
		return refuse(ctx, refused.Code)
	}
	var already *connect.Error
	if errors.As(err, &already) {
		return already
	}
	s.Log.Error("till call failed", "doing", doing, "err", err)
	return refuse(ctx, code.Internal)
}

// do runs one command in the caller's name and refuses what it refuses.
func do[B, R table.Record](ctx context.Context, s *Server, c catalogue.Command[B, R], body B) (R, error) {
	var none R
	m, _ := staffauth.From(ctx)
	rec, out, err := c.Do(ctx, s.Core, m.Actor(), rpc.CallOf(ctx).Request, body)
	switch {
	case err != nil:
		return none, s.fail(ctx, c.Name, err)
	case out != code.OK:
		return none, refuse(ctx, out)
	}
	return rec, nil
}

// read calls f with a snapshot and turns what fails into the API's error.
func (s *Server) read(ctx context.Context, doing string, f func(r table.Reader) error) error {
	if err := s.Core.ReadLatest(ctx, f); err != nil {
		return s.fail(ctx, doing, err)
	}
	return nil
}

// cashier is the caller, who works at the merchant's tills or owns them.
func (s *Server) cashier(ctx context.Context) (staffauth.Member, error) {
	m, _ := staffauth.From(ctx)
	if err := mayStand(m); err != nil {
		return m, s.fail(ctx, "say who calls", err)
	}
	return m, nil
}

// mayStand says whether a member may stand at their merchant's tills.
func mayStand(m staffauth.Member) error {
	return m.Require(pb.StaffRole_STAFF_ROLE_CASHIER, pb.StaffRole_STAFF_ROLE_OWNER)
}

// at is the till of the caller's merchant that a call names.
func (s *Server) at(ctx context.Context, id uint64) (m staffauth.Member, t *pb.Till, err error) {
	if m, err = s.cashier(ctx); err != nil {
		return m, nil, err
	}
	err = s.read(ctx, "find a till", func(r table.Reader) error {
		var ok bool
		if t, ok = rule.Get(r, id); !ok || t.Mchid != m.Mchid {
			return code.TillNotFound.Err()
		}
		return nil
	})
	return m, t, err
}

func answer[M any](m *M) (*connect.Response[M], error) { return connect.NewResponse(m), nil }
