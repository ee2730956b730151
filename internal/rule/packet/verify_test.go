package packet_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// lucky is a packet of 20 yuan for five that four have taken of and that has ended.
func lucky() (*pb.Packet, []*pb.PacketShare) {
	seed := seedOf(3)
	p := &pb.Packet{Id: 1, Lucky: true, Count: 5, Total: 20_00, Commitment: packet.Commitment(seed), Chain: packet.Commitment(seed), Seed: seed}
	var list []*pb.PacketShare
	for n := range uint32(4) {
		uid := uint64(10 + n)
		s := &pb.PacketShare{Packet: 1, Uid: uid, Number: n + 1, Nonce: append(nonce(uid), nonce(uid)...)[:packet.NonceSize]}
		s.Amount = packet.Draw(packet.Lot(seed, uid), p.Chain, p.Total-p.Paid, p.Count-n)
		p.Chain = packet.NextChain(p.Chain, s.Nonce)
		p.Taken, p.Paid = p.Taken+1, p.Paid+s.Amount
		if s.Amount > p.Best {
			p.Best, p.BestUid = s.Amount, uid
		}
		list = append(list, s)
	}
	return p, list
}

func even() (*pb.Packet, []*pb.PacketShare) {
	return &pb.Packet{Id: 2, Count: 3, Total: 1_00, Taken: 3, Paid: 1_00}, []*pb.PacketShare{
		{Uid: 1, Number: 1, Amount: 34}, {Uid: 2, Number: 2, Amount: 33}, {Uid: 3, Number: 3, Amount: 33},
	}
}

func TestSoundPacketsPass(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func() (*pb.Packet, []*pb.PacketShare){"lucky": lucky, "equal": even} {
		p, list := of()
		if faults := packet.Verify(p, list); len(faults) > 0 {
			t.Errorf("%s: %q", name, faults)
		}
		slices.Reverse(list)
		if faults := packet.Verify(p, list); len(faults) > 0 {
			t.Errorf("%s, in another order: %q", name, faults)
		}
		p.Seed = nil
		if faults := packet.Verify(p, list); len(faults) > 0 {
			t.Errorf("%s, before the seed is shown: %q", name, faults)
		}
	}
}

// Whatever is changed after the fact is found.
func TestEveryChangeIsFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(p *pb.Packet, list []*pb.PacketShare)
		says   string
	}{
		"another seed":    {func(p *pb.Packet, _ []*pb.PacketShare) { p.Seed = seedOf(4) }, "not the one that was committed to"},
		"another amount":  {func(_ *pb.Packet, l []*pb.PacketShare) { l[1].Amount++ }, "share 2 is"},
		"swapped":         {func(_ *pb.Packet, l []*pb.PacketShare) { l[0].Uid, l[1].Uid = l[1].Uid, l[0].Uid }, "share 1 is"},
		"another nonce":   {func(_ *pb.Packet, l []*pb.PacketShare) { l[0].Nonce = make([]byte, 16) }, "share 2 is"},
		"the last nonce":  {func(_ *pb.Packet, l []*pb.PacketShare) { l[3].Nonce = make([]byte, 16) }, "the nonces are not those"},
		"one too few":     {func(p *pb.Packet, _ []*pb.PacketShare) { p.Taken++ }, "4 shares of"},
		"a gap":           {func(_ *pb.Packet, l []*pb.PacketShare) { l[3].Number = 5 }, "share 5 of 5 stands where share 4 belongs"},
		"twice":           {func(_ *pb.Packet, l []*pb.PacketShare) { l[1].Uid = l[0].Uid }, "person 10 took more than one share"},
		"nothing":         {func(_ *pb.Packet, l []*pb.PacketShare) { l[2].Amount = 0 }, "leaves less than 0.01 a head"},
		"all there is":    {func(_ *pb.Packet, l []*pb.PacketShare) { l[0].Amount = 20_00 }, "leaves less than 0.01 a head"},
		"another's luck":  {func(p *pb.Packet, _ []*pb.PacketShare) { p.BestUid = 99 }, "was luckiest"},
		"nobody's packet": {func(p *pb.Packet, _ []*pb.PacketShare) { p.Count = 0 }, "cannot be shared among 0"},
		"below a fen":     {func(p *pb.Packet, _ []*pb.PacketShare) { p.Total = 4 }, "cannot be shared among 5"},
	} {
		p, list := lucky()
		test.change(p, list)
		if got := strings.Join(packet.Verify(p, list), "; "); !strings.Contains(got, test.says) {
			t.Errorf("%s: it says %q, want %q", name, got, test.says)
		}
	}
	p, list := even()
	list[0].Amount, list[1].Amount = 33, 34
	if got := strings.Join(packet.Verify(p, list), "; "); !strings.Contains(got, "share 1 is 0.33 and must be 0.34") {
		t.Errorf("equal shares in another order: %q", got)
	}
}
