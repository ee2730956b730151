package node

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
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
	s, given := r.Status(), make(chan bool, len(r.Status().Peers))
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, p := range s.Peers {
		go func() {
			_, err := n.group.client.At(p.Member.Address).PutDataKeys(ctx, &pb.PutDataKeysRequest{Keys: list})
			if err != nil {
				n.log.Warn("a peer did not take the new data keys; it fetches them later", "node", p.Member.Name, "err", err)
			}
			given <- err == nil && slices.Contains(s.Voters, p.Member.RaftId)
		}()
	}
	have := 0
	if slices.Contains(s.Voters, n.raftLog.Identity().RaftID) {
		have = 1
	}
	for range s.Peers {
		if have > len(s.Voters)/2 {
			return nil // those that are slower take them all the same, or fetch them
		}
		if <-given {
			have++
		}
	}
	if have <= len(s.Voters)/2 {
		return fmt.Errorf("only %d of %d nodes have the new data keys; repeat when a majority answers", have, len(s.Voters))
	}
	return nil
}
