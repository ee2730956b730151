package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
)

// Caller is who calls.
type Caller struct {
	// Name is the node's, from its certificate; "" when it showed none of this
	// cluster, which only Join admits.
	Name string
	// Address is where the call came from.
	Address string
}

// Backend does what other nodes ask for. Errors are those of this package (or
// snapshot.ErrNotYet, snapshot.ErrGone) with a sentence around them; others
// count as faults of this node. Methods may be called from any goroutine.
type Backend interface {
	// Execute runs a command if this node leads, and returns ErrNotLeader if not.
	Execute(ctx context.Context, req *pb.ExecuteRequest) (*pb.ExecuteResponse, error)
	// Join lets a node in. Without a name the caller is nobody: check its token.
	Join(ctx context.Context, who Caller, req *pb.JoinRequest) (*pb.JoinResponse, error)
	// Renew issues a fresh certificate to the caller, in the name it has.
	Renew(ctx context.Context, who Caller, req *pb.RenewRequest) (*pb.RenewResponse, error)
	// Keys returns the keystore's contents when they are newer than the caller's.
	Keys(ctx context.Context, req *pb.KeysRequest) (*pb.KeysResponse, error)
	// PutKeys takes over newer contents.
	PutKeys(ctx context.Context, req *pb.PutKeysRequest) (*pb.PutKeysResponse, error)
	// PutDataKeys keeps data keys; they are on disk when it returns.
	PutDataKeys(ctx context.Context, req *pb.PutDataKeysRequest) (*pb.PutDataKeysResponse, error)
	// DataKeys returns the first part of the keyring in which the two differ.
	DataKeys(ctx context.Context, req *pb.DataKeysRequest) (*pb.DataKeysResponse, error)
	// Manifest returns a copy of the state; snapshot.ErrNotYet while one is made.
	Manifest(ctx context.Context, req *pb.ManifestRequest) (*pb.SnapshotManifest, error)
	// ReadSnapshot sends a range of a file of such a copy, in order.
	ReadSnapshot(ctx context.Context, req *pb.ReadSnapshotRequest, send func([]byte) error) error
}

const (
	// maxCall bounds a call's message from a node; maxKnock from somebody who
	// shows no certificate, which is all that a token and a request for one take.
	maxCall  = 64 << 20
	maxKnock = 64 << 10
)

func (t *Transport) newHTTP() *http.Server {
	mux := http.NewServeMux()
	if t.opt.Backend != nil {
		mux.Handle(pbconnect.NewPeerServiceHandler(rpc{t.opt.Backend}, connect.WithCodec(vtcodec.Codec{}),
			connect.WithReadMaxBytes(maxCall), connect.WithCompression("gzip", nil, nil)))
	}
	if t.opt.Admin != nil {
		mux.Handle(adminPrefix+"/", http.StripPrefix(adminPrefix, t.opt.Admin))
	}
	var p http.Protocols
	p.SetHTTP2(true)
	return &http.Server{
		Handler: t.guard(mux), Protocols: &p,
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: 4096, SendPingTimeout: t.opt.Silence, PingTimeout: t.opt.Silence},
		ErrorLog: slog.NewLogLogger(t.log.Handler(), slog.LevelDebug),
	}
}

type callerKey struct{}

// guard lets nodes of the cluster through, and everybody to Join.
func (t *Transport) guard(next http.Handler) http.Handler {
	refuse := connect.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !t.begin() {
			_ = refuse.Write(w, r, connect.NewError(connect.CodeUnavailable, errors.New("the node is stopping")))
			return
		}
		defer t.end()
		who, err := t.caller(r)
		if errors.Is(err, ErrExpired) {
			w.Header().Set("Connection", "close") // the next connection shows the new one
		}
		if err != nil && r.URL.Path != pbconnect.PeerServiceJoinProcedure {
			t.log.Warn("call refused", "path", r.URL.Path, "from", who.Address, "err", err)
			_ = refuse.Write(w, r, connect.NewError(connect.CodePermissionDenied, err))
			return
		}
		if err != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxKnock)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
	})
}

// begin counts a call among what Close waits for.
func (t *Transport) begin() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return false
	}
	t.tasks.Add(1)
	t.calls.Add(1)
	return true
}

func (t *Transport) end() {
	t.calls.Add(-1)
	t.tasks.Done()
}

// caller says who calls; an error when it has not proven to be a node.
func (t *Transport) caller(r *http.Request) (Caller, error) {
	who := Caller{Address: r.RemoteAddr}
	cs := r.TLS
	if cs == nil {
		cs = new(tls.ConnectionState)
	}
	leaf, expires := expiry(cs)
	if leaf == nil {
		return who, errors.New("this address serves the nodes of the cluster; show a node's certificate, or join with a token")
	}
	if time.Now().After(expires) {
		return who, ErrExpired
	}
	name, ok := t.opt.Role(*cs)
	if !ok {
		return who, fmt.Errorf("the certificate of %q is not one of a node; show a node's", leaf.Subject.CommonName)
	}
	who.Name = name
	return who, nil
}

func whoCalls(ctx context.Context) Caller {
	who, _ := ctx.Value(callerKey{}).(Caller)
	return who
}

// rpc adapts a Backend to Connect.
type rpc struct{ b Backend }

func answer[M any](m *M, err error) (*connect.Response[M], error) {
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(m), nil
}

func (r rpc) Execute(ctx context.Context, req *connect.Request[pb.ExecuteRequest]) (*connect.Response[pb.ExecuteResponse], error) {
	return answer(r.b.Execute(ctx, req.Msg))
}

func (r rpc) Join(ctx context.Context, req *connect.Request[pb.JoinRequest]) (*connect.Response[pb.JoinResponse], error) {
	return answer(r.b.Join(ctx, whoCalls(ctx), req.Msg))
}

func (r rpc) Renew(ctx context.Context, req *connect.Request[pb.RenewRequest]) (*connect.Response[pb.RenewResponse], error) {
	return answer(r.b.Renew(ctx, whoCalls(ctx), req.Msg))
}

func (r rpc) Keys(ctx context.Context, req *connect.Request[pb.KeysRequest]) (*connect.Response[pb.KeysResponse], error) {
	return answer(r.b.Keys(ctx, req.Msg))
}

func (r rpc) PutKeys(ctx context.Context, req *connect.Request[pb.PutKeysRequest]) (*connect.Response[pb.PutKeysResponse], error) {
	return answer(r.b.PutKeys(ctx, req.Msg))
}

func (r rpc) PutDataKeys(ctx context.Context, req *connect.Request[pb.PutDataKeysRequest]) (*connect.Response[pb.PutDataKeysResponse], error) {
	return answer(r.b.PutDataKeys(ctx, req.Msg))
}

func (r rpc) DataKeys(ctx context.Context, req *connect.Request[pb.DataKeysRequest]) (*connect.Response[pb.DataKeysResponse], error) {
	return answer(r.b.DataKeys(ctx, req.Msg))
}

func (r rpc) Manifest(ctx context.Context, req *connect.Request[pb.ManifestRequest]) (*connect.Response[pb.SnapshotManifest], error) {
	return answer(r.b.Manifest(ctx, req.Msg))
}

func (r rpc) ReadSnapshot(ctx context.Context, req *connect.Request[pb.ReadSnapshotRequest], out *connect.ServerStream[pb.SnapshotChunk]) error {
	return asConnect(r.b.ReadSnapshot(ctx, req.Msg, func(data []byte) error {
		return out.Send(&pb.SnapshotChunk{Data: data})
	}))
}
