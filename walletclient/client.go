package walletclient

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// Options say how a Client works.
type Options struct {
	// URLs are where the wallet API is: the nodes of a cluster, in any order.
	URLs []string
	// Lang is the language of what the platform says of itself: zh (the default) or en.
	Lang string
	// HTTP makes the requests; nil: http.DefaultClient.
	HTTP *http.Client
	// Attempt is how long one node may take; 0: 5 s.
	Attempt time.Duration
	// Patience is for how long a call whose answer is lost is repeated; 0: 15 s, less
	// than 0: not at all.
	Patience time.Duration
}

const (
	usualAttempt  = 5 * time.Second
	usualPatience = 15 * time.Second
	firstPause    = 20 * time.Millisecond
	longestPause  = time.Second
)

// Client calls the wallet API for one device. Its methods may be called from any
// goroutine; errors they return are an *Error.
type Client struct {
	nodes   []pbconnect.WalletServiceClient
	last    atomic.Uint32 // the node that is asked next
	options Options
	pause   func(context.Context, time.Duration) error // other than wait only in tests
}

// New makes a client for a device.
func New(d Device, o Options) *Client {
	if o.Lang == "" {
		o.Lang = "zh"
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	if o.Attempt == 0 {
		o.Attempt = usualAttempt
	}
	if o.Patience == 0 {
		o.Patience = usualPatience
	}
	c := &Client{options: o, pause: wait}
	for _, url := range o.URLs {
		c.nodes = append(c.nodes, Service(o.HTTP, url, o.Lang, d))
	}
	return c
}

// NewID mints a client id: the identity of one act, however often it is asked for.
func NewID() string { return rand.Text() }

// Service is one node's API as it is generated, signed by a device, for what needs
// headers or wants every error as it came; options may ask for gRPC.
func Service(base *http.Client, url, lang string, d Device, options ...connect.ClientOption) pbconnect.WalletServiceClient {
	transport := base.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	signing := *base
	signing.Transport = &signer{next: transport, device: d, lang: lang}
	options = append([]connect.ClientOption{connect.WithProtoJSON()}, options...) // JSON is what people can read on the wire
	return pbconnect.NewWalletServiceClient(&signing, url, options...)
}
