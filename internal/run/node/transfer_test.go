package node

import (
	"errors"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
)

// The lead is not handed to a node that is away: payments would stop until that is
// given up.
func TestTransferToASilentNode(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	lead := c.leader()
	away := 2
	if lead == c.nodes[2] {
		away = 1
	}
	c.stops[away]()
	name := c.config(away).Cluster.Name
	c.until("silence", func() bool { return operator{lead.shared}.away(c.nodes[away].raftLog.Identity().RaftID) != "" })
	var refused *admin.Refusal
	err := operator{lead.shared}.Transfer(t.Context(), "test", name)
	if !errors.As(err, &refused) || !strings.Contains(refused.Text, name+" has been silent for ") {
		t.Errorf("the lead was handed to a node that is away: %v", err)
	}
	if !lead.Replica().Leads() {
		t.Error("it leads no more")
	}
}
