package node

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
)

// admittance is who the node is among its peers, and how it is let in.
type admittance struct {
	part
	masterKey string // the file of the keystore's own key
}

// Start loads who this node is among its peers. A node that has
// credentials or a token and no log yet, or no longer, asks its peers to let it in.
func (n *admittance) Start(ctx context.Context) error {
	if !n.cluster.Clustered() {
		return nil
	}
	dir := n.cluster.credentials(n.dir)
	g := new(group)
	first := false
	if credentials.Exists(dir) {
		own, err := credentials.Load(dir)
		if err != nil {
			return err
		}
		g.own, first = own, own.Node().ClusterID == 0
		if name := own.Node().Name; name != n.cluster.Name {
			return &credentials.Fault{Text: fmt.Sprintf("the credentials in %s are node %s's, and cluster.name says %s", dir, name, n.cluster.Name), Hint: ownFolders}
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
	if err := g.own.SetAddress(n.cluster.AdvertiseAddress()); err != nil {
		return err
	}
	g.client = peer.NewClient(g.own.ClientConfig("h2"))
	n.group = g
	n.onClose("calls to peers", func() error { g.client.Close(); return nil })
	return nil
}

func (n *admittance) join(ctx context.Context, g *group, dir string) (err error) {
	opt := credentials.JoinOptions{
		Dir: dir, Data: n.dir, MasterKey: n.masterKey, Name: n.cluster.Name, Address: n.cluster.AdvertiseAddress(),
		Peers: n.cluster.peersOf(n.dir), MaxLevel: machine.MaxLevel, Wait: joinWait, Logger: n.log,
	}
	if g.own != nil {
		opt.Reason = "its data folder was lost or set aside"
		n.log.Warn("this node was in the cluster and its log is gone: it asks to come back as a learner", "peers", opt.Peers)
	}
	if f := n.cluster.TokenFile; f != "" {
		token, err := os.ReadFile(f)
		if err != nil && g.own == nil {
			return fmt.Errorf("read cluster.token_file: %w", err)
		}
		opt.Token = strings.TrimSpace(string(token)) // beside a certificate it counts when that has expired
	}
	g.own, g.joined, err = credentials.Join(ctx, opt)
	return err
}
