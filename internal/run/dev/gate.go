package dev

import (
	"context"
	"net"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/balance"
)

// gate is a balancer in front of one of the addresses that every node has.
type gate struct {
	balancer *balance.Balancer
	served   chan error
}

// openGates leads the sandbox's three addresses to whichever node is ready.
func openGates(nodes []place, platform, admin, wallet net.Listener) []*gate {
	return []*gate{
		openGate(nodes, platform, func(p place) string { return p.Platform }),
		openGate(nodes, admin, func(p place) string { return p.Admin }),
		openGate(nodes, wallet, func(p place) string { return p.Wallet }),
	}
}

func openGate(nodes []place, l net.Listener, to func(place) string) *gate {
	opt := balance.Options{}
	for _, n := range nodes {
		opt.Nodes = append(opt.Nodes, balance.Target{Name: n.Name, Address: to(n), Ready: "http://" + n.Admin + "/readyz"})
	}
	g := &gate{balancer: balance.New(opt), served: make(chan error, 1)}
	go func() { g.served <- g.balancer.Serve(l) }()
	return g
}

// close lets requests under way finish.
func (g *gate) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := g.balancer.Close(ctx); err != nil {
		return err
	}
	return <-g.served
}
