package packet

import (
	"bytes"
	"crypto/sha256"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ApplyReveal shows the seed of a lucky packet that has ended, and draws all its
// shares again: those that are not what they should have been are counted, for ever,
// in the packet's row.
//
// Refuses, in this order: PacketNotFound; NothingToDo (a packet without a seed);
// PacketOpen; SeedMismatch.
func ApplyReveal(d *deed.Deed, c *pb.PacketReveal) (code.Code, *pb.Packet) {
	p, ok := Get(d.Tx, c.Packet)
	switch {
	case !ok:
		return code.PacketNotFound, nil
	case !p.Lucky:
		return code.NothingToDo, p
	case p.State == pb.PacketState_PACKET_STATE_OPEN:
		return code.PacketOpen, nil
	case len(c.Seed) != sha256.Size || !bytes.Equal(Commitment(c.Seed), p.Commitment):
		return code.SeedMismatch, nil
	case len(p.Seed) > 0:
		return code.OK, p
	}
	// From here the command succeeds.
	p.Seed = c.Seed
	p.FalseShares = falseShares(p, Shares(d.Tx, p.Id))
	put(d.Tx, p)
	record(d, p, nil, p.Seed)
	return code.OK, p
}

// falseShares counts the shares that seed and nonces do not give, each drawn from
// what was really left before it.
func falseShares(p *pb.Packet, list []*pb.PacketShare) (n uint32) {
	again := &pb.Packet{Lucky: true, Count: p.Count, Total: p.Total, Chain: p.Commitment}
	for _, s := range list {
		if s.Amount != next(again, Lot(p.Seed, s.Uid)) {
			n++
		}
		take(again, s)
	}
	return n
}

// Unrevealed says whether the seed of a packet is still to be shown.
func Unrevealed(p *pb.Packet) bool {
	return p.Lucky && p.State != pb.PacketState_PACKET_STATE_OPEN && len(p.Seed) == 0
}
