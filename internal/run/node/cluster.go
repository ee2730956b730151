package node

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/pb"
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

const ownFolders = "name this node's own folders in data and cluster.credentials"

// introduce has the members know this node by its name and address: one that ran
// alone before it had peers has neither. Only the leader can, and only from the
// feature level on at which members change.
func (n *shared) introduce(ctx context.Context) error {
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

// peersFile lists, beside the credentials, where the other members were last: a
// node whose data folder is lost finds its way back by it.
const peersFile = "peers"

// peersOf lists where the node's peers are: those that the configuration names and
// those that were members last.
func (c *ClusterConfig) peersOf(data string) []string {
	if !c.Clustered() {
		return nil
	}
	list := slices.Clone([]string(c.Peers))
	text, err := os.ReadFile(filepath.Join(c.credentials(data), peersFile))
	if err != nil {
		text = nil // not there yet, or lost with its disk: the configuration names some
	}
	for _, a := range strings.Fields(string(text)) {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return slices.DeleteFunc(list, func(a string) bool { return a == c.AdvertiseAddress() })
}

// self is this node as a member.
func (n *shared) self() *pb.Member {
	id := n.raftLog.Identity()
	return &pb.Member{RaftId: id.RaftID, Incarnation: id.Incarnation, Role: pb.MemberRole_MEMBER_ROLE_VOTER,
		Name: n.cluster.Name, Address: n.cluster.AdvertiseAddress()}
}

// identity is what a new log is given; the zero value lets it draw its own.
func (n *shared) identity() identity.Identity {
	if n.group != nil && n.group.joined != nil {
		return n.group.joined.Identity
	}
	return identity.Identity{}
}

// settle ties the credentials to the log that now has its members, and forgets
// what only the first start needs: were the log lost later, this identity must
// not come back.
func (n *replication) settle() error {
	if n.group == nil {
		return nil
	}
	if err := n.group.own.Bind(n.raftLog.Identity().ClusterID); err != nil {
		return err
	}
	return credentials.ForgetJoined(n.group.own.Dir())
}
