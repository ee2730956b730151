package peer_test

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a transport on a loopback socket that remembers what it received.
type node struct {
	*peer.Transport
	id      identity.Identity
	address string
	certs   *holder

	mu   sync.Mutex
	got  []*pb.PeerMessage
	hold chan struct{} // when not nil, Receive waits for it
}

// start runs a node; change may adapt its options.
func start(t testing.TB, a *ca, id uint64, change func(*peer.Options)) *node {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{id: identity.Identity{ClusterID: 7, RaftID: id, Incarnation: id + 100}, address: l.Addr().String(),
		certs: a.holder(a.issue(t, "node", "node", time.Hour))}
	opt := peer.Options{
		Self: n.id, Server: n.certs.server(), Client: n.certs.client(), Role: role, Receive: n.receive,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), PingEvery: 20 * time.Millisecond, BackoffMax: 100 * time.Millisecond,
	}
	if change != nil {
		change(&opt)
	}
	if n.Transport, err = peer.New(opt); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.Serve(l) }()
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return n
}

func (n *node) receive(m *pb.PeerMessage) {
	n.mu.Lock()
	hold := n.hold
	n.mu.Unlock()
	if hold != nil {
		<-hold
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = append(n.got, m)
}

func (n *node) received() []*pb.PeerMessage {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.got
}

func (n *node) member() *pb.Member {
	return &pb.Member{RaftId: n.id.RaftID, Incarnation: n.id.Incarnation, Name: "node", Address: n.address, Role: pb.MemberRole_MEMBER_ROLE_VOTER}
}

func (n *node) at(address string) *pb.Member {
	m := n.member()
	m.Address = address
	return m
}

// entries is a bulk message with a number in it.
func entries(from, to *node, number uint64, size int) *pb.PeerMessage {
	const msgApp = 3
	data := binary.BigEndian.AppendUint64([]byte{1 << 3, msgApp}, number)
	return message(from, to, append(data, make([]byte, size)...))
}

// heartbeat is an urgent message with a number in it.
func heartbeat(from, to *node, number uint64) *pb.PeerMessage {
	const msgHeartbeat = 8
	return message(from, to, binary.BigEndian.AppendUint64([]byte{1 << 3, msgHeartbeat}, number))
}

func message(from, to *node, raft []byte) *pb.PeerMessage {
	return &pb.PeerMessage{ClusterId: from.id.ClusterID, From: from.id.RaftID, FromIncarnation: from.id.Incarnation,
		To: to.id.RaftID, ToIncarnation: to.id.Incarnation, Raft: raft}
}

func number(m *pb.PeerMessage) uint64 { return binary.BigEndian.Uint64(m.Raft[2:]) }

// wait polls until ok, at most ten seconds.
func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within ten seconds: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (n *node) to(id uint64) peer.PeerMetrics {
	for _, p := range n.Metrics().Peers {
		if p.RaftID == id {
			return p
		}
	}
	return peer.PeerMetrics{}
}

func (n *node) connectTo(t testing.TB, to *node, address string) {
	t.Helper()
	n.SetPeers([]*pb.Member{to.at(address)})
	wait(t, "a connection", func() bool { return n.to(to.id.RaftID).RoundTrips > 0 })
}

// proxy stands between two nodes and misbehaves.
type proxy struct {
	l      net.Listener
	target string

	mu      sync.Mutex
	conns   []net.Conn
	stalled chan struct{} // not nil: bytes wait until it is closed
	most    int           // bytes at once; 0 as they come
	refuse  bool
	tasks   sync.WaitGroup
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, target: target}
	p.tasks.Go(p.serve)
	t.Cleanup(func() {
		_ = l.Close()
		p.pass()
		p.cut()
		p.tasks.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.l.Addr().String() }

func (p *proxy) serve() {
	for {
		in, err := p.l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		refuse := p.refuse
		p.mu.Unlock()
		if refuse {
			p.cut()
			continue
		}
		p.tasks.Go(func() { p.copy(in, out) })
		p.tasks.Go(func() { p.copy(out, in) })
	}
}

func (p *proxy) copy(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		p.mu.Lock()
		most := p.most
		p.mu.Unlock()
		if most == 0 {
			most = len(buf)
		}
		n, err := from.Read(buf[:most])
		if err != nil {
			return
		}
		p.mu.Lock()
		stalled := p.stalled
		p.mu.Unlock()
		if stalled != nil {
			<-stalled
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// cut closes all connections that go through.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// stall swallows all bytes from now on; pass lets them through again.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = make(chan struct{})
}

func (p *proxy) pass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled != nil {
		close(p.stalled)
		p.stalled = nil
	}
}

// trickle passes at most n bytes at once.
func (p *proxy) trickle(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = n
}

// down closes each connection as it comes, or no longer.
func (p *proxy) down(yes bool) {
	p.mu.Lock()
	p.refuse = yes
	p.mu.Unlock()
	if yes {
		p.cut()
	}
}
