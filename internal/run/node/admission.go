package node

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// admission is the gate before all that merchants, payers and people's devices ask for:
// one for all of them, since they share the node.
type admission struct{ part }

func (n *admission) Start(context.Context) (err error) {
	n.gate, err = gate.New(gate.Config{Most: n.cfg.MerchantAPI.MaxInFlight, Inside: n.replica.Waiting, Registerer: n.registry})
	return err
}
