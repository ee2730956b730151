package raftlog_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// BenchmarkAppend compares one durable append with a bare append and fsync of
// the same size on the same disk, turn by turn in one run.
//
//	go test -run '^$' -bench Append -benchtime 2s ./internal/engine/raftlog
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1 << 10, 128 << 10, 512 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) { benchAppend(b, size) })
	}
}

func benchAppend(b *testing.B, size int) {
	opt := options(b, nil)
	opt.MemTableBytes, opt.RecentBytes = 0, 0 // as in production
	opt.Logger = slog.New(slog.DiscardHandler)
	l, err := raftlog.Open(filepath.Join(b.TempDir(), "log"), opt)
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		b.Fatal(err)
	}
	var bare, ours []time.Duration
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	for i := uint64(1); b.Loop(); i++ {
		begin := time.Now()
		if _, err := f.Write(data); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		term := uint64(1)
		e := &raftpb.Entry{Index: &i, Term: &term, Data: data}
		if err := l.Append(hard(1, i-1), []*raftpb.Entry{e}, true); err != nil {
			b.Fatal(err)
		}
		l.Acked(i)
		bare, ours = append(bare, middle.Sub(begin)), append(ours, time.Since(middle))
		if i%1000 == 0 {
			if _, err := l.Retain(time.Now(), i-500); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.StopTimer()
	report(b, "bare", bare)
	report(b, "ours", ours)
	b.ReportMetric(float64(total(ours))/float64(total(bare)), "ours/bare")
	b.ReportMetric(float64(l.Metrics().WriteStalls), "stalls")
	closed(b, l.Close)
}

func total(d []time.Duration) (sum time.Duration) {
	for _, x := range d {
		sum += x
	}
	return sum
}

func report(b *testing.B, name string, d []time.Duration) {
	slices.Sort(d)
	b.ReportMetric(float64(d[len(d)/2])/1e3, name+"-p50-us")
	b.ReportMetric(float64(d[len(d)*99/100])/1e3, name+"-p99-us")
}

// BenchmarkReplay reads the log as a restart does.
func BenchmarkReplay(b *testing.B) {
	opt := options(b, nil)
	opt.MemTableBytes, opt.RecentBytes = 0, 0
	folder := filepath.Join(b.TempDir(), "log")
	l, err := raftlog.Open(folder, opt)
	if err != nil {
		b.Fatal(err)
	}
	const n, size = 2000, 128 << 10
	data, term := make([]byte, size), uint64(1)
	if _, err := rand.Read(data); err != nil {
		b.Fatal(err)
	}
	for i := uint64(1); i <= n; i++ {
		if err := l.Append(hard(1, i-1), []*raftpb.Entry{{Index: &i, Term: &term, Data: data}}, false); err != nil {
			b.Fatal(err)
		}
	}
	closed(b, l.Close)
	b.SetBytes(n * size)
	for b.Loop() {
		if l, err = raftlog.Open(folder, opt); err != nil {
			b.Fatal(err)
		}
		if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
			b.Fatal(err)
		}
		closed(b, l.Close)
	}
}
