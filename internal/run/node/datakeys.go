package node

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// dataKeys is the keyring.
type dataKeys struct{ part }

func (n *dataKeys) Start(context.Context) (err error) {
	n.ring, err = keyring.Open(keyring.Options{Fatal: n.fatal, Dir: n.dir, Wrapping: keyring.Keystore{Store: n.keys}, Now: time.Now})
	if err != nil {
		return err
	}
	n.onClose("keyring", n.ring.Close)
	if _, _, damaged := n.ring.Counts(); damaged > 0 {
		n.log.Error("data keys are damaged: they are fetched from the other nodes", "slots", damaged)
	}
	return nil
}

// mintDataKeys draws data keys, which are on a majority's disks when it returns:
// only then a command may name them.
func (n *shared) mintDataKeys(ctx context.Context, count int) (ids []string, err error) {
	list, err := n.ring.Mint(count)
	if err != nil {
		return nil, err
	}
	if err := n.giveDataKeys(ctx, list); err != nil {
		return nil, err
	}
	for _, k := range list {
		ids = append(ids, hex.EncodeToString(k.Id))
	}
	return ids, nil
}

// giveDataKeys hands data keys, which this node has, to all peers at once. It fails
// when a majority lacks them.
func (n *shared) giveDataKeys(ctx context.Context, list []*pb.DataKey) error {
	r := n.running.Load()
	if r == nil || r.Status().Alone {
		return nil
	}
	s := r.Status()
	gift, given := keyring.NewGift(s.Voters, n.raftLog.Identity().RaftID), make(chan uint64, len(s.Peers))
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, p := range s.Peers {
		go func() {
			by := p.Member.RaftId
			if _, err := n.group.client.At(p.Member.Address).PutDataKeys(ctx, &pb.PutDataKeysRequest{Keys: list}); err != nil {
				by = 0
				n.log.Warn("a peer did not take the new data keys; it fetches them later", "node", p.Member.Name, "err", err)
			}
			given <- by
		}()
	}
	for range s.Peers {
		if gift.Enough() {
			return nil // those that are slower take them all the same, or fetch them
		}
		gift.Took(<-given)
	}
	if !gift.Enough() {
		return fmt.Errorf("only %d of %d nodes have the new data keys; repeat when a majority answers", gift.Have(), gift.Of())
	}
	return nil
}
