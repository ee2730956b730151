package node

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// diskSpace watches the disk's free space.
type diskSpace struct {
	part
	cfg DiskConfig
}

func (n *diskSpace) Start(context.Context) error {
	if limit := listen.Limit(); limit < listen.Enough {
		n.log.Warn("few file descriptors: with data and load the node needs more; raise `ulimit -n` or LimitNOFILE", "limit", limit, "enough", listen.Enough)
	}
	percent := uint64(n.cfg.MinFreePercent)
	if percent == 0 {
		percent = diskguard.None
	}
	space, err := diskguard.NewSpace(nil, n.dir, diskguard.SpaceOptions{
		MinFree: max(uint64(n.cfg.MinFree), 1), MinPercent: percent, Logger: n.log})
	if err != nil {
		return err
	}
	n.space = space
	n.spawn("disk guard", space.Watch)
	return nil
}
