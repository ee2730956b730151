package machine_test

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// senders are the people of pairs, with wallets.
type senders struct {
	*pairs
	store   *counted
	holders []*holder
	sent    int
}

func newSenders(tb testing.TB, store *counted) *senders {
	s := &senders{pairs: newPairs(tb, store, machine.MaxLevel), store: store}
	s.one(catalogue.LimitsSet, &pb.LimitsSet{Limits: &pb.Limits{Grade: 1, PerAct: 1 << 40, PerDay: 1 << 50, PerYear: 1 << 60, PerMinute: 1 << 30}})
	for n := range benchPayers {
		tag := binary.BigEndian.AppendUint32(make([]byte, wallet.TagSize-4), uint32(n))
		point := append([]byte{4}, binary.BigEndian.AppendUint32(make([]byte, 60), uint32(n))...)
		s.one(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[:wallet.KeySize]})
		s.one(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: tag, PublicKey: point, Label: "phone", Details: benchSealed})
		h := &holder{uid: uint64(benchPayers + n + 1), device: wallet.DeviceID(point)}
		s.one(catalogue.PersonTopup, &pb.PersonTopup{Uid: h.uid, Amount: 1 << 40, Currency: money.CNY, Ref: fmt.Sprint("w", n), Line: "sent"})
		s.holders = append(s.holders, h)
	}
	store.rows, store.bytes = 0, 0
	return s
}

var benchSealed = &pb.Sealed{KeyId: "00112233445566778899aabbccddeeff", Box: filled(60, 1), Hash: filled(16, 1)}

// run applies frames of commands that next adds, and counts what they cost.
func (s *senders) run(b *testing.B, next func()) {
	b.ReportAllocs()
	for n := 0; n < b.N; n += benchFrame {
		b.StopTimer()
		for range min(benchFrame, b.N-n) {
			next()
			s.sent++
		}
		raw := s.frame()
		b.StartTimer()
		for _, res := range s.apply(raw) {
			if res.Code != code.OK {
				b.Fatal(res.Code)
			}
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(s.store.rows)/float64(b.N), "rows/op")
	b.ReportMetric(float64(s.store.bytes)/float64(b.N), "rowB/op")
}

// BenchmarkTransfers is the machine's cost of a transfer at once, with a memo, to be
// set against BenchmarkPairs: a transfer may cost no more than 1/1.2 of a pair.
func BenchmarkTransfers(b *testing.B) { transfers(b, newMapBackend()) }

// BenchmarkTransfersOnPebble is BenchmarkTransfers with the store that a node has.
func BenchmarkTransfersOnPebble(b *testing.B) { withPebble(b, transfers) }

// withPebble runs a benchmark with a store of its own.
func withPebble(b *testing.B, run func(*testing.B, *counted)) {
	s, err := store.Open(b.TempDir(), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	run(b, &counted{Backend: s})
	b.StopTimer()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

func transfers(b *testing.B, backend *counted) {
	s := newSenders(b, backend)
	b.ResetTimer()
	s.run(b, func() {
		from, to := s.holders[s.sent%benchPayers], s.holders[(s.sent*7+1)%benchPayers]
		if from == to {
			to = s.holders[(s.sent+1)%benchPayers]
		}
		s.add(catalogue.TransferCreate, "wallet", &pb.TransferCreate{
			Payer: from.uid, Payee: to.uid, Amount: 100, Currency: money.CNY, ClientId: fmt.Sprintf("T%015d", s.sent), Memo: benchSealed, Consent: from.consent(0),
		})
	})
}

// BenchmarkClaims is the machine's cost of a share of a lucky packet.
func BenchmarkClaims(b *testing.B) {
	for name, shares := range map[string]int{"ten-shares": 10, "one-packet": packet.MaxShares} {
		b.Run(name, func(b *testing.B) { claims(b, newMapBackend(), shares) })
		b.Run(name+"/pebble", func(b *testing.B) { withPebble(b, func(b *testing.B, s *counted) { claims(b, s, shares) }) })
	}
}

func claims(b *testing.B, backend *counted, shares int) {
	s := newSenders(b, backend)
	var packets []*pb.Packet
	for n := 0; n < b.N; n += shares {
		seed := packet.SeedOf(workSeedKey, s.holders[0].uid, fmt.Sprint(n))
		s.add(catalogue.PacketCreate, "wallet", &pb.PacketCreate{
			Payer: s.holders[0].uid, ClientId: fmt.Sprint(n), Count: uint32(shares), Total: int64(shares) * 40, Currency: money.CNY, Lucky: true,
			Link: workLink[:], Commitment: packet.Commitment(seed), KeyId: "packets-1", Words: benchSealed, Consent: s.holders[0].consent(0),
		})
		if len(s.bodies) == benchFrame || n+shares >= b.N {
			for _, res := range s.apply(s.frame()) {
				packets = append(packets, res.Body.(*pb.Packet))
			}
		}
	}
	s.store.rows, s.store.bytes = 0, 0
	nonce := filled(packet.NonceSize, 3)
	// Claims go round a frame's worth of packets, so that those of one packet are not
	// next to each other.
	round := benchFrame / shares
	b.ResetTimer()
	s.run(b, func() {
		group, within := s.sent/(round*shares), s.sent%(round*shares)
		p := packets[min(group*round+within%round, len(packets)-1)]
		s.add(catalogue.PacketClaim, "wallet", claimOf(p, s.holders[within/round], nonce))
	})
}
