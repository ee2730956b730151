package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// sealing seals the names that people of before feature level 5 have in clear. The
// leader does it by commands; every node, once its state has no clear name any
// more, rewrites the state's files and cuts its log, so that none is left there.
type sealing struct {
	part
	// from is the first person who was not looked at yet.
	from uint64
	// left says that this disk may have clear names besides the state's rows.
	left bool
}

// sealedFile, in the data folder, says that nothing is left here.
const sealedFile = "sealed"

// lookForClear is the time between looks. After the first ones only new people are
// looked at: a request that began below the level may still have entered one.
const lookForClear = 5 * time.Second

func (n *sealing) Start(context.Context) error {
	if n.blocked != nil {
		return nil
	}
	n.from, n.left = 1, !exists(n.path(sealedFile))
	n.spawn("sealing", n.run)
	return nil
}

func (n *sealing) run(ctx context.Context) {
	tick := time.NewTicker(lookForClear)
	defer tick.Stop()
	for {
		if err := n.look(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("names in clear could not be sealed; trying again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look seals what is in clear if this node leads. Once nothing is, it lets go what
// is left on this disk.
func (n *sealing) look(ctx context.Context) error {
	if n.replica.Position().Level < person.LevelSealed {
		return nil
	}
	at, clear, end := n.replica.Applied(), 0, n.from
	for uid := n.from; uid != 0; {
		var list []*pb.Person
		err := n.replica.ReadLocal(ctx, func(r table.Reader) error {
			list, uid = person.Unsealed(r, uid)
			if head, ok := machine.Head(r); ok && uid == 0 {
				end = head.NextPerson
			}
			return nil
		})
		if err != nil {
			return err
		}
		if clear += len(list); len(list) > 0 {
			if err := n.found(ctx, list); err != nil {
				return err
			}
		}
	}
	if clear > 0 {
		return nil // a look that finds none follows
	}
	n.from = end
	if !n.left {
		return nil
	}
	return n.purge(at)
}

// found notes that there are clear names, for a start after this one too, and seals
// them on the leader.
func (n *sealing) found(ctx context.Context, list []*pb.Person) error {
	if err := os.Remove(n.path(sealedFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	n.left = true
	return n.seal(ctx, list)
}

func (n *sealing) seal(ctx context.Context, list []*pb.Person) error {
	if !n.replica.Leads() {
		return nil
	}
	for _, p := range list {
		if _, err := n.people.SealRow(ctx, "node/sealing", p); err != nil {
			return fmt.Errorf("person %d: %w", p.Uid, err)
		}
	}
	return nil
}

// purge lets the clear names go from this node's disk: at and before the log index
// at there may be some. When it can't be done yet, the next look tries again.
func (n *sealing) purge(at uint64) error {
	if err := errors.Join(n.store.Flush(), n.store.Compact()); err != nil {
		return fmt.Errorf("rewrite the state: %w", err)
	}
	head, ok, err := n.store.DurableHead()
	if err != nil || !ok || head.AppliedIndex < at {
		return err
	}
	if n.group != nil && n.group.keeper.Needs() < at {
		return nil // a peer is fetching a copy and needs the log after it
	}
	if err := n.raftLog.Cut(at); err != nil {
		return fmt.Errorf("cut the log: %w", err)
	}
	if err := os.WriteFile(n.path(sealedFile), nil, 0o600); err != nil {
		return err
	}
	n.left = false
	n.log.Info("no name is in clear in state and log any more", "log_cut", at)
	return nil
}
