// Package inner is the node's side of CourierService: it tells a courier what
// is owed, gives notices in full, and turns reports into commands. It is served
// over mutual TLS on an address of its own (keystore.Store.NodeTLS); only a
// certificate of role courier may call.
//
// # How a stream knows what changed
//
// Notice numbers only grow, so new notices are those above the stream's cursor:
// each applied frame wakes the stream, which scans from there. Rows at or below
// the cursor change too: an operator redelivers, a parked notice is revived, an
// attempt moves a due time. For these the stream keeps a 64-bit hash of each row
// it has told (16 bytes a notice, told.go) and sweeps the table of owed notices
// once a second, at most sweepRows rows at a time, comparing. A sweep does not
// care which command changed a row, costs nothing while no frame is applied, and
// at most one hundredth of a core otherwise.
//
// # Several couriers
//
// Each stream tells the notices of its courier's lanes (internal/rule/lane) and
// ends when the state gives the courier others. What a node tells is a hint: the
// courier checks its lease before each attempt, and a stream begins only once
// the node has applied all that the courier was answered, by whichever node.
//
// With a backlog of a million the node holds 16 to 32 MB of hashes and one batch
// of rows; contents are read when the courier fetches them.
package inner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// Core is what the service needs of the replica.
type Core interface {
	// Do runs a command and returns when it is durable and applied.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLocal calls f with one snapshot of this node's own state, which has every
	// frame that Do has answered from. It need not ask the leader: what couriers
	// are told is a hint, and they say which index they have seen.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	// Applied is the log index of the last applied frame.
	Applied() uint64
	// Now is business time, Unix milliseconds.
	Now() int64
	// Changed is closed when the next frame is applied.
	Changed() <-chan struct{}
}

// Service serves couriers. It is safe for concurrent use.
type Service struct {
	core Core
	log  *slog.Logger

	mu      sync.Mutex
	streams map[string]*stream // the open ones, by courier

	genesis atomic.Pointer[genesis]
	// sweepRows bounds the rows one sweep compares; less in tests.
	sweepRows int
}

// New makes a service. logger may be nil.
func New(core Core, logger *slog.Logger) *Service {
	if logger == nil {
		logger = slog.Default()
	}
	return &Service{core: core, log: logger, streams: map[string]*stream{}, sweepRows: sweepRows}
}

// Handler is the path and handler to serve under keystore.Store.NodeTLS. It
// speaks HTTP/2 and HTTP/1.1; the stream wants HTTP/2. Whoever shows no
// certificate of role courier gets 403.
func (s *Service) Handler() (path string, h http.Handler) {
	path, h = pbconnect.NewCourierServiceHandler(rpc{s},
		connect.WithCodec(vtcodec.Codec{}), connect.WithReadMaxBytes(maxRequest),
		connect.WithCompression("gzip", nil, nil)) // CPU is scarcer than bandwidth here
	return path, onlyCourier(h)
}

// maxRequest bounds a call's message: 1,000 attempts have well below 1 MB.
const maxRequest = 4 << 20

// onlyCourier looks at the peer's certificate on each request, in case the
// listener admits other roles as well.
func onlyCourier(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			if role, ok := pki.PeerRole(*r.TLS); ok && role == pki.RoleCourier {
				next.ServeHTTP(w, r)
				return
			}
		}
		http.Error(w, "this address serves couriers; show a certificate of role courier", http.StatusForbidden)
	})
}

// rpc adapts the service to Connect.
type rpc struct{ s *Service }

func (r rpc) Owed(ctx context.Context, req *connect.Request[pb.OwedRequest], out *connect.ServerStream[pb.OwedBatch]) error {
	return asConnect(r.s.Owed(ctx, req.Msg, out.Send))
}

func (r rpc) Lease(ctx context.Context, req *connect.Request[pb.LeaseRequest]) (*connect.Response[pb.LeaseResponse], error) {
	resp, err := r.s.Lease(ctx, req.Msg)
	return connect.NewResponse(resp), asConnect(err)
}

func (r rpc) Fetch(ctx context.Context, req *connect.Request[pb.FetchRequest]) (*connect.Response[pb.OwedBatch], error) {
	b, err := r.s.Fetch(ctx, req.Msg)
	return connect.NewResponse(b), asConnect(err)
}

func (r rpc) Report(ctx context.Context, req *connect.Request[pb.ReportRequest]) (*connect.Response[pb.ReportResponse], error) {
	resp, err := r.s.Report(ctx, req.Msg.Courier, req.Msg.Attempts)
	return connect.NewResponse(resp), asConnect(err)
}

// Errors of the service.
var (
	// ErrInvalid marks a request that will never be taken as it is.
	ErrInvalid = errors.New("request is not valid")
	// ErrTaken says that another courier has the lanes, or the name.
	ErrTaken = errors.New("another courier is at work; stop it first, or run this version's courier with a name of its own: two would send each notice twice")
	// ErrBehind says that the node has not applied what the courier was answered.
	ErrBehind = errors.New("this node is behind")
)

func asConnect(err error) error {
	var already *connect.Error
	switch {
	case err == nil, errors.As(err, &already):
		return err
	case errors.Is(err, ErrInvalid):
		return connect.NewError(connect.CodeInvalidArgument, err)
	case errors.Is(err, ErrTaken):
		return connect.NewError(connect.CodeFailedPrecondition, err)
	case errors.Is(err, ErrLanes):
		return connect.NewError(connect.CodeAborted, err)
	case errors.Is(err, context.Canceled):
		return connect.NewError(connect.CodeCanceled, err)
	}
	return connect.NewError(connect.CodeUnavailable, err)
}

func validCourier(name string) error {
	if !lane.ValidName(name) {
		return fmt.Errorf("%w: a courier's name has 1 to 64 characters, no spaces, slashes or characters beyond ASCII", ErrInvalid)
	}
	return nil
}
