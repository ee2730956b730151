package machine_test

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/arena"
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// mapBackend keeps rows in a map: a store that costs next to nothing, so that
// what is measured is the machine, and its own collector beside it.
type mapBackend struct {
	rows map[string][]byte
	mem  arena.Arena
}

func newMapBackend() *counted { return &counted{Backend: &mapBackend{rows: map[string][]byte{}}} }

func (m *mapBackend) Load(key, buf []byte) ([]byte, bool, error) {
	stored, ok := m.rows[string(key)]
	return append(buf, stored...), ok, nil
}

func (m *mapBackend) Iterate(_, _ []byte, _ func(key, stored []byte) bool) error { return nil }

func (m *mapBackend) Commit(writes []table.Write) error {
	for _, w := range writes {
		switch id := table.ID(w.Key[0]); {
		case w.Stored == nil:
			delete(m.rows, string(w.Key))
		case id != table.Journal && id != table.Tiles:
			m.put(w)
		}
	}
	return nil
}

// put costs no allocation, which would be counted as the machine's.
func (m *mapBackend) put(w table.Write) {
	if have, ok := m.rows[string(w.Key)]; ok && cap(have) >= len(w.Stored) {
		m.rows[string(w.Key)] = append(have[:0], w.Stored...)
		return
	}
	m.rows[m.mem.Text(w.Key)] = m.mem.Copy(w.Stored)
}

func (m *mapBackend) Snapshot() table.Snapshot { return table.NewView(m, nil) }

const (
	benchFrame     = 500
	benchPayers    = 500
	benchMerchants = 20
)

// pairs makes frames of creates and of the payments of their orders.
type pairs struct {
	tb     testing.TB
	m      *machine.Machine
	index  uint64
	now    int64
	seed   uint64
	placed int
	bodies [][]byte
}

func newPairs(tb testing.TB, backend table.Backend, level uint32) *pairs {
	m, err := machine.Open(backend, machine.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	p := &pairs{tb: tb, m: m, now: 1_780_000_000_000}
	p.one(catalogue.Genesis, &pb.Genesis{LogName: "bench", Level: level})
	for i := range benchMerchants {
		p.one(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: p.mchid(i), Name: "Tea House", Appids: []string{workAppid}})
	}
	for i := range benchPayers {
		p.one(catalogue.PersonAdd, &pb.PersonAdd{Ref: fmt.Sprint("payer-", i), Name: "payer", Appids: []string{workAppid}})
		p.one(catalogue.PersonTopup, &pb.PersonTopup{Uid: uint64(i + 1), Amount: math.MaxInt64 / benchPayers, Currency: money.CNY, Ref: fmt.Sprint(i), Line: "demo"})
	}
	return p
}

func (p *pairs) mchid(i int) string { return fmt.Sprintf("19%08d", i%benchMerchants) }

func (p *pairs) add(n catalogue.Number, actor string, body table.Record) {
	p.seed++
	cmd := catalogue.NewCommand(n, actor, "08F78BB5D1061038", body)
	cmd.Origin, cmd.At, cmd.Seed = 7, p.now, make([]byte, 16)
	binary.BigEndian.PutUint64(cmd.Seed, p.seed*0x9e3779b97f4a7c15)
	p.bodies = append(p.bodies, table.Encode(cmd))
}

func (p *pairs) frame() []byte {
	raw := frame(p.bodies...)
	p.bodies = p.bodies[:0]
	return raw
}

func (p *pairs) apply(raw []byte) []catalogue.Result {
	p.index++
	p.now += 5
	res, err := p.m.Apply(p.index, 1, raw)
	if err != nil {
		p.tb.Fatal(err)
	}
	return res
}

func (p *pairs) one(n catalogue.Number, body table.Record) {
	p.add(n, "bench", body)
	if res := p.apply(p.frame()); res[0].Code != code.OK {
		p.tb.Fatalf("%s: %s", n, res[0].Code)
	}
}

func (p *pairs) creates(n int) []byte {
	for range n {
		p.placed++
		p.add(catalogue.OrderCreate, "mch/"+p.mchid(p.placed)+"#5157F09EFDC096DE15EBE81A47057A7200000000", &pb.OrderCreate{
			Mchid: p.mchid(p.placed), Appid: workAppid, OutTradeNo: fmt.Sprintf("T2026-%012d", p.placed), Product: pb.Product_PRODUCT_NATIVE,
			Total: 100, Currency: money.CNY, Description: "Image形象店-深圳腾大-QQ公仔", NotifyUrl: "https://shop.example/notify", Attach: "table 7",
		})
	}
	return p.frame()
}

func (p *pairs) pays(orders []catalogue.Result) []byte {
	for i, res := range orders {
		p.add(catalogue.OrderPay, "cashier", &pb.OrderPay{
			PrepayId: res.Body.(*pb.Order).PrepayId, Uid: uint64(1 + (p.placed+i)%benchPayers), Attempt: []byte(fmt.Sprintf("%032d", p.placed+i)),
		})
	}
	return p.frame()
}

// BenchmarkPairs is the machine's cost of an order and its payment, in frames of
// 500: ns/op, B/op and allocs/op are of one pair. Run it with -count, so that the
// layouts of the journal take turns.
func BenchmarkPairs(b *testing.B) {
	for _, level := range []uint32{journal.LevelPacked - 1, machine.MaxLevel} {
		b.Run(fmt.Sprint("level=", level), func(b *testing.B) { benchPairs(b, newMapBackend(), level) })
	}
}

// BenchmarkPairsOnPebble is BenchmarkPairs with the store that a node has.
func BenchmarkPairsOnPebble(b *testing.B) {
	for _, level := range []uint32{journal.LevelPacked - 1, machine.MaxLevel} {
		b.Run(fmt.Sprint("level=", level), func(b *testing.B) {
			s, err := store.Open(b.TempDir(), store.Options{Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			benchPairs(b, &counted{Backend: s}, level)
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func benchPairs(b *testing.B, backend *counted, level uint32) {
	p := newPairs(b, backend, level)
	backend.rows, backend.bytes = 0, 0
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += benchFrame {
		b.StopTimer()
		size := min(benchFrame, b.N-n)
		creates := p.creates(size)
		b.StartTimer()
		orders := p.apply(creates)
		b.StopTimer()
		pays := p.pays(orders)
		b.StartTimer()
		for _, res := range p.apply(pays) {
			if res.Code != code.OK {
				b.Fatal(res.Code)
			}
		}
	}
	b.ReportMetric(float64(backend.rows)/float64(b.N), "rows/pair")
	b.ReportMetric(float64(backend.bytes)/float64(b.N), "rowB/pair")
}

// counted counts the rows and bytes, keys with them, that a backend is given.
type counted struct {
	table.Backend
	rows, bytes int
}

func (c *counted) Commit(writes []table.Write) error {
	for _, w := range writes {
		c.rows++
		c.bytes += len(w.Key) + len(w.Stored)
	}
	return c.Backend.Commit(writes)
}
