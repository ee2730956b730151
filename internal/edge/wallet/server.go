// Package wallet is what people's devices call: the WalletService over Connect (JSON
// and gRPC on one port). It decides nothing about money: it checks signatures, turns
// calls into commands, and shows people what is theirs.
//
// Each call but SendCode is signed by the device (httpsig). What a call says in
// clear (phone numbers, names, codes, PINs) stays in memory: commands carry keyed
// hashes and sealed details.
package wallet

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// Core is what the wallet API needs of the replica.
type Core interface {
	// Do runs a command; an error means that no result is known.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLocal calls f with one snapshot that has every command answered by this node.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	// ReadLatest calls f with one snapshot that has every answered command.
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Personal seals and opens people's details, and makes keyed hashes; a
// *personal.Sealer does.
type Personal interface {
	Seal(ctx context.Context, d *pb.Details) (*pb.Sealed, error)
	// Until is the last moment at which a command may be proposed that has details
	// sealed anew.
	Until(x *pb.Sealed) time.Time
	// SealMemo seals a text that the given people may read, OpenMemo opens it for one.
	SealMemo(ctx context.Context, text string, readers ...*pb.Person) (*pb.Sealed, error)
	OpenMemo(memo *pb.Sealed, reader *pb.Person) (string, error)
	// Name is the person's name, "" when this node can't open it.
	Name(p *pb.Person) string
	Masked(p *pb.Person) string
	// Email is the person's e-mail address, "" when there is none or this node can't open it.
	Email(p *pb.Person) string
	PhoneTag(ctx context.Context, phone string) ([]byte, error)
	// Tag is a keyed hash of 32 bytes; what says of what.
	Tag(ctx context.Context, what, of string) ([]byte, error)
	// PacketKey is the key that seeds of red packets are made from, and its name; ""
	// asks for the one that new packets take.
	PacketKey(ctx context.Context, id string) (key []byte, named string, err error)
}

// Views is what it needs of the read models.
type Views interface {
	History(account string, currency uint32, before uint64, limit int) ([]*pb.HistoryLine, error)
	// Next is the first entry they don't include yet.
	Next() uint64
	// List lists what a person made of a kind, the newest first.
	List(kind pb.Kind, owner string, before view.Mark, limit int) ([]view.Mark, error)
	// Told returns entries about a kind that concern a person beside their accounts.
	Told(kind string, uid, before uint64, limit int) ([]uint64, error)
}

// Events tell which journal entries concern a person, as they are applied; an
// *events.Feed does.
type Events interface {
	Follow(ctx context.Context, who []events.Subject, cursor uint64, tell func(seqs []uint64, cursor uint64) error) error
}

// Receipts prove what happened; a *receipt.Issuer does. Each waits for a checkpoint that
// covers it, and returns journal.ErrNotCovered when there is none while ctx lasts.
type Receipts interface {
	Payment(ctx context.Context, o *pb.Order) (*pb.Receipt, error)
	Refund(ctx context.Context, f *pb.Refund) (*pb.Receipt, error)
	Transfer(ctx context.Context, t *pb.PersonTransfer) (*pb.Receipt, error)
	Packet(ctx context.Context, p *pb.Packet) (*pb.Receipt, error)
	Share(ctx context.Context, s *pb.PacketShare) (*pb.Receipt, error)
}

// Config says what a Server works with.
type Config struct {
	Core     Core
	Personal Personal
	Views    Views
	Events   Events
	Sender   Sender
	// Now is business time, Unix milliseconds; Wall the wall clock.
	Now  func() int64
	Wall func() time.Time
	Log  *slog.Logger
	// Named says whether the platform is called by a host's name; nil: by any. What was
	// signed for somebody else is not taken from them.
	Named func(host string) bool
	// Mail takes codes that Sender could not send, for those who have an e-mail address;
	// nil where there is none.
	Mail *Mailer
	// TillLink is what the printed code of a till with this token says.
	TillLink func(token []byte) string
	// Passkeys asks browsers for passkeys; nil where they are not set up.
	Passkeys *passkey.Party
	// Receipts proves what happened; nil where nothing does.
	Receipts Receipts
}

// Server is the WalletService. Its methods may be called from any goroutine.
type Server struct {
	Config
	devices known
	pace    codePace
	// hashing bounds how many PINs are hashed at once: each takes 19 MiB and a core.
	hashing chan struct{}
	// refusals words what is refused before a call is looked at.
	refusals *connect.ErrorWriter
	calls    http.Handler
}

var _ pbconnect.WalletServiceHandler = (*Server)(nil)

// NewServer returns the service over cfg.
func NewServer(cfg Config) *Server {
	s := &Server{Config: cfg, hashing: make(chan struct{}, hashesAtOnce), refusals: connect.NewErrorWriter()}
	_, calls := pbconnect.NewWalletServiceHandler(s, rpc.Options(maxBody, cfg.Log, "wallet call", whose), connect.WithInterceptors(connect.UnaryInterceptorFunc(acting)))
	s.calls = s.authenticated(calls)
	return s
}

// ServeHTTP serves the calls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.calls.ServeHTTP(w, r) }

// whose names a call's caller in the log.
func whose(ctx context.Context) []any {
	c := from(ctx)
	return []any{"uid", c.uid, "request_id", c.request}
}

// do runs one command in the caller's name and refuses what it refuses.
func do[B, R table.Record](ctx context.Context, s *Server, c catalogue.Command[B, R], body B) (R, error) {
	var none R
	who := from(ctx)
	rec, out, err := c.Do(ctx, s.Core, who.actor(), who.request, body)
	switch {
	case err != nil:
		return none, s.fail(who, c.Name, err)
	case out != code.OK:
		return none, s.refuse(who, out)
	}
	return rec, nil
}

// readOwn is read for what the caller has just done: the answer to a command has been
// applied here.
func (s *Server) readOwn(ctx context.Context, doing string, f func(r table.Reader) error) error {
	if err := s.Core.ReadLocal(ctx, f); err != nil {
		return s.fail(from(ctx), doing, err)
	}
	return nil
}

// read calls f with a snapshot and turns what fails into the API's error.
func (s *Server) read(ctx context.Context, doing string, f func(r table.Reader) error) error {
	if err := s.Core.ReadLatest(ctx, f); err != nil {
		return s.fail(from(ctx), doing, err)
	}
	return nil
}

// said are the outcomes that Connect has a closer word for than their class's.
var said = map[code.Code]connect.Code{
	code.Overloaded: connect.CodeResourceExhausted, code.DiskLow: connect.CodeResourceExhausted,
	code.CodeTooMany: connect.CodeResourceExhausted, code.CodeTooSoon: connect.CodeResourceExhausted, code.TooManyActs: connect.CodeResourceExhausted,
	code.DeviceUnknown: connect.CodeUnauthenticated, code.PinNeeded: connect.CodePermissionDenied, code.PinLocked: connect.CodePermissionDenied,
	code.LevelTooLow: connect.CodeUnimplemented,
}

// refuse is an outcome in the caller's language.
func refuse(who *caller, c code.Code) error {
	return rpc.Refusal(c, rpc.Code(c, said), rpc.Sentence(c, who.chinese))
}

// refuse is refuse for what the state says.
func (s *Server) refuse(who *caller, c code.Code) error {
	if c == code.DeviceUnknown {
		s.devices.forget(who.params.Key)
	}
	return refuse(who, c)
}

// fail turns what Core returned into the API's error.
func (s *Server) fail(who *caller, doing string, err error) error {
	var refused *code.Error
	if errors.As(err, &refused) {
		return s.refuse(who, refused.Code)
	}
	var already *connect.Error
	if errors.As(err, &already) {
		return already
	}
	s.Log.Error("wallet call failed", "doing", doing, "err", err)
	return refuse(who, code.Internal)
}

func answer[M any](m *M) (*connect.Response[M], error) { return connect.NewResponse(m), nil }
