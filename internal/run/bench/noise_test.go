package bench

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	busy, ok := parseStat("cpu  100 20 30 4000 500 6 7 8 9 10\n")
	if !ok || busy != 1710*time.Millisecond {
		t.Errorf("busy for %v, %v; want 171 hundredths of a second: all but idle, iowait and what user has already", busy, ok)
	}
	for _, line := range []string{"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7 x"} {
		if _, ok := parseStat(line); ok {
			t.Errorf("%q was taken for a line of /proc/stat", line)
		}
	}
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    Noise
		want bool
	}{
		{Noise{0.02, 1.05}, true}, {Noise{-1, 1.05}, true},
		{Noise{0.30, 1.05}, false}, {Noise{0.02, 1.60}, false}, {Noise{-1, 1.60}, false},
	} {
		if c.n.Quiet() != c.want {
			t.Errorf("%v: quiet is %v", c.n, !c.want)
		}
	}
}

// A suite that misses a budget while others are at work is run again, and the
// quietest run counts.
func TestNoisySuiteIsRunAgain(t *testing.T) {
	t.Parallel()
	weather := []Noise{{0.5, 2}, {0.2, 1.1}, {0.4, 1.1}}
	values := []float64{10, 20, 30}
	var got []Row
	opt := Options{Quick: true, Report: func(r Row) { got = append(got, r) }, Progress: func(string, ...any) {}}
	calls := 0
	s := Suite{Name: "s", run: func(_ context.Context, r *run) error {
		r.atLeast("rate", values[calls], "x", 100)
		return nil
	}}
	err := opt.runSuite(t.Context(), s, func() func() Noise {
		return func() Noise { calls++; return weather[calls-1] }
	})
	rates := slices.DeleteFunc(slices.Clone(got), func(r Row) bool { return r.Metric != "rate" })
	if err != nil || calls != quickTries || len(rates) != 1 || rates[0].Value != 20 || !rates[0].Noisy {
		t.Errorf("%d runs reported %+v, %v", calls, got, err)
	}
}

// On a quiet machine one run is enough, and what it misses is missed.
func TestQuietMissCounts(t *testing.T) {
	t.Parallel()
	var got []Row
	opt := Options{Report: func(r Row) { got = append(got, r) }, Progress: func(string, ...any) {}}
	calls := 0
	s := Suite{Name: "s", run: func(_ context.Context, r *run) error {
		calls++
		r.atMost("cost", 7, "us", 5)
		return nil
	}}
	err := opt.runSuite(t.Context(), s, func() func() Noise { return func() Noise { return Noise{0.01, 1.1} } })
	if err != nil || calls != 1 || len(got) == 0 || got[0].OK || got[0].Noisy {
		t.Errorf("%d runs reported %+v, %v", calls, got, err)
	}
}
