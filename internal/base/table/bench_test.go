package table_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// BenchmarkFrame applies frames of pairs (an order and its payment, eight rows)
// through an overlay, flush and digests included, over memory that holds 100,000
// accounts.
//
//	go test -run '^$' -bench Frame -benchmem ./internal/base/table
func BenchmarkFrame(b *testing.B) {
	for _, pairs := range []int{1, 100, 4000} {
		b.Run(fmt.Sprintf("%d", pairs), func(b *testing.B) { benchFrame(b, pairs) })
	}
}

const benchAccounts = 100_000

func accountKey(n uint64) table.Key {
	return table.K(table.Accounts).Str(fmt.Sprintf("user/%d/balance", n)).U32(156)
}

func benchFrame(b *testing.B, pairs int) {
	mem, value := table.NewMem(), make([]byte, 400)
	var writes []table.Write
	var keys []table.Key
	for n := range uint64(benchAccounts) {
		keys = append(keys, accountKey(n))
		writes = append(writes, table.Write{Key: keys[n], Stored: table.Seal(nil, keys[n], value[:60])})
	}
	if err := mem.Commit(writes); err != nil {
		b.Fatal(err)
	}
	merchant := table.K(table.Accounts).Str("mch/1900000001/pending").U32(156)
	o, d := table.NewOverlay(mem), digests()
	b.ReportAllocs()
	b.ResetTimer()
	for n := uint64(0); b.Loop(); {
		o.Reset()
		for range pairs {
			n++
			pair(o, n, value, keys[n*7919%benchAccounts], merchant)
		}
		o.Flush(d)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(pairs), "ns/pair")
}

// pair touches rows as the rules do: it reads what it changes.
func pair(o *table.Overlay, n uint64, value []byte, payer, merchant table.Key) {
	binary.BigEndian.PutUint64(value, n)
	var buf [64]byte
	no := append(table.Key(buf[:0]), byte(table.OrderNos)).Str("1900000001").U64(n * 0x9e3779b97f4a7c15)
	if _, ok := o.Get(no); !ok {
		o.Insert(no, value[:10])
	}
	order := table.K(table.Orders).U64(n)
	o.Insert(order, value[:280])
	o.Insert(table.K(table.Journal).U64(2*n), value[:200])
	o.Get(order)
	o.Set(order, value[:360])
	o.Insert(table.K(table.Journal).U64(2*n+1), value[:350])
	for _, account := range []table.Key{payer, merchant} {
		o.Get(account)
		o.Set(account, value[:60])
	}
	o.Insert(table.K(table.Owed).U64(n), value[:120])
}

// BenchmarkScanInFrame scans as often as it writes, as refunds of one order do;
// a scan must not cost more the more the frame has written.
func BenchmarkScanInFrame(b *testing.B) {
	for _, rows := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("%d", rows), func(b *testing.B) {
			o, value := table.NewOverlay(table.NewMem()), make([]byte, 100)
			for b.Loop() {
				o.Reset()
				for n := range uint64(rows) {
					k := table.K(table.OrderRefunds).U64(n * 0x9e3779b97f4a7c15)
					o.Insert(k.U64(1), value)
					from, to := table.Prefix(k)
					o.Scan(from, to, func(_, _ []byte) bool { return true })
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/scan")
		})
	}
}
