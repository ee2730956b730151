package machine_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// Five hundred people grab one packet of 250, each three times, in any order, and a
// thousand answers race for one transfer: one outcome each, and exact sums.
func TestAThousandAtOnce(t *testing.T) {
	t.Parallel()
	s := newSenders(t, &counted{Backend: table.NewMem()})
	payer, draw := s.holders[0], rand.New(rand.NewPCG(1, 2))
	seed := packet.SeedOf(workSeedKey, payer.uid, "P")
	s.add(catalogue.PacketCreate, "wallet", &pb.PacketCreate{
		Payer: payer.uid, ClientId: "P", Count: packet.MaxShares / 2, Total: 200_00, Currency: money.CNY, Lucky: true, Link: workLink[:],
		Commitment: packet.Commitment(seed), KeyId: "packets-1", Consent: payer.consent(0),
	})
	p := s.apply(s.frame())[0].Body.(*pb.Packet)
	var claims []*pb.PacketClaim
	for _, h := range s.holders {
		for range 3 {
			claims = append(claims, claimOf(p, h, binary.BigEndian.AppendUint64(make([]byte, 8), draw.Uint64())))
		}
	}
	draw.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
	shares, none := map[uint64]int64{}, map[uint64]bool{}
	for len(claims) > 0 {
		n := min(len(claims), 1+draw.IntN(300))
		for _, c := range claims[:n] {
			s.add(catalogue.PacketClaim, "wallet", c)
		}
		for i, res := range s.apply(s.frame()) {
			uid := claims[i].Uid
			switch share, _ := res.Body.(*pb.PacketShare); {
			case res.Code == code.PacketTaken:
				none[uid] = true
			case res.Code != code.OK || shares[uid] != 0 && shares[uid] != share.Amount:
				t.Fatalf("person %d got %s, %v, and %d before", uid, res.Code, share, shares[uid])
			default:
				shares[uid] = share.Amount
			}
		}
		claims = claims[n:]
	}
	sum := int64(0)
	for uid, amount := range shares { // order does not matter: a sum
		if sum += amount; none[uid] {
			t.Errorf("person %d got a share and none", uid)
		}
	}
	if len(shares) != packet.MaxShares/2 || len(none) != len(s.holders)-len(shares) || sum != 200_00 {
		t.Errorf("%d people share %d, %d got nothing", len(shares), sum, len(none))
	}
	s.answers(t, draw)
	if err := machine.Audit(s.store.Snapshot()); err != nil {
		t.Error(err)
	}
}

// answers has the payee accept and decline one transfer a thousand times.
func (s *senders) answers(t *testing.T, draw *rand.Rand) {
	t.Helper()
	from, to := s.holders[1], s.holders[2]
	s.add(catalogue.TransferCreate, "wallet", &pb.TransferCreate{
		Payer: from.uid, Payee: to.uid, Amount: 5_00, Currency: money.CNY, ClientId: "T", Accept: true, Consent: from.consent(0),
	})
	id := s.apply(s.frame())[0].Body.(*pb.PersonTransfer).Id
	accept := make([]bool, 1000)
	for i := range accept {
		if accept[i] = draw.IntN(2) == 0; accept[i] {
			s.add(catalogue.TransferAccept, "wallet", &pb.TransferAccept{Id: id, Uid: to.uid, Consent: to.consent(0)})
		} else {
			s.add(catalogue.TransferDecline, "wallet", &pb.TransferDecline{Id: id, Uid: to.uid, Consent: to.consent(0)})
		}
	}
	for i, res := range s.apply(s.frame()) {
		want := code.TransferEnded
		if accept[i] == accept[0] {
			want = code.OK
		}
		if res.Code != want {
			t.Fatalf("answer %d (accept %v, the first was %v) got %s", i, accept[i], accept[0], res.Code)
		}
	}
}
