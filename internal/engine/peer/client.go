package peer

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
)

// Client calls other nodes. For each address it keeps one HTTP/2 connection for
// calls and, while a snapshot is fetched, one for that: calls don't queue behind
// a gigabyte. It may be used from any goroutine.
type Client struct {
	calls, bulk *http.Transport

	mu    sync.Mutex
	nodes map[string]*Remote
}

// NewClient returns a client with the given TLS configuration (as in
// Options.Client). It opens no connection yet.
func NewClient(cfg *tls.Config) *Client {
	return &Client{calls: pool(cfg), bulk: pool(cfg), nodes: map[string]*Remote{}}
}

// Close ends the connections that are idle; those in use end with their calls.
func (c *Client) Close() {
	c.calls.CloseIdleConnections()
	c.bulk.CloseIdleConnections()
}

// pool keeps one HTTP/2 connection for each address.
func pool(given *tls.Config) *http.Transport {
	cfg := clientTLS(given, protoHTTP)
	var p http.Protocols
	p.SetHTTP2(true)
	return &http.Transport{
		Protocols:       &p,
		IdleConnTimeout: time.Minute,
		// A node that is gone without a word is noticed within three seconds.
		HTTP2: &http.HTTP2Config{SendPingTimeout: time.Second, PingTimeout: 2 * time.Second, WriteByteTimeout: 5 * time.Second,
			StrictMaxConcurrentRequests: true},
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialTLS(ctx, network, address, cfg)
		},
		DisableCompression: true,
	}
}

func dialTLS(ctx context.Context, network, address string, cfg *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultDialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, &dialError{err}
	}
	c := tls.Client(raw, cfg)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, &dialError{fmt.Errorf("TLS with %s: %w", address, err)}
	}
	return c, nil
}

// At returns the node at an address, HOST:PORT.
func (c *Client) At(address string) *Remote {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.nodes[address]
	if n == nil {
		n = &Remote{address: address, calls: service(c.calls, address), bulk: service(c.bulk, address), pool: c.calls}
		c.nodes[address] = n
	}
	return n
}

func service(t *http.Transport, address string) pbconnect.PeerServiceClient {
	return pbconnect.NewPeerServiceClient(&http.Client{Transport: t}, "https://"+address,
		connect.WithCodec(vtcodec.Codec{}), connect.WithReadMaxBytes(maxCall), connect.WithAcceptCompression("gzip", nil, nil))
}

// Join asks the node at address to let a node in. cfg trusts the cluster's CA
// alone (pinned by the token) and shows the caller's certificate if it has one.
// Errors are *CallError.
func Join(ctx context.Context, cfg *tls.Config, address string, req *pb.JoinRequest) (*pb.JoinResponse, error) {
	t := pool(cfg)
	defer t.CloseIdleConnections()
	return call(ctx, address, "let this node join", service(t, address).Join, req)
}

// Remote is another node as this one calls it. The caller's deadline goes along.
// Errors are *CallError.
type Remote struct {
	address     string
	calls, bulk pbconnect.PeerServiceClient
	pool        *http.Transport
}

func call[Q, A any](ctx context.Context, address, doing string, rpc func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), req *Q) (*A, error) {
	resp, err := rpc(ctx, connect.NewRequest(req))
	if err != nil {
		return nil, fromConnect(address, doing, err)
	}
	return resp.Msg, nil
}

// Relay passes the request of a node that wants to join on. Errors are
// *connect.Error as the node there said them, for the one who asked.
func (n *Remote) Relay(ctx context.Context, req *pb.JoinRequest) (*pb.JoinResponse, error) {
	resp, err := n.calls.Join(ctx, connect.NewRequest(req))
	if err != nil {
		return nil, err
	}
	return resp.Msg, nil
}

// Execute runs a command there, if that node leads.
func (n *Remote) Execute(ctx context.Context, req *pb.ExecuteRequest) (*pb.ExecuteResponse, error) {
	return call(ctx, n.address, "run a command", n.calls.Execute, req)
}

// Renew asks for a fresh certificate.
func (n *Remote) Renew(ctx context.Context, req *pb.RenewRequest) (*pb.RenewResponse, error) {
	return call(ctx, n.address, "renew a certificate", n.calls.Renew, req)
}

// Keys asks for the keystore's contents.
func (n *Remote) Keys(ctx context.Context, req *pb.KeysRequest) (*pb.KeysResponse, error) {
	return call(ctx, n.address, "tell its keys", n.calls.Keys, req)
}

// PutKeys hands newer contents over.
func (n *Remote) PutKeys(ctx context.Context, req *pb.PutKeysRequest) (*pb.PutKeysResponse, error) {
	return call(ctx, n.address, "take over keys", n.calls.PutKeys, req)
}

// PutDataKeys hands data keys over; they are on that node's disk when it returns.
func (n *Remote) PutDataKeys(ctx context.Context, req *pb.PutDataKeysRequest) (*pb.PutDataKeysResponse, error) {
	return call(ctx, n.address, "keep data keys", n.calls.PutDataKeys, req)
}

// DataKeys asks for the first part of the keyring in which the two differ.
func (n *Remote) DataKeys(ctx context.Context, req *pb.DataKeysRequest) (*pb.DataKeysResponse, error) {
	return call(ctx, n.address, "tell its data keys", n.calls.DataKeys, req)
}

// Manifest asks for a copy of the state; snapshot.ErrNotYet says ask again.
func (n *Remote) Manifest(ctx context.Context, req *pb.ManifestRequest) (*pb.SnapshotManifest, error) {
	return call(ctx, n.address, "make a snapshot", n.calls.Manifest, req)
}

// ReadSnapshot reads a range of a snapshot's file and calls take with its parts
// in order; it ends when take fails. snapshot.ErrGone says that the copy is no
// longer there.
func (n *Remote) ReadSnapshot(ctx context.Context, req *pb.ReadSnapshotRequest, take func([]byte) error) error {
	const doing = "send a snapshot"
	ctx, cancel := context.WithCancel(ctx) // ends the stream when take fails
	defer cancel()
	stream, err := n.bulk.ReadSnapshot(ctx, connect.NewRequest(req))
	if err != nil {
		return fromConnect(n.address, doing, err)
	}
	for stream.Receive() {
		if err := take(stream.Msg().Data); err != nil {
			_ = stream.Close()
			return err
		}
	}
	err = stream.Err()
	_ = stream.Close()
	return fromConnect(n.address, doing, err)
}

// adminPrefix is where a node serves what others pass on.
const adminPrefix = "/admin"

// Admin carries requests to the node's administration (Options.Admin there),
// whatever host their URL names. Headers, the bearer token among them, go along:
// the other side checks them as if it had been asked itself.
func (n *Remote) Admin() http.RoundTripper { return adminTripper{n} }

type adminTripper struct{ n *Remote }

// RoundTrip implements http.RoundTripper.
func (t adminTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host = "https", t.n.address
	out.URL.Path = adminPrefix + r.URL.Path
	if r.URL.RawPath != "" {
		out.URL.RawPath = adminPrefix + r.URL.RawPath
	}
	out.Host = t.n.address
	out.RequestURI = ""
	return t.n.pool.RoundTrip(out)
}
