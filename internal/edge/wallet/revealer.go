package wallet

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// Bounds of one look.
const (
	lookedAt = 5000 // packets
	revealed = 200  // commands
)

// Revealer shows the seeds of lucky packets that have ended, so that everybody can check
// the shares. It is used by one goroutine, on the node that leads.
type Revealer struct {
	Core     Core
	Personal Personal
	Log      *slog.Logger

	// next is the packet that the next look begins with, open the first of this round
	// that was still open: the next round begins there.
	next, open uint64
}

// Look looks at some packets and reveals those that have ended. It returns how many
// shares were not what seed and nonces give, and whether the round is over.
func (v *Revealer) Look(ctx context.Context) (falseShares uint64, over bool, err error) {
	var ended []*pb.Packet
	next, open := max(v.next, 1), v.open
	if err := v.Core.ReadLocal(ctx, func(r table.Reader) error {
		for n := 0; n < lookedAt && len(ended) < revealed; n++ {
			p, ok := packet.Get(r, next)
			if over = !ok; over {
				return nil
			}
			switch {
			case packet.Unrevealed(p):
				ended = append(ended, p)
			case open == 0 && p.State == pb.PacketState_PACKET_STATE_OPEN:
				open = next
			}
			next++
		}
		return nil
	}); err != nil {
		return 0, false, fmt.Errorf("look for packets to reveal: %w", err)
	}
	for _, p := range ended {
		key, _, err := v.Personal.PacketKey(ctx, p.KeyId)
		if err != nil { // the others need not wait for it
			v.Log.Warn("a packet can't be revealed now", "packet", p.Id, "err", err)
			if open == 0 || p.Id < open {
				open = p.Id
			}
			continue
		}
		n, err := v.reveal(ctx, p, packet.SeedOf(key, p.Payer, p.ClientId))
		if falseShares += uint64(n); err != nil {
			return falseShares, false, fmt.Errorf("reveal packet %d: %w", p.Id, err)
		}
	}
	v.next, v.open = next, open
	if over {
		if open != 0 {
			v.next = open
		}
		v.open = 0
	}
	return falseShares, over, nil
}

// reveal shows one seed.
func (v *Revealer) reveal(ctx context.Context, p *pb.Packet, seed []byte) (falseShares uint32, err error) {
	shown, out, err := packet.Reveal.Do(ctx, v.Core, "node/revealer", "", &pb.PacketReveal{Packet: p.Id, Seed: seed})
	switch {
	case err != nil:
		return 0, err
	case out == code.SeedMismatch: // and nobody will ever have the right one
		v.Log.Error("a packet's seed is not the one that was committed to", "packet", p.Id)
		return 0, nil
	case out != code.OK:
		return 0, out.Err()
	}
	if shown.FalseShares > 0 {
		v.Log.Error("a packet gave shares that its seed does not give: a node made them up", "packet", p.Id, "false_shares", shown.FalseShares)
	}
	return shown.FalseShares, nil
}
