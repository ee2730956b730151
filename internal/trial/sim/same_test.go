package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// goldenSeeds are the runs whose fingerprints are kept.
const goldenSeeds = 12

// One seed is one run: again in this process, with the garbage collector at work
// all the time, on one core, and on any other machine.
func TestOneSeedIsOneRun(t *testing.T) {
	var lines []string
	for seed := uint64(1); seed <= goldenSeeds; seed++ {
		first := Play(Options{Seed: seed, Lenient: true}, Generate(seed))
		cores := runtime.GOMAXPROCS(1)
		percent := debug.SetGCPercent(5)
		second := Play(Options{Seed: seed, Lenient: true}, Generate(seed))
		runtime.GOMAXPROCS(cores)
		debug.SetGCPercent(percent)
		if first.Fingerprint != second.Fingerprint || first.Millis != second.Millis || first.Requests != second.Requests {
			t.Errorf("seed %d was two runs: %016x after %d ms and %016x after %d ms", seed, first.Fingerprint, first.Millis, second.Fingerprint, second.Millis)
		}
		lines = append(lines, fmt.Sprintf("%d %016x %d", seed, first.Fingerprint, first.Millis))
	}
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", "fingerprints.txt")
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the runs are not those of %s. When rules, member or sim changed, write it anew with: make golden\n%s", path, got)
	}
}

// Two seeds are two runs: the fingerprint sees something.
func TestSeedsDiffer(t *testing.T) {
	a, b := Play(Options{Seed: 1, Lenient: true}, Generate(1)), Play(Options{Seed: 2, Lenient: true}, Generate(1))
	if a.Fingerprint == 0 || a.Requests == 0 {
		t.Errorf("nothing happened: %+v", a)
	}
	// The script names its own seed, which counts.
	if a.Fingerprint != b.Fingerprint {
		t.Error("a script with a seed depends on the option")
	}
	if c := Play(Options{Seed: 2, Lenient: true}, Generate(2)); c.Fingerprint == a.Fingerprint {
		t.Error("two seeds gave one run")
	}
}
