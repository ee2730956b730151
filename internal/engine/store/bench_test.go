package store_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

// BenchmarkPairs writes what an order and its payment write, frame by frame, on
// the machine's disk: rows in key order (orders, journal), at random (order
// numbers) and hot ones (accounts). It prints pairs a second at the beginning
// and at the end, so that a slow-down with size shows.
//
//	HOLDFAST_PAIRS=1000000 go test -run '^$' -bench Pairs -benchtime 1x ./internal/engine/store
func BenchmarkPairs(b *testing.B) {
	pairs := 100_000
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_PAIRS")); err == nil {
		pairs = n
	}
	for b.Loop() {
		s, err := store.Open(filepath.Join(b.TempDir(), "state"), store.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		writePairs(b, s, pairs)
		closed(b, s.Close)
	}
}

const pairsInFrame = 500

func writePairs(b *testing.B, s *store.Store, pairs int) {
	w := pairWriter{over: table.NewOverlay(s), digests: make(map[table.ID]*table.Digest)}
	for _, id := range table.All() {
		if id.Digested() {
			w.digests[id] = new(table.Digest)
		}
	}
	tenth := pairs / 10
	var first, last float64
	var slowest time.Duration
	begin, cpu := time.Now(), cpuTime(b)
	lap, lapCPU, cpuFirst, cpuLast := begin, cpu, 0.0, 0.0
	for n := 0; n < pairs; n += pairsInFrame {
		at := time.Now()
		w.over.Reset()
		for i := range pairsInFrame {
			w.pair(uint64(n + i))
		}
		if err := s.Commit(w.over.Flush(w.digests)); err != nil {
			b.Fatal(err)
		}
		slowest = max(slowest, time.Since(at))
		if done := n + pairsInFrame; done%tenth < pairsInFrame {
			rate := float64(tenth) / time.Since(lap).Seconds()
			if first == 0 {
				first = rate
			}
			last, lap = rate, time.Now()
			cpuLast = (cpuTime(b) - lapCPU).Seconds() * 1e6 / float64(tenth)
			if lapCPU += time.Duration(cpuLast * 1e3 * float64(tenth)); cpuFirst == 0 {
				cpuFirst = cpuLast
			}
		}
	}
	m := s.Metrics()
	b.ReportMetric(float64(pairs)/time.Since(begin).Seconds(), "pairs/s")
	b.ReportMetric(last/first, "last/first-tenth")
	b.ReportMetric((cpuTime(b)-cpu).Seconds()*1e6/float64(pairs), "cpu-us/pair")
	b.ReportMetric(cpuFirst, "cpu-us/pair-first-tenth")
	b.ReportMetric(cpuLast, "cpu-us/pair-last-tenth")
	b.ReportMetric(slowest.Seconds()*1e3, "slowest-frame-ms")
	b.ReportMetric(float64(m.WriteStalls), "stalls")
	b.ReportMetric(float64(m.DiskBytes)/float64(pairs), "disk-B/pair")
	b.ReportMetric(float64(m.BytesCompacted)/float64(max(m.BytesFlushed, 1)), "compacted/flushed")
}

// cpuTime is the processor time that this process has used, which on a busy
// machine says more than the clock.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// pairWriter makes the rows of a pair: eight, as the budget allows.
type pairWriter struct {
	over    *table.Overlay
	digests map[table.ID]*table.Digest
	buf     [700]byte
}

// bytes returns n bytes that do not repeat, half of them compressible.
func (w *pairWriter) bytes(seed uint64, n int) []byte {
	for i := 0; i+8 <= n; i += 8 {
		seed = seed*6364136223846793005 + 1442695040888963407
		if i%16 == 0 {
			binary.LittleEndian.PutUint64(w.buf[i:], seed)
		}
	}
	return w.buf[:n]
}

func (w *pairWriter) pair(n uint64) {
	h := fnv.New64a()
	fmt.Fprint(h, n)
	number := strconv.FormatUint(h.Sum64(), 36)
	no := table.K(table.OrderNos).Str("1900000001").Str(number)
	if _, ok := w.over.Get(no); !ok {
		w.over.Insert(no, w.bytes(n, 8))
	}
	w.over.Insert(orderKey(n), w.bytes(n, 280))
	w.over.Insert(table.K(table.Journal).U64(2*n), w.bytes(n, 200))
	w.over.Insert(table.K(table.Journal).U64(2*n+1), w.bytes(n, 350))
	// The payment reads what it changes.
	w.over.Get(no)
	w.over.Get(orderKey(n))
	w.over.Set(orderKey(n), w.bytes(n+1, 360))
	for _, account := range []string{"user/" + strconv.FormatUint(n*7919%100_000, 10) + "/balance", "mch/1900000001/pending"} {
		k := table.K(table.Accounts).Str(account).U32(156)
		w.over.Get(k)
		w.over.Set(k, w.bytes(n, 60))
	}
	w.over.Insert(table.K(table.Owed).U64(n), w.bytes(n, 120))
}
