package packet

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// How the share of the person uid is drawn, the n-th to take one. H is SHA-256, K a
// key that only the nodes have, in their keystore; numbers are 8 bytes, big-endian:
//
//	seed    = HMAC(K, "holdfast/packet-seed/1" || payer || client id)
//	chain_0 = H(seed)                                 the commitment
//	lot     = HMAC(seed, "holdfast/packet-lot/1" || uid)
//	draw    = H("holdfast/packet-draw/1" || lot || chain_(n-1))
//	share   = 1 + draw * most / 2^64                  draw: its first 8 bytes
//	chain_n = H("holdfast/packet-chain/1" || chain_(n-1) || nonce)
//
// with most = 2*rest/left - 1, rest being what is left in the packet, fen, and left
// how many shares are; the last share is all that is left. So a share is between one
// fen and twice the average of what is left, each amount as likely as any other, and
// the others always keep a fen a head.
//
// A claim's command carries its lot, which whoever has the seed makes for any person
// in any order; that is why claims at different nodes need not know of each other.
// The person's own nonce counts only for those who take after.
const (
	seedDomain  = "holdfast/packet-seed/1"
	lotDomain   = "holdfast/packet-lot/1"
	drawDomain  = "holdfast/packet-draw/1"
	chainDomain = "holdfast/packet-chain/1"
)

// SeedOf makes the seed of a lucky packet from a key of the keystore. It is the same
// on every node and for every repeat of the packet's command.
func SeedOf(key []byte, payer uint64, clientID string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(binary.BigEndian.AppendUint64([]byte(seedDomain), payer))
	mac.Write([]byte(clientID))
	return mac.Sum(nil)
}

// Commitment is what tells of a seed without telling the seed.
func Commitment(seed []byte) []byte {
	sum := sha256.Sum256(seed)
	return sum[:]
}

// Lot is a person's part in a lucky packet, made from its seed.
func Lot(seed []byte, uid uint64) []byte {
	mac := hmac.New(sha256.New, seed)
	mac.Write(binary.BigEndian.AppendUint64([]byte(lotDomain), uid))
	return mac.Sum(nil)
}

// Draw is the share, in fen, that a lot gets of what is left: rest fen in so many
// shares, with 1 <= left <= rest.
func Draw(lot, chain []byte, rest int64, left uint32) int64 {
	if left == 1 {
		return rest
	}
	most := 2*rest/int64(left) - 1
	b := make([]byte, 0, len(drawDomain)+2*sha256.Size)
	sum := sha256.Sum256(append(append(append(b, drawDomain...), lot...), chain...))
	share, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:]), uint64(most))
	return 1 + int64(share)
}

// NextChain is the chain after one more nonce.
func NextChain(chain, nonce []byte) []byte {
	b := make([]byte, 0, len(chainDomain)+sha256.Size+NonceSize)
	sum := sha256.Sum256(append(append(append(b, chainDomain...), chain...), nonce...))
	return sum[:]
}

// equal is the n-th share, from 1, of a packet that is shared equally: the fen that
// cannot be shared go to those who come first.
func equal(total int64, count, n uint32) int64 {
	part, over := total/int64(count), total%int64(count)
	if int64(n) <= over {
		part++
	}
	return part
}

// next is the share of whoever takes the next one.
func next(p *pb.Packet, lot []byte) int64 {
	if p.Lucky {
		return Draw(lot, p.Chain, p.Total-p.Paid, p.Count-p.Taken)
	}
	return equal(p.Total, p.Count, p.Taken+1)
}

// take writes a share into the packet.
func take(p *pb.Packet, s *pb.PacketShare) {
	p.Taken, p.Paid = s.Number, p.Paid+s.Amount
	if !p.Lucky {
		return
	}
	p.Chain = NextChain(p.Chain, s.Nonce)
	if s.Amount > p.Best {
		p.Best, p.BestUid = s.Amount, s.Uid
	}
}

func inOrder(list []*pb.PacketShare) {
	slices.SortFunc(list, func(a, b *pb.PacketShare) int { return int(a.Number) - int(b.Number) })
}
