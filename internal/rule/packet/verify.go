package packet

import (
	"bytes"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Verify says what is wrong with a packet and the shares that were taken of it,
// which may be given in any order: a sentence for each fault, none when all is as it
// must be. It needs nothing else. Amounts of a lucky packet are checked only when its
// seed is there, which it is once the packet has ended.
func Verify(p *pb.Packet, taken []*pb.PacketShare) (faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	list := append([]*pb.PacketShare(nil), taken...)
	inOrder(list)
	if p.Count == 0 || p.Count > MaxShares || p.Total < int64(p.Count) {
		say("%s cannot be shared among %d", money.Format(p.Total), p.Count)
		return faults
	}
	revealed := p.Lucky && len(p.Seed) > 0
	if revealed && !bytes.Equal(Commitment(p.Seed), p.Commitment) {
		say("the seed is not the one that was committed to")
	}
	again := &pb.Packet{Lucky: p.Lucky, Count: p.Count, Total: p.Total, Chain: p.Commitment}
	people := map[uint64]bool{}
	for i, s := range list {
		if s.Number != uint32(i+1) || s.Number > p.Count {
			say("share %d of %d stands where share %d belongs", s.Number, p.Count, i+1)
			return faults
		}
		if people[s.Uid] {
			say("person %d took more than one share", s.Uid)
		}
		people[s.Uid] = true
		if left := int64(p.Count - s.Number); s.Amount < 1 || again.Total-again.Paid-s.Amount < left {
			say("share %d is %s and leaves less than 0.01 a head", s.Number, money.Format(s.Amount))
			return faults
		}
		if want := verified(again, s, p.Seed, revealed); want != s.Amount {
			say("share %d is %s and must be %s", s.Number, money.Format(s.Amount), money.Format(want))
		}
		take(again, s)
	}
	return append(faults, compare(p, again)...)
}

// verified is what the next share must be; what it is said to be where that cannot be
// known.
func verified(again *pb.Packet, s *pb.PacketShare, seed []byte, revealed bool) int64 {
	switch {
	case revealed:
		return next(again, Lot(seed, s.Uid))
	case again.Lucky && again.Count > s.Number:
		return s.Amount
	}
	return next(again, nil)
}

// compare looks at what the packet says of all its shares.
func compare(p, again *pb.Packet) (faults []string) {
	if p.Taken != again.Taken || p.Paid != again.Paid {
		faults = append(faults, fmt.Sprintf("%d shares of %s in all are there, the packet says %d of %s",
			again.Taken, money.Format(again.Paid), p.Taken, money.Format(p.Paid)))
	}
	if p.Lucky && (p.BestUid != again.BestUid || p.Best != again.Best) {
		faults = append(faults, fmt.Sprintf("person %d was luckiest with %s, the packet says person %d with %s",
			again.BestUid, money.Format(again.Best), p.BestUid, money.Format(p.Best)))
	}
	if p.Lucky && !bytes.Equal(p.Chain, again.Chain) {
		faults = append(faults, "the nonces are not those that the packet was drawn with")
	}
	return faults
}
