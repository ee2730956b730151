package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	friends      = 500  // callers, each with a device of its own
	fewShares    = 10   // of each of many packets
	packetRounds = 1000 // most claims of one caller in a round
)

// friend is a person with a wallet, who asks for one thing at a time.
type friend struct {
	uid     uint64
	device  []byte
	key     *ecdsa.PrivateKey
	counter atomic.Uint64
}

func (f *friend) count() uint64 { return f.counter.Add(1) }

// consent is one that the engine takes: it does not look at signatures.
func (f *friend) consent() *pb.Consent {
	return &pb.Consent{Device: f.device, Counter: f.count(), Signed: make([]byte, 32), Signature: make([]byte, 64)}
}

// thrown is a lucky packet, with what shares are drawn from.
type thrown struct {
	id   uint64
	seed []byte
}

const friendToken = "0123456789abcdef0123456789abcdef"

var (
	friendLink = sha256.Sum256([]byte(friendToken))
	friendMemo = &pb.Sealed{KeyId: "00112233445566778899aabbccddeeff", Box: make([]byte, 60), Hash: make([]byte, 16)}
)

// befriend gives so many people as there are callers a wallet, a name and a fortune.
func (g *rig) befriend(ctx context.Context) ([]*friend, error) {
	people := make([]*friend, friends)
	if _, err := do(ctx, g, wallet.SetLimits, &pb.LimitsSet{
		Limits: &pb.Limits{Grade: 1, PerAct: fortune, PerDay: fortune << 4, PerYear: fortune << 8, PerMinute: 1 << 30},
	}); err != nil {
		return nil, err
	}
	return people, each(64, friends, func(_, i int) (err error) {
		people[i], err = g.befriendOne(ctx, i)
		return err
	})
}

func (g *rig) befriendOne(ctx context.Context, i int) (*friend, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a device's key: %w", err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read a device's key: %w", err)
	}
	details, err := g.node.People().Seal(ctx, &pb.Details{Name: "bench", Phone: "+8613800000000"})
	if err != nil {
		return nil, err
	}
	tag := binary.BigEndian.AppendUint32(make([]byte, wallet.TagSize-4), uint32(i))
	if _, err := do(ctx, g, wallet.SendCode, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[wallet.TagSize-wallet.KeySize:]}); err != nil {
		return nil, err
	}
	e, err := do(ctx, g, wallet.Enrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: tag, PublicKey: point, Label: "phone", Details: details})
	if err != nil {
		return nil, err
	}
	_, err = do(ctx, g, person.Topup, &pb.PersonTopup{Uid: e.Uid, Amount: fortune, Currency: money.CNY, Ref: fmt.Sprint("friend-", i), Line: "bench"})
	return &friend{uid: e.Uid, device: e.Device, key: key}, err
}

// place places n orders, and returns their prepay ids.
func (g *rig) place(ctx context.Context, n int, round string) ([]string, error) {
	ids := make([]string, n)
	return ids, each(64, n, func(worker, i int) error {
		o, err := do(ctx, g, order.Create, orderCreate(worker*7+i, number(round, worker, i)))
		ids[i] = o.GetPrepayId()
		return err
	})
}

// payPlaced pays an order.
func (g *rig) payPlaced(ctx context.Context, by *friend, prepayID string) error {
	_, err := do(ctx, g, order.PayByWallet, &pb.WalletPay{PrepayId: prepayID, Uid: by.uid, Attempt: []byte(prepayID[:32]), Consent: by.consent()})
	return err
}

// send is a transfer at once.
func (g *rig) send(ctx context.Context, people []*friend, caller, n, round int) error {
	from, to := people[caller], people[(caller+1+n%97)%friends]
	_, err := do(ctx, g, transfer.Create, &pb.TransferCreate{
		Payer: from.uid, Payee: to.uid, Amount: 1, Currency: money.CNY, ClientId: number(fmt.Sprint("T", round), caller, n), Memo: friendMemo, Consent: from.consent(),
	})
	return err
}

// throw makes lucky packets, in any order.
func (g *rig) throw(ctx context.Context, people []*friend, shares, n int, name string) ([]thrown, error) {
	key, keyID, err := g.node.People().PacketKey(ctx, "")
	if err != nil {
		return nil, err
	}
	packets := make([]thrown, n)
	return packets, each(64, n, func(worker, i int) error {
		payer, id := people[worker], fmt.Sprint(name, "-", i)
		seed := packet.SeedOf(key, payer.uid, id)
		p, err := do(ctx, g, packet.Create, &pb.PacketCreate{
			Payer: payer.uid, ClientId: id, Count: uint32(shares), Total: int64(shares) * 40, Currency: money.CNY, Lucky: true,
			Link: friendLink[:], Commitment: packet.Commitment(seed), KeyId: keyID, Words: friendMemo, Consent: payer.consent(),
		})
		packets[i] = thrown{p.GetId(), seed}
		return err
	})
}

// claim takes a share.
func (g *rig) claim(ctx context.Context, by *friend, p thrown) error {
	_, err := do(ctx, g, packet.Claim, &pb.PacketClaim{
		Packet: p.id, Uid: by.uid, Link: friendLink[:], Nonce: make([]byte, packet.NonceSize), Lot: packet.Lot(p.seed, by.uid), Consent: by.consent(),
	})
	return err
}
