package peer_test

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMessagesArriveInOrder(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x, y := start(t, a, 1, nil), start(t, a, 2, nil)
	p := newProxy(t, y.address)
	p.trickle(7000) // frames fall apart anywhere
	x.connectTo(t, y, p.address())
	const n = 3000
	for i := range uint64(n) {
		x.Send(entries(x, y, i, int(i%5000)))
	}
	wait(t, "all messages", func() bool { return len(y.received()) == n })
	for i, m := range y.received() {
		if number(m) != uint64(i) || len(m.Raft) != 10+i%5000 || m.FromIncarnation != x.id.Incarnation {
			t.Fatalf("message %d is number %d with %d bytes", i, number(m), len(m.Raft))
		}
	}
	f := x.to(2)
	if f.Dropped != 0 || f.MessagesOut < n || f.BytesOut == 0 || f.RoundTrip <= 0 || !f.Connected || f.Dials != 1 {
		t.Errorf("figures are %+v", f)
	}
	wait(t, "the receiver's figures", func() bool { return y.Metrics().Streams == 1 })
}

func TestConnectsAgain(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x, y := start(t, a, 1, nil), start(t, a, 2, nil)
	p := newProxy(t, y.address)
	x.connectTo(t, y, p.address())
	for i := range uint64(10) {
		trips := x.to(2).RoundTrips
		p.cut()
		wait(t, "a new connection", func() bool { return x.to(2).RoundTrips > trips && x.to(2).Connected })
		x.Send(entries(x, y, i, 10))
		wait(t, "the message", func() bool {
			got := y.received()
			return len(got) > 0 && number(got[len(got)-1]) == i
		})
	}
	if f := x.to(2); f.Dials < 11 || f.LastError == "" {
		t.Errorf("figures are %+v", f)
	}
}

// While nobody is there little is kept, and that is the newest.
func TestAwayPeerCostsLittle(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x, y := start(t, a, 1, nil), start(t, a, 2, nil)
	p := newProxy(t, y.address)
	p.down(true)
	x.SetPeers([]*pb.Member{y.at(p.address())})
	const n = 1000
	for i := range uint64(n) {
		x.Send(entries(x, y, i, 100))
	}
	if f := x.to(2); f.Waiting != 64 || f.Dropped != n-64 {
		t.Errorf("figures are %+v", f)
	}
	p.down(false)
	wait(t, "the last messages", func() bool { return len(y.received()) == 64 })
	if first := number(y.received()[0]); first != n-64 {
		t.Errorf("the first message kept is %d", first)
	}
}

// A peer that does not read fills its own queue and holds up nobody.
func TestStalledPeerBlocksNobody(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	// The stalled connection stays for longer than anybody here waits.
	x := start(t, a, 1, func(o *peer.Options) { o.QueueBytes, o.Silence = 1<<20, time.Minute })
	y, z := start(t, a, 2, nil), start(t, a, 3, nil)
	p := newProxy(t, y.address)
	x.SetPeers([]*pb.Member{y.at(p.address()), z.member()})
	wait(t, "connections", func() bool { return x.to(2).RoundTrips > 0 && x.to(3).RoundTrips > 0 })
	p.stall()
	const n = 1000
	go func() {
		for i := range uint64(n) {
			x.Send(entries(x, y, i, 64<<10))
			x.Send(heartbeat(x, z, i))
		}
	}()
	wait(t, "all messages of the other", func() bool { return len(z.received()) == n })
	f := x.to(2)
	if f.Dropped == 0 || f.WaitingBytes > 1<<20 {
		t.Errorf("figures of the stalled peer are %+v", f)
	}
}

// Nothing comes any more, though no connection was closed: whichever side is
// impatient notices by itself.
func TestSilentPeerIsNoticed(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	quick := func(o *peer.Options) { o.Silence = 200 * time.Millisecond }
	patient := func(o *peer.Options) { o.Silence = time.Minute }
	for name, c := range map[string]struct {
		x, y  func(*peer.Options)
		ended func(x, y *node) bool
	}{
		"the sender":   {quick, patient, func(x, _ *node) bool { return !x.to(2).Connected }},
		"the receiver": {patient, quick, func(_, y *node) bool { return y.Metrics().Streams == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, y := start(t, a, 1, c.x), start(t, a, 2, c.y)
			p := newProxy(t, y.address)
			x.connectTo(t, y, p.address())
			p.stall()
			wait(t, name+" to give up", func() bool { return c.ended(x, y) })
			p.pass()
			wait(t, "a new connection", func() bool { return x.to(2).Connected && y.Metrics().Streams == 1 })
		})
	}
}

func TestUrgentMessagesOvertake(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x, y := start(t, a, 1, nil), start(t, a, 2, nil)
	p := newProxy(t, y.address)
	x.connectTo(t, y, p.address())
	p.stall()
	const n = 300
	for i := range uint64(n) {
		x.Send(entries(x, y, i, 64<<10))
	}
	x.Send(heartbeat(x, y, 1<<40))
	p.pass()
	wait(t, "all messages", func() bool { return len(y.received()) == n+1 })
	at, next := -1, uint64(0)
	for i, m := range y.received() {
		if number(m) == 1<<40 {
			at = i
			continue
		}
		if number(m) != next {
			t.Fatalf("entries %d come where %d was expected", number(m), next)
		}
		next++
	}
	if at > n*3/4 {
		t.Errorf("the heartbeat came as message %d of %d", at, n)
	}
}

// Whoever we have no address of is answered on its own stream.
func TestStrangerIsAnswered(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x, y := start(t, a, 1, nil), start(t, a, 2, nil)
	x.connectTo(t, y, y.address)
	wait(t, "the stream", func() bool { return y.Metrics().Streams == 1 })
	refusal := message(y, x, nil)
	refusal.Refusal = &pb.PeerRefusal{Reason: pb.RefusalReason_REFUSAL_REASON_REMOVED}
	y.Send(refusal)
	wait(t, "the refusal", func() bool { return len(x.received()) == 1 })
	if got := x.received()[0].Refusal.GetReason(); got != pb.RefusalReason_REFUSAL_REASON_REMOVED {
		t.Errorf("the refusal says %v", got)
	}
	other := message(y, x, nil)
	other.ToIncarnation++
	y.Send(other)
	if m := y.Metrics(); m.Unroutable != 1 {
		t.Errorf("a message to another incarnation: %+v", m)
	}
}

func TestPeersMoveAndGo(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x, y := start(t, a, 1, nil), start(t, a, 2, nil)
	p := newProxy(t, y.address)
	x.connectTo(t, y, p.address())
	x.connectTo(t, y, y.address)
	p.down(true) // what follows does not go there
	x.Send(entries(x, y, 1, 1))
	wait(t, "the message", func() bool { return len(y.received()) == 1 })
	gone := y.member()
	gone.Role = pb.MemberRole_MEMBER_ROLE_REMOVED
	x.SetPeers([]*pb.Member{gone, x.member()})
	wait(t, "the end of the stream", func() bool { return y.Metrics().Streams == 0 })
	if m := x.Metrics(); len(m.Peers) != 0 {
		t.Errorf("peers are %+v", m.Peers)
	}
}

// rawStream dials as a node that speaks for itself.
func rawStream(t *testing.T, n *node, h *holder) *tls.Conn {
	t.Helper()
	cfg := h.client()
	cfg.NextProtos = []string{"holdfast-raft/1"}
	d := &net.Dialer{Timeout: 5 * time.Second}
	c, err := tls.DialWithDialer(d, "tcp", n.address, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ends waits until the other side closes the connection.
func ends(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := io.Copy(io.Discard, c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the connection stays open")
	}
}

func TestBadStreamsAreEnded(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	n := start(t, a, 1, nil)
	frame := func(m *pb.PeerMessage) []byte {
		b, err := m.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
	}
	hello := frame(&pb.PeerMessage{From: 9, FromIncarnation: 8, To: 1})
	for name, sent := range map[string][]byte{
		"zero length":          append(hello[:len(hello):len(hello)], 0, 0, 0, 0),
		"longer than allowed":  append(hello[:len(hello):len(hello)], 4, 0, 0, 1),
		"not a message":        append(hello[:len(hello):len(hello)], 0, 0, 0, 1, 0xff),
		"no greeting":          frame(&pb.PeerMessage{From: 9, FromIncarnation: 8, Raft: []byte{1}}),
		"greeting of nobody":   frame(&pb.PeerMessage{To: 1}),
		"long greeting":        {0, 2, 0, 0},
		"another sender":       append(hello[:len(hello):len(hello)], frame(&pb.PeerMessage{From: 10, FromIncarnation: 8, Raft: []byte{1}})...),
		"another incarnation":  append(hello[:len(hello):len(hello)], frame(&pb.PeerMessage{From: 9, FromIncarnation: 9, Raft: []byte{1}})...),
		"HTTP on the raft way": []byte("GET / HTTP/1.1\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := rawStream(t, n, a.holder(a.issue(t, "other", "node", time.Hour)))
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			ends(t, c)
		})
	}
	t.Cleanup(func() {
		if got := n.received(); len(got) != 0 {
			t.Errorf("received %v", got)
		}
	})
}

func TestStreamsNeedANodesCertificate(t *testing.T) {
	t.Parallel()
	a, foreign := newCA(t), newCA(t)
	n := start(t, a, 1, nil)
	stranger := foreign.issue(t, "node", "node", time.Hour)
	for name, cert := range map[string]*tls.Certificate{
		"courier": a.issue(t, "courier", "courier", time.Hour),
		"nobody":  nil,
		"foreign": stranger,
		"expired": a.issue(t, "node", "node", -time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := rawStream(t, n, a.holder(cert))
			_, _ = c.Write([]byte{0, 0, 0, 1}) // the refusal may come first
			ends(t, c)
		})
	}
	t.Cleanup(func() { // when all of them have ended
		if n.Metrics().Streams != 0 {
			t.Error("a stream was let in")
		}
	})
}

// Whoever is dialled must be a node too.
func TestOnlyNodesAreDialled(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x := start(t, a, 1, func(o *peer.Options) {
		o.Explain = func(err error, node string) error { return fmt.Errorf("about %s: %w", node, err) }
	})
	y := start(t, a, 2, nil)
	y.certs.renew(a.issue(t, "courier", "courier", time.Hour))
	x.SetPeers([]*pb.Member{y.member()})
	wait(t, "two attempts", func() bool { return x.to(2).Dials > 1 })
	if f := x.to(2); f.Connected || f.MessagesOut != 0 || !strings.Contains(f.LastError, "about node node: ") || !strings.Contains(f.LastError, "no node of this cluster") {
		t.Errorf("figures are %+v", f)
	}
}

func TestExpiredCertificateEndsStreams(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	for name, whose := range map[string]func(x, y *node) *holder{
		"the sender's":   func(x, _ *node) *holder { return x.certs },
		"the receiver's": func(_, y *node) *holder { return y.certs },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, y := start(t, a, 1, nil), start(t, a, 2, nil)
			h := whose(x, y)
			h.renew(a.issue(t, "node", "node", 1500*time.Millisecond))
			x.connectTo(t, y, y.address)
			first := x.to(2).Dials
			h.renew(a.issue(t, "node", "node", time.Hour))
			wait(t, "a connection with the new certificate", func() bool { return x.to(2).Dials > first && x.to(2).Connected })
			x.Send(entries(x, y, 1, 1))
			wait(t, "the message", func() bool { return len(y.received()) == 1 })
		})
	}
}

// Two processes that share an identity push each other out, without a storm.
func TestSharedIdentityCausesNoStorm(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	backoff := func(o *peer.Options) { o.BackoffMax = 400 * time.Millisecond }
	y := start(t, a, 2, nil)
	x1, x2 := start(t, a, 1, backoff), start(t, a, 1, backoff)
	began := time.Now()
	x1.SetPeers([]*pb.Member{y.member()})
	x2.SetPeers([]*pb.Member{y.member()})
	wait(t, "both to have been pushed out", func() bool { return x1.to(2).Dials >= 8 && x2.to(2).Dials >= 8 })
	// Pauses of at least 25, 50, 100, 200, 200, 200 and 200 ms.
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("eight attempts in %v", took)
	}
	if y.Metrics().Streams > 1 {
		t.Error("two streams of one identity")
	}
}

func TestCloseEndsAll(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	x, y := start(t, a, 1, nil), start(t, a, 2, nil)
	x.connectTo(t, y, y.address)
	y.connectTo(t, x, x.address)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x.Send(entries(x, y, 1, 1))
	x.SetPeers([]*pb.Member{y.member()})
	wait(t, "the other to notice", func() bool { return y.Metrics().Streams == 0 && !y.to(1).Connected })
}
