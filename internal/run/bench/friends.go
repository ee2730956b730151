package bench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	friends       = 500    // callers, each with a device of its own
	transferRatio = 1.2    // of the pair rate
	claimFloor    = 40_000 // claims/s over many packets
	oneFloor      = 10_000 // claims/s of one packet after the other
	fewShares     = 10     // of each of many packets
	packetRounds  = 1000   // most claims of one caller in a round
)

// friend is a person with a wallet, who asks for one thing at a time.
type friend struct {
	uid     uint64
	device  []byte
	counter uint64
}

func (f *friend) consent() *pb.Consent {
	f.counter++
	return &pb.Consent{Device: f.device, Counter: f.counter, Signed: make([]byte, 32), Signature: make([]byte, 64)}
}

var (
	friendLink = sha256.Sum256([]byte("bench"))
	friendMemo = &pb.Sealed{KeyId: "00112233445566778899aabbccddeeff", Box: make([]byte, 60), Hash: make([]byte, 16)}
	packetSeed = packet.SeedOf(make([]byte, 32), 1, "bench")
)

// friendsSuite: people send each other money and take shares of lucky packets, against
// orders and payments of the same run.
func friendsSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	people, err := g.befriend(ctx)
	if err != nil {
		return err
	}
	rounds, length := pick(r, 2, 5), pick(r, 2*time.Second, 4*time.Second)
	var rates, cpus [4][]float64
	for round := range rounds {
		r.Progress("friends: round %d of %d", round+1, rounds)
		many, err := g.throw(ctx, people, fewShares, packetRounds*friends/fewShares, fmt.Sprint("m", round))
		if err != nil {
			return err
		}
		one, err := g.throw(ctx, people, friends, packetRounds, fmt.Sprint("o", round))
		if err != nil {
			return err
		}
		for i, do := range []func(caller, n int) error{
			func(caller, n int) error { return g.pair(ctx, caller, n, number(fmt.Sprintf("F%d", round), caller, n)) },
			func(caller, n int) error { return g.send(ctx, people, caller, n, round) },
			func(caller, n int) error {
				return g.claim(ctx, people[caller], many, n*friends/fewShares+caller/fewShares)
			},
			func(caller, n int) error { return g.claim(ctx, people[caller], one, n) },
		} {
			if err := g.settle(ctx); err != nil {
				return err
			}
			out, err := closedLoop(ctx, friends, length, do)
			if err != nil {
				return err
			}
			rates[i], cpus[i] = append(rates[i], out.rate()), append(cpus[i], out.cpuMicros())
		}
	}
	pairs := median(rates[0])
	r.plain("pairs_per_second", pairs, "pairs/s")
	r.against("transfers_per_second", median(rates[1]), "transfers/s", "orders and their payments a second", pairs, transferRatio,
		func(ratio float64) bool { return ratio >= transferRatio })
	r.atLeast("claims_per_second", median(rates[2]), "claims/s over many packets of ten", claimFloor)
	r.atLeast("claims_of_one_per_second", median(rates[3]), "claims/s of one packet of 500 after the other", oneFloor)
	for i, of := range []string{"pair", "transfer", "claim", "claim_of_one"} {
		r.plain("cpu_per_"+of, median(cpus[i]), "us, load generator and views included")
	}
	return nil
}

// befriend gives so many people as there are callers a wallet and a fortune.
func (g *rig) befriend(ctx context.Context) ([]*friend, error) {
	people := make([]*friend, friends)
	if _, err := do(ctx, g, wallet.SetLimits, &pb.LimitsSet{
		Limits: &pb.Limits{Grade: 1, PerAct: fortune, PerDay: fortune << 4, PerYear: fortune << 8, PerMinute: 1 << 30},
	}); err != nil {
		return nil, err
	}
	return people, each(64, friends, func(_, i int) error {
		tag := binary.BigEndian.AppendUint32(make([]byte, wallet.TagSize-4), uint32(i))
		key := append([]byte{4}, binary.BigEndian.AppendUint32(make([]byte, 60), uint32(i))...)
		if _, err := do(ctx, g, wallet.SendCode, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[wallet.TagSize-wallet.KeySize:]}); err != nil {
			return err
		}
		e, err := do(ctx, g, wallet.Enrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: tag, PublicKey: key, Label: "phone", Details: friendMemo})
		if err != nil {
			return err
		}
		people[i] = &friend{uid: e.Uid, device: e.Device}
		_, err = do(ctx, g, person.Topup, &pb.PersonTopup{Uid: e.Uid, Amount: fortune, Currency: money.CNY, Ref: fmt.Sprint("friend-", i), Line: "bench"})
		return err
	})
}

// send is a transfer at once.
func (g *rig) send(ctx context.Context, people []*friend, caller, n, round int) error {
	from, to := people[caller], people[(caller+1+n%97)%friends]
	_, err := do(ctx, g, transfer.Create, &pb.TransferCreate{
		Payer: from.uid, Payee: to.uid, Amount: 1, Currency: money.CNY, ClientId: number(fmt.Sprint("T", round), caller, n), Memo: friendMemo, Consent: from.consent(),
	})
	return err
}

// throw makes lucky packets, and returns their ids in any order.
func (g *rig) throw(ctx context.Context, people []*friend, shares, n int, name string) ([]uint64, error) {
	ids := make([]uint64, n)
	return ids, each(64, n, func(worker, i int) error {
		p, err := do(ctx, g, packet.Create, &pb.PacketCreate{
			Payer: people[worker].uid, ClientId: fmt.Sprint(name, "-", i), Count: uint32(shares), Total: int64(shares) * 40, Currency: money.CNY, Lucky: true,
			Link: friendLink[:], Commitment: packet.Commitment(packetSeed), KeyId: "bench", Words: friendMemo, Consent: people[worker].consent(),
		})
		ids[i] = p.GetId()
		return err
	})
}

// claim takes a share of the i-th packet.
func (g *rig) claim(ctx context.Context, by *friend, packets []uint64, i int) error {
	if i >= len(packets) {
		return fmt.Errorf("the round takes more than %d packets", len(packets))
	}
	_, err := do(ctx, g, packet.Claim, &pb.PacketClaim{
		Packet: packets[i], Uid: by.uid, Link: friendLink[:], Nonce: make([]byte, packet.NonceSize), Lot: packet.Lot(packetSeed, by.uid), Consent: by.consent(),
	})
	return err
}
