package node

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// admission is the gate before all that merchants, payers and people's devices ask for:
// one for all of them, since they share the node.
type admission struct {
	part
	most int // requests worked on at once
}

func (n *admission) Start(context.Context) (err error) {
	n.gate, err = gate.New(gate.Config{Most: n.most, Inside: n.replica.Waiting, Registerer: n.registry})
	return err
}
