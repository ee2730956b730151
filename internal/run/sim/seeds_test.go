package sim

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

func TestSeeds(t *testing.T) {
	from, n := 1, 100
	if v := os.Getenv("FROM"); v != "" {
		from, _ = strconv.Atoi(v)
	}
	if v := os.Getenv("N"); v != "" {
		n, _ = strconv.Atoi(v)
	}
	begin := time.Now()
	var simulated int64
	bad := 0
	slack := map[int]int{}
	defer func() { t.Log(slack) }()
	frames, reqs := 0, 0
	for seed := from; seed < from+n; seed++ {
		opt := Options{Lenient: true, Seed: uint64(seed)}
		if n == 1 {
			opt.Trace = os.Stdout
		}
		t0 := time.Now()
		rep := Play(opt, Generate(uint64(seed)))
		if d := time.Since(t0); d > 500*time.Millisecond {
			t.Logf("seed %d took %v for %d ms", seed, d, rep.Millis)
		}
		simulated += rep.Millis
		frames += rep.Frames
		reqs += rep.Requests
		slack[int(rep.shocks)-int(rep.Terms)]++
		if rep.Failure != nil || rep.Err != nil {
			s := fmt.Sprint(rep.Failure)
			if len(s) > 1500 {
				s = s[:1500]
			}
			t.Errorf("seed %d: %v %v at %s", seed, s, rep.Err, rep.Step)
			if bad++; bad > 12 {
				break
			}
		}
	}
	took := time.Since(begin)
	t.Logf("%d runs in %v, %.0f simulated minutes a minute, avg %d ms simulated, %d frames, %d calls", n, took, float64(simulated)/float64(took.Milliseconds()), simulated/int64(n), frames/n, reqs/n)
}
