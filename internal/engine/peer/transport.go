package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Defaults of Options.
const (
	DefaultDialTimeout = 2 * time.Second
	DefaultPingEvery   = time.Second
	DefaultSilence     = 5 * time.Second
	DefaultQueueBytes  = 64 << 20
	DefaultBackoffMin  = 50 * time.Millisecond
	DefaultBackoffMax  = 2 * time.Second
)

// Options says what a Transport works with. ClusterID, Self, TLS and Role are
// needed; zero values of the rest mean the defaults.
type Options struct {
	// Self goes into greetings.
	Self identity.Identity
	// Server and Client are the two ends' TLS configuration. Certificates come
	// from their callbacks, so that a renewed one is used by the next connection.
	// The transport sets version, ALPN and client authentication itself; Server
	// needs ClientCAs, Client needs RootCAs and ServerName.
	Server, Client *tls.Config
	// Role answers the name of the node on the other side, and whether it has
	// proven to be a node of this cluster (keystore.PeerRole).
	Role func(tls.ConnectionState) (name string, ok bool)
	// Explain puts a failed handshake into words (credentials.Explain); node is who
	// was dialled or who called. nil leaves errors as they are.
	Explain func(err error, node string) error
	// Receive is called for every message that arrives, in order for each stream,
	// from one goroutine a stream. While it does not return, that stream waits.
	Receive func(*pb.PeerMessage)
	// Backend serves PeerService; nil serves streams alone.
	Backend Backend
	// Admin serves what other nodes pass on, below /admin/ (the prefix is taken
	// off); nil is not found.
	Admin http.Handler
	// Logger hears of peers found and lost; nil is slog.Default.
	Logger *slog.Logger

	// Strangers bounds connections of whom it is not known who they are.
	Strangers int
	// DialTimeout bounds dialling and, by itself, the TLS handshake.
	DialTimeout time.Duration
	// PingEvery is the time between greetings; Silence is after which time
	// without any progress a connection is given up.
	PingEvery, Silence time.Duration
	// QueueBytes bounds what waits for one peer.
	QueueBytes int
	// BackoffMin and BackoffMax bound the pause before the next attempt to
	// connect, which doubles and is drawn at random from its upper half.
	BackoffMin, BackoffMax time.Duration
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Explain == nil {
		o.Explain = func(err error, _ string) error { return err }
	}
	setDefault(&o.Strangers, DefaultStrangers)
	setDefault(&o.DialTimeout, DefaultDialTimeout)
	setDefault(&o.PingEvery, DefaultPingEvery)
	setDefault(&o.Silence, DefaultSilence)
	setDefault(&o.QueueBytes, DefaultQueueBytes)
	setDefault(&o.BackoffMin, DefaultBackoffMin)
	setDefault(&o.BackoffMax, DefaultBackoffMax)
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Transport sends to and receives from the other nodes of the cluster. All
// methods may be called from any goroutine.
type Transport struct {
	opt    Options
	log    *slog.Logger
	server *tls.Config
	client *tls.Config
	http   *http.Server

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	unroutable atomic.Uint64
	calls      atomic.Int64
	refused    refusals
	strangers  atomic.Int64 // open connections without a node's certificate

	mu      sync.RWMutex
	closed  bool
	links   map[uint64]*link   // by raft id
	streams map[uint64]*stream // by the sender's raft id: the newest of each
}

// New returns a transport that has no peers yet. Call Serve to receive, SetPeers
// to send, Close at the end.
func New(opt Options) (*Transport, error) {
	opt = opt.withDefaults()
	if opt.Server == nil || opt.Client == nil || opt.Role == nil || opt.Receive == nil || opt.Self.IsZero() {
		return nil, errors.New("peer transport: Self, Server, Client, Role and Receive are needed")
	}
	t := &Transport{opt: opt, log: opt.Logger, links: map[uint64]*link{}, streams: map[uint64]*stream{}}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.server = serverTLS(opt.Server)
	t.client = clientTLS(opt.Client, protoRaft)
	t.http = t.newHTTP()
	return t, nil
}

// Send hands a message to the peer m.To and returns at once. The message belongs
// to the transport from then on. It may be lost: the peer may be unknown or
// away, or its queue full.
//
// A message to somebody who is no peer goes back on the stream that came from
// there, if one is open: so a stranger learns why it is not heard.
func (t *Transport) Send(m *pb.PeerMessage) {
	t.mu.RLock()
	l, s := t.links[m.To], t.streams[m.To]
	t.mu.RUnlock()
	switch {
	case l != nil:
		l.q.push(m)
	case s != nil && s.hello.FromIncarnation == m.ToIncarnation:
		s.answers.push(m)
	default:
		t.unroutable.Add(1)
	}
}

// SetPeers says who the peers are and where. Connections to those that are gone,
// or that moved, end; this node itself, removed members and members without an
// address are left out.
func (t *Transport) SetPeers(members []*pb.Member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	wanted := map[uint64]*pb.Member{}
	for _, m := range members {
		if m.RaftId != t.opt.Self.RaftID && m.Address != "" && m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
			wanted[m.RaftId] = m
		}
	}
	for id, l := range t.links {
		if m := wanted[id]; m == nil || m.Address != l.address || m.Incarnation != l.incarnation {
			l.cancel()
			delete(t.links, id)
		}
	}
	for id, m := range wanted {
		if t.links[id] == nil {
			l := t.newLink(m)
			t.links[id] = l
			t.tasks.Go(l.run)
		}
	}
}

// Serve accepts connections from l until Close, then returns nil. Close closes
// l. Call it once.
func (t *Transport) Serve(l net.Listener) error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return l.Close()
	}
	t.tasks.Add(1)
	t.mu.Unlock()
	defer t.tasks.Done()
	closed := make(chan struct{})
	stop := context.AfterFunc(t.ctx, func() {
		defer close(closed)
		_ = l.Close()
	})
	defer func() { // whoever starts anew on the address must find it free
		if stop() {
			_ = l.Close() // nobody else will: a connection that came just as t.ctx ended was first
			return
		}
		<-closed
	}()
	return t.accept(l)
}

// drain is how long calls under way may take once the transport is closed.
const drain = 2 * time.Second

// Close ends all connections and waits until nothing of the transport runs any
// more. Calls under way have drain to end.
func (t *Transport) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	err := t.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = t.http.Close()
	}
	t.tasks.Wait()
	if err != nil {
		return fmt.Errorf("peer transport: %w", err)
	}
	return nil
}

// link returns the link to a peer, nil when it is none.
func (t *Transport) link(id uint64) *link {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.links[id]
}
