package node

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// giveKeys hands changed keys to the peers. It fails when a majority lacks them:
// a command that names a key must not be proposed before.
func (n *keyStore) giveKeys(generation uint64) error {
	r := n.running.Load()
	if r == nil || r.Status().Alone {
		return nil
	}
	keys, err := n.keys.Export()
	if err != nil {
		return err
	}
	defer clear(keys)
	s := r.Status()
	have := 1
	for _, p := range s.Peers {
		ctx, cancel := context.WithTimeout(n.ctx, 3*time.Second)
		a, err := n.group.client.At(p.Member.Address).PutKeys(ctx, &pb.PutKeysRequest{Keys: keys})
		cancel()
		if err != nil {
			n.log.Warn("a peer did not take the new keys; it fetches them later", "node", p.Member.Name, "err", err)
		} else if a.Generation >= generation && p.Member.Role == pb.MemberRole_MEMBER_ROLE_VOTER {
			have++
		}
	}
	if have <= len(s.Voters)/2 {
		return fmt.Errorf("only %d of %d nodes have the new keys; repeat when a majority answers", have, len(s.Voters))
	}
	return nil
}

// fetchKeys takes over newer keys that a peer has, until ctx ends.
func (n *housekeeping) fetchKeys(ctx context.Context) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		n.forgetCopies()
		for _, p := range n.replica.Status().Peers {
			if p.Status.GetHealth().GetKeystoreGeneration() <= n.keys.Generation() {
				continue
			}
			if err := n.fetchKeysFrom(ctx, p.Member.Address); err != nil {
				n.log.Warn("newer keys could not be fetched", "node", p.Member.Name, "err", err)
			}
		}
	}
}

// forgetCopies lets go of a copy of the state that every peer is past.
func (n *housekeeping) forgetCopies() {
	index := n.group.keeper.Newest()
	if index == 0 {
		return
	}
	for _, p := range n.replica.Status().Peers {
		if p.Heard.GetLastIndex() < index {
			return
		}
	}
	n.group.keeper.Done(index)
}

func (n *housekeeping) fetchKeysFrom(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	a, err := n.group.client.At(address).Keys(ctx, &pb.KeysRequest{Generation: n.keys.Generation()})
	if err != nil || len(a.Keys) == 0 {
		return err
	}
	defer clear(a.Keys)
	return n.keys.Import(a.Keys)
}

// renew returns fresh certificates from this node's own keystore, which has the
// cluster's CA.
func (n *housekeeping) renew(ctx context.Context) {
	n.group.own.Rotate(ctx, n.group.own.IssuedBy(n.keys), n.log)
}

// keysAtLevel tells the keystore the feature level, and says whether nothing more
// can come of that: it has the layout that this binary writes.
func (n *housekeeping) keysAtLevel() bool {
	level := n.replica.Position().Level
	if err := n.keys.AtLevel(level); err != nil {
		n.log.Error("the keystore stays in its old layout for now", "level", level, "err", err)
		return false
	}
	return level >= keystore.LayoutLevel
}

// watchLevel waits for the level that changes the keystore's layout.
func (n *housekeeping) watchLevel(ctx context.Context) {
	for known := uint32(0); ; {
		changed := n.replica.Changed()
		if level := n.replica.Position().Level; level != known {
			if known = level; n.keysAtLevel() {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
