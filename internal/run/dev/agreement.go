package dev

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// agreeWithin bounds how long all nodes may take to be found equal.
const agreeWithin = 15 * time.Second

// agreement waits until every node says of itself that a majority has its state,
// at one log index at or after all that has been applied when it is called. It
// returns false when they differ, or when that takes too long.
func (p *platform) agreement(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, agreeWithin)
	defer cancel()
	final, seen := uint64(0), map[uint64]map[string]string{}
	for first := true; ; {
		complete := true
		for _, s := range p.nodes {
			own := p.own(ctx, s)
			if own == nil {
				complete = false
				continue
			}
			if first {
				final = max(final, own.Applied)
			}
			at := own.Health.GetMarkIndex()
			if seen[at] == nil {
				seen[at] = map[string]string{}
			}
			seen[at][s.Name] = string(own.Health.GetMarkDigest())
			if equal, all := compare(seen[at], len(p.nodes)); at >= final && !first && all || !equal {
				return equal
			}
		}
		first = first && !complete
		select {
		case <-ctx.Done():
			return false
		case <-time.After(poll):
		}
	}
}

// compare says whether digests by node are one, and whether all nodes are there.
func compare(digests map[string]string, nodes int) (equal, all bool) {
	different := map[string]bool{}
	for _, d := range digests { // order does not matter: a set
		different[d] = true
	}
	return len(different) == 1, len(digests) == nodes
}

// own is what a node says of itself, nil while it says nothing.
func (p *platform) own(ctx context.Context, s *station) *pb.ClusterNode {
	status, err := p.status(ctx, s)
	if err != nil {
		return nil
	}
	for _, n := range status.Nodes {
		if n.Self {
			return n
		}
	}
	return nil
}
