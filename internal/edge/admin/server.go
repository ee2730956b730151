// Package admin is the administration of a node: the AdminService over Connect
// (JSON or gRPC), health, readiness, metrics and profiles, all on an address of
// their own. It also holds the client that the command line uses.
//
// Everything but health and readiness needs a bearer token; whose it is becomes
// the actor of the command, so the journal says who did what: "staff/<number>" for an
// operator, who may what their roles may (roles), "admin/<name>" for who has a token
// of the node's own, who may everything.
// Each change is one command or a few; each command is safe to repeat, and so
// is each call. Secrets go to the keystore before the command that names them.
package admin

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// Core is what the administration needs of the replica.
type Core interface {
	// Do runs a command; an error means that no result is known.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLocal calls f with one snapshot of this node's own state, ReadLatest with one
	// that has every answered command.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Keys is what it needs of the keystore.
type Keys interface {
	PutAPIv3Key(mchid, key string, at int64) (keyID string, err error)
	RotatePlatform(now int64, overlap time.Duration) (serial string, err error)
	PlatformCerts(now int64) []keystore.PlatformCert
	SigningCert(now int64) *keystore.Signer
	PublicKey() *keystore.Signer
	CheckpointVerifier() string
}

// Views is what it needs of the read models.
type Views interface {
	// Steps lists the journal entries about an entity, oldest first.
	Steps(entity string, before uint64, limit int) ([]uint64, error)
	// History lists an account's movements, newest first.
	History(account string, currency uint32, before uint64, limit int) ([]*pb.HistoryLine, error)
	// Next is the first entry they don't include yet.
	Next() uint64
}

// Receipts makes receipts; *receipt.Issuer is one.
type Receipts interface {
	// Payment is the receipt of a paid order, waiting for a checkpoint as long
	// as ctx lasts; Refund and Transfer are of the last step, Packet of the first.
	Payment(ctx context.Context, o *pb.Order) (*pb.Receipt, error)
	Refund(ctx context.Context, f *pb.Refund) (*pb.Receipt, error)
	Transfer(ctx context.Context, t *pb.PersonTransfer) (*pb.Receipt, error)
	Packet(ctx context.Context, p *pb.Packet) (*pb.Receipt, error)
}

// Config says what a Server works with.
type Config struct {
	Core     Core
	Keys     Keys
	Views    Views
	Receipts Receipts
	// People seals and opens personal details; nil on a node without a keyring.
	People *personal.Sealer
	Tokens *Tokens
	// Staff says which operator makes a call, Members serves what they call about
	// themselves; both nil where there are none.
	Staff   *staffauth.Auth
	Members http.Handler
	// Cluster is nil for a node without peers.
	Cluster Cluster
	// Defaults are the settings of merchants added without any.
	Defaults *pb.MerchantSettings
	// TillLink is what the printed code of a till with this token says.
	TillLink func(token []byte) string
	// SignInLink is what a tablet scans to sign in with a member of staff's token.
	SignInLink func(token string) string
	// Checkpoint is the checkpoint published last.
	Checkpoint func() (journal.Signed, bool)
	// Now is business time, Unix milliseconds; Wall the wall clock.
	Now  func() int64
	Wall func() time.Time
	// ReadOnly says why the node takes no writes, "" when it does.
	ReadOnly func() string
	Version  string
	Log      *slog.Logger
}

// Server is the AdminService. Its methods may be called from any goroutine.
type Server struct {
	Config
	// calls serves the methods over Connect. It is made once: making it costs as
	// much as several calls.
	calls http.Handler
	desk  *staff.Desk
}

var _ pbconnect.AdminServiceHandler = (*Server)(nil)

// NewServer returns the service over cfg.
func NewServer(cfg Config) *Server {
	s := &Server{Config: cfg, desk: &staff.Desk{Core: cfg.Core, People: cfg.People, Link: cfg.SignInLink, Now: cfg.Now}}
	_, s.calls = pbconnect.NewAdminServiceHandler(s, rpc.Options(maxMessage, cfg.Log, "admin call", whose), connect.WithCompressMinBytes(minCompressed))
	return s
}

// do runs one command in the caller's name and refuses what it refuses.
func do[B, R table.Record](ctx context.Context, s *Server, c catalogue.Command[B, R], body B) (R, error) {
	var none R
	rec, out, err := c.Do(ctx, s.Core, actor(ctx), requestID(ctx), body)
	switch {
	case err != nil:
		return none, s.fail(c.Name, err)
	case out != code.OK:
		return none, refuse(out)
	}
	return rec, nil
}

// read calls f with a snapshot and turns what fails into the API's error.
func (s *Server) read(ctx context.Context, doing string, f func(r table.Reader) error) error {
	if err := s.Core.ReadLocal(ctx, f); err != nil {
		return s.fail(doing, err)
	}
	return nil
}

// bound is a list's limit: what was asked for, 100 for nothing, 10,000 at most.
func bound(limit uint32) int {
	if limit == 0 {
		return 100
	}
	return int(min(limit, 10_000))
}

func answer[M any](m *M) (*connect.Response[M], error) { return connect.NewResponse(m), nil }
