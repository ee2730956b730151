package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// group is a node's place among its peers; nil on a node without.
type group struct {
	own    *credentials.Credentials
	joined *credentials.Joined // what the first start needs, nil later
	client *peer.Client
	keeper *snapshot.Keeper

	transport *peer.Transport
	fetching  atomic.Bool
	observed  *groupObserved
}

// startCredentials loads who this node is among its peers. A node that has
// credentials or a token and no log yet, or no longer, asks its peers to let it in.
func (n *Node) startCredentials(ctx context.Context) error {
	if !n.cfg.Clustered() {
		return nil
	}
	dir := n.cfg.CredentialsDir()
	g := new(group)
	first := false
	if credentials.Exists(dir) {
		own, err := credentials.Load(dir)
		if err != nil {
			return err
		}
		g.own, first = own, own.Node().ClusterID == 0
		if name := own.Node().Name; name != n.cfg.Cluster.Name {
			return &credentials.Fault{Text: fmt.Sprintf("the credentials in %s are node %s's, and cluster.name says %s", dir, name, n.cfg.Cluster.Name), Hint: ownFolders}
		}
	}
	var err error
	if g.joined, err = credentials.ReadJoined(dir); err != nil {
		return err
	}
	if !first && !exists(n.path("log")) && (g.joined == nil || g.own == nil) {
		if err := n.join(ctx, g, dir); err != nil {
			return err
		}
	}
	if g.own == nil {
		return fmt.Errorf("%s has no credentials: run holdfast cluster init on the first node, or give this one a token in cluster.token_file", dir)
	}
	if err := g.own.SetAddress(n.cfg.AdvertiseAddress()); err != nil {
		return err
	}
	g.client = peer.NewClient(g.own.ClientConfig("h2"))
	n.group = g
	n.onClose("calls to peers", func() error { g.client.Close(); return nil })
	return nil
}

const ownFolders = "name this node's own folders in data and cluster.credentials"

// checkOwn refuses another node's data folder: two nodes must not speak for one.
func (n *Node) checkOwn() error {
	_, members := n.raftLog.Conf()
	name := n.group.own.Node().Name
	for _, m := range members.GetMembers() {
		if m.RaftId == n.raftLog.Identity().RaftID && m.Name != "" && m.Name != name {
			return &credentials.Fault{Text: fmt.Sprintf("the data folder %s is node %s's, and the credentials in %s are %s's", n.dir, m.Name, n.group.own.Dir(), name), Hint: ownFolders}
		}
	}
	return nil
}

// introduce has the members know this node by its name and address: one that ran
// alone before it had peers has neither. Only the leader can, and only from the
// feature level on at which members change.
func (n *Node) introduce(ctx context.Context) error {
	if n.group == nil || !n.replica.Leads() || n.replica.Position().Level < membership.Level {
		return nil
	}
	self := n.self()
	for _, m := range n.replica.Status().Members.GetMembers() {
		if m.RaftId != self.RaftId || m.Name == self.Name && m.Address == self.Address {
			continue
		}
		self.TokenId = m.TokenId
		n.log.Info("the members learn this node's name and address", "name", self.Name, "address", self.Address, "before", m.Address)
		return change(ctx, n.replica, "node/"+self.Name, self)
	}
	return nil
}

// joinWait is how long a node that starts goes on asking to be let in.
const joinWait = 10 * time.Minute

func (n *Node) join(ctx context.Context, g *group, dir string) (err error) {
	opt := credentials.JoinOptions{
		Dir: dir, Data: n.dir, MasterKey: n.cfg.Keys.MasterFile, Name: n.cfg.Cluster.Name, Address: n.cfg.AdvertiseAddress(),
		Peers: peersOf(n.cfg), MaxLevel: machine.MaxLevel, Wait: joinWait, Logger: n.log,
	}
	if g.own != nil {
		opt.Reason = "its data folder was lost or set aside"
		n.log.Warn("this node was in the cluster and its log is gone: it asks to come back as a learner", "peers", opt.Peers)
	}
	if f := n.cfg.Cluster.TokenFile; f != "" {
		token, err := os.ReadFile(f)
		if err != nil && g.own == nil {
			return fmt.Errorf("read cluster.token_file: %w", err)
		}
		opt.Token = strings.TrimSpace(string(token)) // beside a certificate it counts when that has expired
	}
	g.own, g.joined, err = credentials.Join(ctx, opt)
	return err
}

// peersFile lists, beside the credentials, where the other members were last: a
// node whose data folder is lost finds its way back by it.
const peersFile = "peers"

// peersOf lists where a node's peers are: those that the configuration names and
// those that were members last.
func peersOf(cfg *config.Config) []string {
	if !cfg.Clustered() {
		return nil
	}
	list := slices.Clone([]string(cfg.Cluster.Peers))
	text, err := os.ReadFile(filepath.Join(cfg.CredentialsDir(), peersFile))
	if err != nil {
		text = nil // not there yet, or lost with its disk: the configuration names some
	}
	for _, a := range strings.Fields(string(text)) {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return slices.DeleteFunc(list, func(a string) bool { return a == cfg.AdvertiseAddress() })
}

// rememberPeers keeps where the members are.
func (n *Node) rememberPeers(members []*pb.Member) {
	var list []string
	for _, m := range members {
		if m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED && m.Address != "" && m.Address != n.cfg.AdvertiseAddress() {
			list = append(list, m.Address)
		}
	}
	path := filepath.Join(n.group.own.Dir(), peersFile)
	text := []byte(strings.Join(list, "\n") + "\n")
	if err := os.WriteFile(path+".tmp", text, 0o644); err == nil {
		err = os.Rename(path+".tmp", path)
		if err != nil {
			n.log.Warn("where the peers are can't be kept", "file", path, "err", err)
		}
	}
}

// self is this node as a member.
func (n *Node) self() *pb.Member {
	id := n.raftLog.Identity()
	return &pb.Member{RaftId: id.RaftID, Incarnation: id.Incarnation, Role: pb.MemberRole_MEMBER_ROLE_VOTER,
		Name: n.cfg.Cluster.Name, Address: n.cfg.AdvertiseAddress()}
}

// identity is what a new log is given; the zero value lets it draw its own.
func (n *Node) identity() identity.Identity {
	if n.group != nil && n.group.joined != nil {
		return n.group.joined.Identity
	}
	return identity.Identity{}
}

// settle ties the credentials to the log that now has its members, and forgets
// what only the first start needs: were the log lost later, this identity must
// not come back.
func (n *Node) settle() error {
	if n.group == nil {
		return nil
	}
	if err := n.group.own.Bind(n.raftLog.Identity().ClusterID); err != nil {
		return err
	}
	return credentials.ForgetJoined(n.group.own.Dir())
}

// startPeers opens the address that peers dial, before the replica: it has to
// prove itself to them.
func (n *Node) startPeers(context.Context) error {
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
	l, err := openListener(n.cfg.Cluster.Address)
	if err != nil {
		return err
	}
	g.transport, err = peer.New(peer.Options{
		Self: id, Server: g.own.ServerConfig(), Client: g.own.ClientConfig(), Role: pki.PeerName,
		Receive: n.receive, Backend: (*backend)(n), Admin: n.adminHandler, Logger: n.log,
		Strangers: min(peer.DefaultStrangers, listen.Share(peerShare)/2),
		Explain:   func(err error, node string) error { return credentials.Explain(err, node, time.Now()) },
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	n.serveTransport(l)
	return nil
}

func (n *Node) serveTransport(l net.Listener) {
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
func (n *Node) receive(msg *pb.PeerMessage) {
	if r := n.running.Load(); r != nil {
		r.Receive(msg)
	}
}

// links is the replica's network: streams for messages, calls for commands.
type links struct{ n *Node }

// Send implements replica.Peers.
func (l links) Send(msg *pb.PeerMessage) { l.n.group.transport.Send(msg) }

// SetMembers implements replica.Peers.
func (l links) SetMembers(members []*pb.Member) {
	l.n.group.transport.SetPeers(members)
	l.n.rememberPeers(members)
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
