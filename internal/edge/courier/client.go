package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
)

// Client is a Node reached over mutual TLS and HTTP/2.
type Client struct {
	name string
	rpc  pbconnect.CourierServiceClient
	web  *http.Transport
}

// NewClient makes a client of the node whose inner address is addr (HOST:PORT).
// name is what the courier is called in the journal. config is
// keystore.Store.ClientTLS(keystore.RoleCourier). dial is nil outside tests.
func NewClient(addr, name string, config *tls.Config, dial DialFunc) *Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: callWithin}).DialContext
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	web := &http.Transport{
		TLSClientConfig: config, Protocols: protocols, DialContext: dial,
		TLSHandshakeTimeout: callWithin,
		// A node that is gone without a word is noticed within this.
		HTTP2: &http.HTTP2Config{SendPingTimeout: silence, PingTimeout: silence},
	}
	return &Client{
		name: name, web: web,
		rpc: pbconnect.NewCourierServiceClient(&http.Client{Transport: web}, "https://"+addr,
			connect.WithCodec(vtcodec.Codec{}), connect.WithReadMaxBytes(maxMessage),
			connect.WithAcceptCompression("gzip", nil, nil)),
	}
}

// maxMessage bounds what a node may send at once: 1,000 notices in full.
const maxMessage = 16 << 20

// Owed opens the stream.
func (c *Client) Owed(ctx context.Context) (Stream, error) {
	s, err := c.rpc.Owed(ctx, connect.NewRequest(&pb.OwedRequest{Courier: c.name}))
	if err != nil {
		return nil, fmt.Errorf("open the stream of owed notices: %w", err)
	}
	return clientStream{s}, nil
}

type clientStream struct {
	s *connect.ServerStreamForClient[pb.OwedBatch]
}

// errEnded is a stream that the node ended without a reason.
var errEnded = errors.New("the node ended the stream")

func (s clientStream) Receive() (*pb.OwedBatch, error) {
	if s.s.Receive() {
		return s.s.Msg(), nil
	}
	if err := s.s.Err(); err != nil {
		return nil, err
	}
	return nil, errEnded
}

func (s clientStream) Close() error { return s.s.Close() }

// Fetch answers notices in full.
func (c *Client) Fetch(ctx context.Context, ids []uint64) (*pb.OwedBatch, error) {
	resp, err := c.rpc.Fetch(ctx, connect.NewRequest(&pb.FetchRequest{Courier: c.name, Ids: ids}))
	if err != nil {
		return nil, fmt.Errorf("fetch %d notices: %w", len(ids), err)
	}
	return resp.Msg, nil
}

// Report records attempts.
func (c *Client) Report(ctx context.Context, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	resp, err := c.rpc.Report(ctx, connect.NewRequest(&pb.ReportRequest{Courier: c.name, Attempts: attempts}))
	if err != nil && connect.CodeOf(err) == connect.CodeInvalidArgument {
		return nil, fmt.Errorf("report %d attempts: %w: %w", len(attempts), ErrRefused, err)
	}
	if err != nil {
		return nil, fmt.Errorf("report %d attempts: %w", len(attempts), err)
	}
	return resp.Msg, nil
}

// Close gives back idle connections.
func (c *Client) Close() { c.web.CloseIdleConnections() }
