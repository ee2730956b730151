package node

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A node whose disk is full comes to lead while the others' disks are well: the
// lead moves on by itself, writes are taken through every node, and the one
// without room says why it takes none.
func TestLeadersDiskIsFull(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.stops[1]()
	c.minFree = 1 << 60
	c.start(1)
	full := c.nodes[1]
	c.until("handing over by the node whose disk is full", func() bool {
		if l := c.leader(); l != nil && l != full {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_ = l.Replica().Transfer(ctx, full.raftLog.Identity().RaftID) // it is asked until it leads
		}
		return strings.Contains(c.logs[1].String(), "another node shall lead until there is room")
	})
	c.until("lead of another", func() bool { l := c.leader(); return l != nil && l != full })
	cmd := catalogue.NewCommand(catalogue.PersonAdd, "test", "", &pb.PersonAdd{Ref: "alice", Name: "Alice"})
	if res, err := full.Replica().Do(t.Context(), cmd); err != nil || !res.Code.OK() {
		t.Errorf("a command through the node whose disk is full: %v, %v", res.Code, err)
	}
	if why := full.notReady(); why != "writes are refused: disk space is low" {
		t.Errorf("it says %q", why)
	}
}

// leader is the node that leads, nil while none does.
func (c *trio) leader() *Node {
	for _, n := range c.nodes {
		if n.Replica().Leads() {
			return n
		}
	}
	return nil
}
