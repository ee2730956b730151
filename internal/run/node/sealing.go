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

// unsealedFile, in the data folder, says that something may be left here. It is made
// while the state is below the level, and when a clear name is met later.
const unsealedFile = "unsealed"

// lookForClear is the time between looks. After the first ones only new people are
// looked at: a request that began below the level may still have entered one.
const lookForClear = 5 * time.Second

func (n *sealing) Start(context.Context) error {
	if n.blocked != nil {
		return nil
	}
	n.from, n.left = 1, exists(n.path(unsealedFile))
	if n.startedBelow || n.replica.Position().Level < person.LevelSealed {
		if err := n.note(); err != nil {
			return err
		}
	}
	n.spawn("sealing", n.run)
	return nil
}

// note notes that clear names may be on this disk, for the starts after this one too.
func (n *sealing) note() error {
	if n.left {
		return nil
	}
	n.left = true
	return os.WriteFile(n.path(unsealedFile), nil, 0o600)
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
		return n.note()
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

// found notes that there are clear names, and seals them on the leader.
func (n *sealing) found(ctx context.Context, list []*pb.Person) error {
	if err := n.note(); err != nil {
		return err
	}
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
	if err := os.Remove(n.path(unsealedFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	n.left = false
	n.log.Info("no name is in clear in state and log any more", "log_cut", at)
	return nil
}
