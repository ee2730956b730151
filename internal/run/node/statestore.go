package node

import (
	"context"
	"errors"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// stateStore is the state on disk.
type stateStore struct {
	part
	cfg DiskConfig
}

func (n *stateStore) Start(context.Context) error {
	s, err := store.Open(n.path("state"), store.Options{Fatal: n.fatal, Damaged: n.damage.met, Logger: n.log, CacheBytes: int64(n.cfg.Cache)})
	if err != nil {
		return err
	}
	n.store = s
	if head, ok, err := s.DurableHead(); err == nil && ok { // a head that can't be read is met by the replica
		n.startedBelow = head.Level < person.LevelSealed
	}
	n.onClose("state store", func() error {
		if broken := (*machine.Broken)(nil); errors.As(context.Cause(n.ctx), &broken) {
			return s.Abandon() // the next start replays from what is known to be good
		}
		return s.Close()
	})
	return nil
}
