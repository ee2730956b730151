package view_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// fixed is a Source whose journal rows are ready to be scanned in order.
type fixed struct {
	table.Reader
	keys, values [][]byte
	head         []byte
}

func newFixed(entries []*pb.Entry) *fixed {
	f := new(fixed)
	for i, e := range entries {
		e.Seq = uint64(i)
		f.keys = append(f.keys, table.K(table.Journal).U64(e.Seq))
		f.values = append(f.values, table.Encode(e))
	}
	f.head = table.Encode(&pb.Head{JournalSize: uint64(len(entries))})
	return f
}

func (f *fixed) ReadLocal(_ context.Context, read func(table.Reader) error) error { return read(f) }

func (f *fixed) Changed() <-chan struct{} { return nil }

func (f *fixed) Get(key []byte) ([]byte, bool) {
	if key[0] == byte(table.Head) {
		return f.head, true
	}
	k := table.F(key)
	return f.values[k.U64()], true
}

func (f *fixed) Scan(from, _ []byte, visit func(key, value []byte) bool) {
	k := table.F(from)
	for i := k.U64(); i < uint64(len(f.keys)) && visit(f.keys[i], f.values[i]); i++ {
	}
}

// BenchmarkBuild measures how many lines a second are built into a store on
// disk: transfers in batches of 8,000, and payments of an order each.
func BenchmarkBuild(b *testing.B) {
	for _, accounts := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("batches/accounts=%d", accounts), func(b *testing.B) { benchBuild(b, batches(1_000_000, accounts)) })
		b.Run(fmt.Sprintf("payments/accounts=%d", accounts), func(b *testing.B) { benchBuild(b, payments(200_000, accounts)) })
	}
}

func benchBuild(b *testing.B, entries []*pb.Entry) {
	lines := 0
	for _, e := range entries {
		lines += 2 * len(e.Postings)
	}
	src := newFixed(entries)
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu(b)
	for b.Loop() {
		v := open(b, b.TempDir(), vfs.Default, view.Options{})
		for more := true; more; {
			var err error
			if more, err = v.RunOnce(context.Background(), src); err != nil {
				b.Fatal(err)
			}
		}
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
	done := float64(lines) * float64(b.N)
	b.ReportMetric(done/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(cpu(b)-before)/done, "cpu-ns/line")
}

// cpu is the processor time the process has used, Pebble's goroutines included.
func cpu(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// batches are transfers between random accounts, 800 an entry.
func batches(transfers, accounts int) []*pb.Entry {
	rng := rand.New(rand.NewPCG(1, 2))
	names := make([]string, accounts)
	for i := range names {
		names[i] = fmt.Sprintf("user/%d/balance", 100_000+i)
	}
	var entries []*pb.Entry
	for n := 0; n < transfers; n += 800 {
		e := &pb.Entry{At: 1_767_225_600_000 + int64(n/200), Number: 21, Entity: fmt.Sprintf("batch/b%d", n/8000), Actor: "bench", CommandHash: make([]byte, 32)}
		for range 800 {
			from := rng.IntN(accounts)
			e.Postings = append(e.Postings, pay(names[from], names[(from+1+rng.IntN(accounts-1))%accounts], 1+rng.Int64N(1000)))
		}
		entries = append(entries, e)
	}
	return entries
}

// payments are orders of 100 merchants, each created and paid at once.
func payments(orders, payers int) []*pb.Entry {
	rng := rand.New(rand.NewPCG(3, 4))
	var entries []*pb.Entry
	for n := range orders {
		at, entity, mchid := 1_767_225_600_000+int64(n/30), fmt.Sprintf("order/%d", n+1), fmt.Sprintf("19000000%02d", n%100)
		name := fmt.Sprintf("%s/T%d", mchid, n)
		entries = append(entries,
			&pb.Entry{At: at, Number: orderCreate, Entity: entity, Name: name, Actor: "mch/" + mchid, CommandHash: make([]byte, 32)},
			&pb.Entry{At: at, Number: 16, Entity: entity, Name: name, Actor: "cashier", CommandHash: make([]byte, 32),
				Postings: []*pb.Posting{pay(fmt.Sprintf("user/%d/balance", 1+rng.IntN(payers)), "mch/"+mchid+"/pending", 100)}})
	}
	return entries
}
