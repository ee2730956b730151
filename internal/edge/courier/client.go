package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
)

// Client is a Platform reached over mutual TLS and HTTP/2: one node of a platform,
// or any of several. It stays with one as long as that answers and goes on to the
// next when it does not; whoever calls repeats the call.
type Client struct {
	name  string
	web   *http.Transport
	nodes []clientNode
	// at is the node in use. A call that fails moves it on, unless another call
	// has done so already.
	at  atomic.Int64
	log *slog.Logger
}

type clientNode struct {
	addr string
	rpc  pbconnect.CourierServiceClient
}

// ClientOptions says which nodes a Client calls, and how.
type ClientOptions struct {
	// Nodes are the nodes' inner addresses, HOST:PORT each; at least one.
	Nodes []string
	// Name is what the courier is called in the journal.
	Name string
	// TLS is pki.Cluster.ClientTLS(pki.RoleCourier).
	TLS *tls.Config
	// Dial is nil outside tests, Logger nil for slog.Default().
	Dial   DialFunc
	Logger *slog.Logger
}

// NewClient makes a client. It panics without a node.
func NewClient(opt ClientOptions) *Client {
	if len(opt.Nodes) == 0 {
		panic("courier: a client needs a node")
	}
	if opt.Dial == nil {
		opt.Dial = (&net.Dialer{Timeout: dialWithin}).DialContext
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	web := &http.Transport{
		TLSClientConfig: opt.TLS, Protocols: protocols, DialContext: opt.Dial,
		TLSHandshakeTimeout: dialWithin,
		// A node that is gone without a word is noticed within this.
		HTTP2: &http.HTTP2Config{SendPingTimeout: worker.Silence, PingTimeout: worker.Silence},
	}
	c := &Client{name: opt.Name, web: web, log: opt.Logger}
	for _, addr := range opt.Nodes {
		c.nodes = append(c.nodes, clientNode{addr, pbconnect.NewCourierServiceClient(&http.Client{Transport: web}, "https://"+addr,
			connect.WithCodec(vtcodec.Codec{}), connect.WithReadMaxBytes(maxMessage),
			connect.WithAcceptCompression("gzip", nil, nil))})
	}
	return c
}

// dialWithin bounds a connection to a node, so that another gets its turn.
const dialWithin = 2 * time.Second

// maxMessage bounds what a node may send at once: 1,000 notices in full.
const maxMessage = 16 << 20

// node is the node in use; done takes how a call to it ended.
func (c *Client) node() (rpc pbconnect.CourierServiceClient, done func(error)) {
	at := c.at.Load()
	n := c.nodes[at]
	return n.rpc, func(err error) {
		if err == nil || len(c.nodes) == 1 || answered(err) {
			return
		}
		next := (at + 1) % int64(len(c.nodes))
		if c.at.CompareAndSwap(at, next) {
			c.log.Info("courier: going on to another node", "from", n.addr, "to", c.nodes[next].addr, "err", err)
		}
	}
}

// answered says whether an error is the node's own word, which another node would
// only repeat, or the caller's end.
func answered(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeAborted, connect.CodeUnimplemented, connect.CodeCanceled:
		return true
	}
	return errors.Is(err, context.Canceled)
}

// Lease renews the lease. A node of a version without leases is answered for:
// the courier is alone.
func (c *Client) Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	req.Courier = c.name
	rpc, done := c.node()
	resp, err := rpc.Lease(ctx, connect.NewRequest(req))
	done(err)
	switch connect.CodeOf(err) {
	case connect.CodeUnimplemented:
		return &pb.LeaseResponse{Alone: true}, nil
	case connect.CodeFailedPrecondition:
		return nil, fmt.Errorf("renew the lease: %w: %w", worker.ErrReplaced, err)
	}
	if err != nil {
		return nil, fmt.Errorf("renew the lease: %w", err)
	}
	return resp.Msg, nil
}

// Owed opens the stream.
func (c *Client) Owed(ctx context.Context, req *pb.OwedRequest) (Stream, error) {
	req.Courier = c.name
	rpc, done := c.node()
	s, err := rpc.Owed(ctx, connect.NewRequest(req))
	if err != nil {
		done(err)
		return nil, fmt.Errorf("open the stream of owed notices: %w", err)
	}
	return clientStream{s, done}, nil
}

type clientStream struct {
	s    *connect.ServerStreamForClient[pb.OwedBatch]
	done func(error)
}

// errEnded is a stream that the node ended without a reason.
var errEnded = errors.New("the node ended the stream")

func (s clientStream) Receive() (*pb.OwedBatch, error) {
	if s.s.Receive() {
		return s.s.Msg(), nil
	}
	err := s.s.Err()
	if err == nil {
		err = errEnded
	}
	s.done(err)
	if connect.CodeOf(err) == connect.CodeAborted {
		return nil, fmt.Errorf("%w: %w", worker.ErrLanes, err)
	}
	return nil, err
}

func (s clientStream) Close() error { return s.s.Close() }

// Fetch returns notices in full.
func (c *Client) Fetch(ctx context.Context, req *pb.FetchRequest) (*pb.OwedBatch, error) {
	req.Courier = c.name
	rpc, done := c.node()
	resp, err := rpc.Fetch(ctx, connect.NewRequest(req))
	done(err)
	if err != nil {
		return nil, fmt.Errorf("fetch %d notices: %w", len(req.Ids), err)
	}
	return resp.Msg, nil
}

// Report records attempts.
func (c *Client) Report(ctx context.Context, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	rpc, done := c.node()
	resp, err := rpc.Report(ctx, connect.NewRequest(&pb.ReportRequest{Courier: c.name, Attempts: attempts}))
	done(err)
	if err != nil && connect.CodeOf(err) == connect.CodeInvalidArgument {
		return nil, fmt.Errorf("report %d attempts: %w: %w", len(attempts), worker.ErrRefused, err)
	}
	if err != nil {
		return nil, fmt.Errorf("report %d attempts: %w", len(attempts), err)
	}
	return resp.Msg, nil
}

// Close gives back idle connections.
func (c *Client) Close() { c.web.CloseIdleConnections() }
