package sim

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

var (
	oneSeed = flag.Uint64("seed", 0, "play the run of this seed and print what happens")
	variant = flag.String("variant", "", "with -seed: play it on this broken driver, and shrink what fails")
	rewrite = flag.Bool("rewrite", false, "write expected outputs anew")
)

// sims is how many seeds to play, from HOLDFAST_SIMS; 0 is without end.
func sims(t *testing.T) int {
	text := os.Getenv("HOLDFAST_SIMS")
	if text == "" {
		return 60
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("HOLDFAST_SIMS=%s is not a number of runs", text)
	}
	return n
}

// firstSeed is where to begin, from HOLDFAST_SEED.
func firstSeed(t *testing.T) uint64 {
	text := os.Getenv("HOLDFAST_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("HOLDFAST_SEED=%s is no seed", text)
	}
	return n
}

// Runs of one process take turns, so each core gets a process of its own.
const shardEnv = "HOLDFAST_SIM_SHARD" // "I/N"

// TestSeeds plays random scripts, each with its own seed. One that fails is
// shrunk to a short script.
func TestSeeds(t *testing.T) {
	n, first := sims(t), firstSeed(t)
	t.Logf("seeds from %d, %d of them (0: without end); the same ones each time, make soak plays others", first, n)
	if os.Getenv(shardEnv) != "" {
		shard(t, first, n)
		return
	}
	if n != 0 && n < 200 {
		t.Log(playSeeds(t, first, 1, n))
		return
	}
	t.Log(playShards(t, first, n)) // its budget of 50 minutes a minute is for a machine at rest
}

// playShards plays n seeds from first on, 0 without end, in a process for each core.
func playShards(t *testing.T, first uint64, n int) (total totals) {
	begin := time.Now()
	shards := min(runtime.NumCPU(), 8)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range shards {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSeeds$", "-test.v", "-test.timeout=0")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d/%d", shardEnv, i, shards),
				fmt.Sprintf("HOLDFAST_SEED=%d", first), fmt.Sprintf("HOLDFAST_SIMS=%d", n))
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if n == 0 { // whoever waits without end wants to see something
				cmd.Stdout = io.MultiWriter(&out, os.Stdout)
			}
			err := cmd.Run()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("%v\n%s", err, out.String())
			}
			total.read(out.String())
		})
	}
	wg.Wait()
	total.took = time.Since(begin)
	if total.runs != n && n != 0 {
		t.Errorf("%d of %d runs were played", total.runs, n)
	}
	return total
}

// shard plays its part and prints figures for the process that started it.
func shard(t *testing.T, first uint64, n int) {
	var i, shards int
	if _, err := fmt.Sscanf(os.Getenv(shardEnv), "%d/%d", &i, &shards); err != nil {
		t.Fatal(err)
	}
	debug.SetGCPercent(400) // a run leaves little behind
	own := 0
	if n != 0 {
		own = (n - i + shards - 1) / shards
	}
	total := playSeeds(t, first+uint64(i), uint64(shards), own)
	fmt.Printf("%s %d %d %d\n", totalsMark, total.runs, total.millis, total.requests)
}

const totalsMark = "played:"

// totals add up runs.
type totals struct {
	runs, requests int
	millis         int64
	took           time.Duration
}

func (s *totals) read(out string) {
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, totalsMark); ok {
			var runs, requests int
			var millis int64
			if _, err := fmt.Sscan(rest, &runs, &millis, &requests); err == nil {
				s.runs, s.millis, s.requests = s.runs+runs, s.millis+millis, s.requests+requests
			}
		}
	}
}

func (s totals) perMinute() float64 {
	return float64(s.millis) / float64(max(s.took.Milliseconds(), 1))
}

func (s totals) String() string {
	return fmt.Sprintf("%d runs, %d calls, %.1f simulated cluster-minutes in %.1f s: %.0f a minute",
		s.runs, s.requests, float64(s.millis)/60_000, s.took.Seconds(), s.perMinute())
}

// slow is what a run takes no longer than; the checker of histories may.
const slow = 2 * time.Second

// playSeeds plays n seeds, each step-th from first; it stops at the first that fails.
func playSeeds(t *testing.T, first, step uint64, n int) (total totals) {
	begin := time.Now()
	for i := uint64(0); n == 0 || i < uint64(n); i++ {
		seed := first + i*step
		opt := Options{Seed: seed, Lenient: true}
		started := time.Now()
		rep := Play(opt, Generate(seed))
		if took := time.Since(started); took > slow {
			t.Logf("seed %d took %.1f s for %.1f simulated ones", seed, took.Seconds(), float64(rep.Millis)/1000)
		}
		total.runs, total.millis, total.requests = total.runs+1, total.millis+rep.Millis, total.requests+rep.Requests
		total.took = time.Since(begin)
		if rep.Failure != nil || rep.Err != nil {
			explain(t, opt, Generate(seed), rep)
			return total
		}
		if n == 0 && i%1000 == 999 {
			fmt.Println(total)
		}
	}
	return total
}

// explain reports a failing run with a script that is as short as it gets.
func explain(t *testing.T, opt Options, steps []script.Step, rep Report) {
	t.Errorf("seed %d: %v %v\nsee it again with: make sim SEED=%d", opt.Seed, rep.Failure, rep.Err, opt.Seed)
	if rep.Failure != nil {
		short, last := Shrink(opt, steps, 500)
		t.Logf("shrunk to %d steps: %v\n%s", len(short), last.Failure, script.Format(short))
	}
}

// TestSeed is `make sim SEED=N`.
func TestSeed(t *testing.T) {
	if *oneSeed == 0 {
		t.Skip("no -seed")
	}
	fmt.Printf("seed %d\n", *oneSeed)
	steps := Generate(*oneSeed)
	if *variant != "" {
		steps = append([]script.Step{script.MustStep("broken " + *variant)}, steps...)
	}
	opt := Options{Seed: *oneSeed, Lenient: true, Trace: os.Stdout}
	rep := Play(opt, steps)
	fmt.Printf("fingerprint %016x, %.3f s simulated, term %d, %d requests\n", rep.Fingerprint, float64(rep.Millis)/1000, rep.Terms, rep.Requests)
	if rep.Failure != nil || rep.Err != nil {
		explain(t, opt, steps, rep)
	}
}
