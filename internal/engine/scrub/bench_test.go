package scrub_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
)

// BenchmarkThroughput measures order-and-payment pairs with and without the
// scrubber at work, in turns, and reports the ratio of the medians. The scrubber
// reads at its least rate, which is what it does below 90 GB.
//
//	go test -run '^$' -bench Throughput ./internal/engine/scrub
func BenchmarkThroughput(b *testing.B) {
	r := newRig(b)
	r.pairs(20_000)
	r.flush()
	turn := func() float64 {
		const pairs = 2000
		begin := time.Now()
		r.pairs(pairs)
		return pairs / time.Since(begin).Seconds()
	}
	scrubbed := func() float64 {
		opt := r.options(newClock())
		opt.Now, opt.Wait, opt.Rate, opt.Path = nil, nil, scrub.LeastRate, ""
		s := scrub.New(opt)
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for s.RunOnce(ctx) == nil {
			}
		}()
		defer func() { cancel(); <-done }()
		return turn()
	}
	var with, without []float64
	for b.Loop() {
		without = append(without, turn())
		with = append(with, scrubbed())
	}
	slices.Sort(with)
	slices.Sort(without)
	b.ReportMetric(without[len(without)/2], "pairs/s-without")
	b.ReportMetric(with[len(with)/2], "pairs/s-with")
	b.ReportMetric(with[len(with)/2]/without[len(without)/2], "ratio")
}
