package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// each runs do for 0..n-1 from as many goroutines as workers, and stops at the
// first error.
func each(workers, n int, do func(worker, i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(w, i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if p := failed.Load(); p != nil {
		return *p
	}
	return nil
}

// outcome is what a closed loop of callers did.
type outcome struct {
	done    int
	took    time.Duration
	cpu     time.Duration
	latency *hdrhistogram.Histogram // microseconds
}

func (o outcome) rate() float64 { return float64(o.done) / o.took.Seconds() }

func (o outcome) cpuMicros() float64 { return micros(o.cpu) / float64(max(o.done, 1)) }

// latencies is a histogram in parts, so that callers rarely wait for each other.
// One for each of hundreds would cost more than what is measured.
type latencies [16]struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
}

func (l *latencies) record(caller int, took time.Duration) {
	part := &l[caller%len(l)]
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.h == nil {
		part.h = newHistogram()
	}
	_ = part.h.RecordValue(took.Microseconds())
}

func (l *latencies) mergeInto(h *hdrhistogram.Histogram) {
	for i := range l {
		if l[i].h != nil {
			h.Merge(l[i].h)
		}
	}
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

// closedLoop lets callers repeat do, each one after the other, for a time.
func closedLoop(ctx context.Context, callers int, d time.Duration, do func(caller, i int) error) (outcome, error) {
	var mu sync.Mutex
	var errs []error
	out := outcome{latency: newHistogram()}
	var latency latencies
	begin, busy := time.Now(), cpu()
	end := begin.Add(d)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			n, err := 0, error(nil)
			for now := time.Now(); now.Before(end) && err == nil && ctx.Err() == nil; {
				if err = do(c, n); err == nil {
					n++
				} else if overloaded(err) {
					err = nil
				}
				after := time.Now()
				latency.record(c, after.Sub(now))
				now = after
			}
			mu.Lock()
			defer mu.Unlock()
			out.done += n
			errs = append(errs, err)
		})
	}
	wg.Wait()
	out.took, out.cpu = time.Since(begin), cpu()-busy
	latency.mergeInto(out.latency)
	return out, errors.Join(append(errs, ctx.Err())...)
}

// openLoop begins do at a steady pace, whatever became of those before, and
// measures each from the moment it was due.
func openLoop(ctx context.Context, perSecond float64, d time.Duration, do func(i int) error) (outcome, error) {
	var mu sync.Mutex
	var failed error
	out := outcome{latency: newHistogram()}
	begin := time.Now()
	every := time.Duration(float64(time.Second) / max(perSecond, 1))
	var wg sync.WaitGroup
	for i := 0; ctx.Err() == nil; i++ {
		due := begin.Add(time.Duration(i) * every)
		if due.Sub(begin) >= d {
			break
		}
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		wg.Go(func() {
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
				return
			}
			out.done++
			_ = out.latency.RecordValue(time.Since(due).Microseconds()) // a minute at most
		})
	}
	wg.Wait()
	out.took = time.Since(begin)
	return out, errors.Join(failed, ctx.Err())
}
