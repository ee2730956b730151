// Package inner is the node's side of CourierService: it tells a courier what
// is owed, gives notices in full, and turns reports into commands. It is served
// over mutual TLS on an address of its own (keystore.Store.NodeTLS); only a
// certificate of role courier may call.
//
// Streams, leases and reports are those of any owed work (internal/edge/owed);
// what is special to notices is their content, which is made here: in a stream of
// those that are due soon, of others when the courier fetches them.
package inner

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// Service serves couriers. It is safe for concurrent use.
type Service struct {
	*owed.Service[*pb.Notice, *pb.OwedBatch]
	core    owed.Core
	log     *slog.Logger
	genesis atomic.Pointer[genesis]
}

// New makes a service. logger may be nil.
func New(core owed.Core, logger *slog.Logger) *Service { return newService(core, logger, 0) }

func newService(core owed.Core, logger *slog.Logger, sweepRows int) *Service {
	if logger == nil {
		logger = slog.Default()
	}
	s := &Service{core: core, log: logger}
	s.Service = owed.New(core, owed.Kind[*pb.Notice, *pb.OwedBatch]{
		Work: lane.Notices, Lease: lane.Lease, Rows: table.Owed, Decode: owedTable.Decode,
		Owner: (*pb.Notice).GetMchid, Since: since, Message: s.message, SweepRows: sweepRows,
	})
	return s
}

var owedTable = table.Of[pb.Notice, *pb.Notice]{ID: table.Owed}

// since is when a notice came to be owed: when it was made, or when it was owed
// again (by the first attempt since, where there was one).
func since(n *pb.Notice) int64 {
	if n.Tries == 0 {
		return n.NextAt
	}
	if i := len(n.Recent) - int(n.Tries); n.Attempts > n.Tries && i >= 0 {
		return n.Recent[i].At
	}
	return n.CreatedAt
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
	return owed.AsConnect(r.s.Stream(ctx, req.Msg, out.Send))
}

func (r rpc) Lease(ctx context.Context, req *connect.Request[pb.LeaseRequest]) (*connect.Response[pb.LeaseResponse], error) {
	resp, err := r.s.Lease(ctx, req.Msg)
	return connect.NewResponse(resp), owed.AsConnect(err)
}

func (r rpc) Fetch(ctx context.Context, req *connect.Request[pb.FetchRequest]) (*connect.Response[pb.OwedBatch], error) {
	b, err := r.s.Fetch(ctx, req.Msg)
	return connect.NewResponse(b), owed.AsConnect(err)
}

func (r rpc) Report(ctx context.Context, req *connect.Request[pb.ReportRequest]) (*connect.Response[pb.ReportResponse], error) {
	resp, err := r.s.Report(ctx, req.Msg.Courier, req.Msg.Attempts)
	return connect.NewResponse(resp), owed.AsConnect(err)
}
