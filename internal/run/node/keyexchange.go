package node

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
)

// keyExchange keeps the keyring as the state and the peers say: keys that were
// erased are deleted, and those that peers have and this node lacks are fetched.
type keyExchange struct {
	part
	erased keyring.Erasures
}

// Times between looks.
const (
	lookForErased = time.Second
	lookAtPeers   = 2 * time.Second
	readAllKeys   = time.Hour
)

// Start deletes what was erased while the node was away.
func (n *keyExchange) Start(ctx context.Context) error {
	n.people = personal.New(personal.Config{Core: n.replica, Secrets: n.keys, Ring: n.ring, Mint: n.mintDataKeys})
	if err := n.deleteErased(ctx); err != nil {
		return err
	}
	n.spawn("erased keys", func(ctx context.Context) {
		n.every(ctx, lookForErased, "erased data keys could not be deleted; trying again", n.deleteErased)
	})
	n.spawn("keyring check", func(ctx context.Context) {
		n.every(ctx, readAllKeys, "the keyring could not be read", n.checkKeys)
	})
	sweep := &keySweep{shared: n.shared}
	n.spawn("unnamed data keys", func(ctx context.Context) {
		n.every(ctx, lookForUnnamed, "data keys that no row names could not be deleted; trying again", sweep.look)
	})
	if n.group != nil {
		n.spawn("data keys", func(ctx context.Context) {
			n.every(ctx, lookAtPeers, "data keys could not be fetched; trying again", n.fetchDataKeys)
		})
		n.spawn("data key count", (&keyCounting{shared: n.shared}).run)
	}
	return nil
}

func (n *keyExchange) every(ctx context.Context, d time.Duration, failing string, do func(context.Context) error) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := do(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn(failing, "err", err)
		}
	}
}

// deleteErased deletes the keys whose details were erased, when there are more of
// them than at the last look. Those that are gone already cost nothing.
func (n *keyExchange) deleteErased(ctx context.Context) error {
	var ids []string
	err := n.replica.ReadLocal(ctx, func(r table.Reader) error {
		ids = n.erased.Find(r)
		return nil
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	if err := n.ring.Delete(ids...); err != nil {
		return err
	}
	n.erased.Deleted()
	return nil
}

// checkKeys reads every key again: one that is damaged is missing from then on, and
// fetched from a peer that has it.
func (n *keyExchange) checkKeys(context.Context) error {
	damaged, err := n.ring.Check()
	if len(damaged) > 0 {
		n.log.Error("data keys are damaged: they are fetched from the other nodes", "keys", len(damaged), "first", damaged[0])
	}
	return err
}

// fetchDataKeys takes over what each peer has and this node lacks.
func (n *keyExchange) fetchDataKeys(ctx context.Context) error {
	for _, p := range n.replica.Status().Peers {
		if !p.Fit() {
			continue
		}
		if err := n.fetchDataKeysFrom(ctx, p); err != nil {
			return fmt.Errorf("from node %s: %w", p.Member.Name, err)
		}
	}
	return nil
}

func (n *keyExchange) fetchDataKeysFrom(ctx context.Context, p member.PeerStatus) error {
	walk := n.ring.Walk()
	for req := walk.Next(); req != nil; req = walk.Next() {
		call, cancel := context.WithTimeout(ctx, 3*time.Second)
		a, err := n.group.client.At(p.Member.Address).DataKeys(call, req)
		cancel()
		if err != nil {
			return err
		}
		if err := walk.Take(a); err != nil {
			return err
		}
	}
	return nil
}
