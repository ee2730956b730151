package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// checkOwn refuses another node's data folder: two nodes must not speak for one.
func (n *peering) checkOwn() error {
	_, members := n.raftLog.Conf()
	name := n.group.own.Node().Name
	for _, m := range members.GetMembers() {
		if m.RaftId == n.raftLog.Identity().RaftID && m.Name != "" && m.Name != name {
			return &credentials.Fault{Text: fmt.Sprintf("the data folder %s is node %s's, and the credentials in %s are %s's", n.dir, m.Name, n.group.own.Dir(), name), Hint: ownFolders}
		}
	}
	return nil
}

// remember keeps where the members are.
func (l links) remember(members []*pb.Member) {
	var list []string
	for _, m := range members {
		if m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED && m.Address != "" && m.Address != l.n.cluster.AdvertiseAddress() {
			list = append(list, m.Address)
		}
	}
	path := filepath.Join(l.n.group.own.Dir(), peersFile)
	text := []byte(strings.Join(list, "\n") + "\n")
	if err := os.WriteFile(path+".tmp", text, 0o644); err == nil {
		err = os.Rename(path+".tmp", path)
		if err != nil {
			l.n.log.Warn("where the peers are can't be kept", "file", path, "err", err)
		}
	}
}

// peering is the address that peers dial.
type peering struct{ part }

// Start opens the address that peers dial, before the replica: it has to
// prove itself to them.
func (n *peering) Start(context.Context) error {
	g := n.group
	if g == nil {
		return nil
	}
	if err := n.checkOwn(); err != nil {
		return err
	}
	id := n.raftLog.Identity()
	keeper, err := snapshot.NewKeeper(n.dir, n.store, snapshot.KeeperOptions{MakeOptions: snapshot.MakeOptions{
		Fatal: n.fatal, Logger: n.log, From: id.RaftID, Conf: n.raftLog.Conf}})
	if err != nil {
		return err
	}
	g.keeper, g.observed = keeper, newGroupObserved(n.registry)
	n.offer.By(keeper, n.raftLog.FirstIndex)
	n.onClose("snapshots", keeper.Close)
	n.spawn("snapshots", keeper.Run)
	l, err := openListener(n.cluster.Address)
	if err != nil {
		return err
	}
	g.transport, err = peer.New(peer.Options{
		Self: id, Server: g.own.ServerConfig(), Client: g.own.ClientConfig(), Role: pki.PeerName,
		Receive: n.receive, Backend: (*backend)(n.shared), Admin: n.adminHandler, Logger: n.log,
		Strangers: min(peer.DefaultStrangers, listen.Share(peerShare)/2),
		Explain:   func(err error, node string) error { return credentials.Explain(err, node, time.Now()) },
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	n.serveTransport(l)
	return nil
}

func (n *peering) serveTransport(l net.Listener) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := n.group.transport.Serve(l); err != nil && n.ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
			n.stop(fmt.Errorf("peers: %w", err))
		}
	}()
	n.onClose("peers", func() error {
		err := n.group.transport.Close()
		<-ended
		return err
	})
}

// receive hands a peer's message to the replica, once there is one.
func (n *peering) receive(msg *pb.PeerMessage) {
	if r := n.running.Load(); r != nil {
		r.Receive(msg)
	}
}

// links is the replica's network: streams for messages, calls for commands.
type links struct{ n *shared }

// Send implements replica.Peers.
func (l links) Send(msg *pb.PeerMessage) { l.n.group.transport.Send(msg) }

// SetMembers implements replica.Peers.
func (l links) SetMembers(members []*pb.Member) {
	l.n.group.transport.SetPeers(members)
	l.remember(members)
}

// Execute implements replica.Peers.
func (l links) Execute(ctx context.Context, leader *pb.Member, cmd *pb.Command) (catalogue.Result, uint64, error) {
	res, index, err := l.execute(ctx, leader, cmd)
	l.n.group.observed.passedOn(err)
	return res, index, err
}

func (l links) execute(ctx context.Context, leader *pb.Member, cmd *pb.Command) (catalogue.Result, uint64, error) {
	a, err := l.n.group.client.At(leader.Address).Execute(ctx, &pb.ExecuteRequest{Command: cmd})
	if err != nil {
		return catalogue.Result{}, 0, refusalOf(err)
	}
	if a.Refused != 0 {
		return catalogue.Result{}, 0, code.Code(a.Refused).Err()
	}
	res := catalogue.Result{Code: code.Code(a.Code)}
	if a.HasBody {
		if res.Body, err = machine.DecodeBody(catalogue.Number(cmd.Number), a.Body); err != nil {
			l.n.log.Error("the leader's answer can't be read", "command", catalogue.Number(cmd.Number).String(), "err", err)
			return catalogue.Result{}, 0, code.Unknown.Err()
		}
	}
	return res, a.Index, nil
}

// refusalOf is a failed call in the words of a refusal: whether the command may
// have been taken is what counts.
func refusalOf(err error) error {
	var call *peer.CallError
	if errors.As(err, &call) && (call.Unsent || errors.Is(err, peer.ErrNotLeader)) {
		return code.NotLeader.Err()
	}
	return code.Unknown.Err()
}
