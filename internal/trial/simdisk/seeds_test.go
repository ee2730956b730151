package simdisk_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/simdisk"
)

func number(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestSeeds plays seeds one after the other. HOLDFAST_SIMDISKS says how many,
// HOLDFAST_SIMDISK_FROM which is the first.
func TestSeeds(t *testing.T) {
	t.Parallel()
	from, count := number(t, "HOLDFAST_SIMDISK_FROM", 1), number(t, "HOLDFAST_SIMDISKS", 10)
	failures := 0
	begin := time.Now()
	for seed := from; seed < from+count; seed++ {
		if f := simdisk.Run(simdisk.Options{Seed: seed}); f != nil {
			t.Error(f)
			if failures++; failures == 3 {
				t.FailNow()
			}
		}
	}
	t.Logf("%d seeds in %.1f s", count, time.Since(begin).Seconds())
}

// TestOneSeed plays HOLDFAST_SIMDISK_SEED, with HOLDFAST_SIMDISK_VARIANT.
func TestOneSeed(t *testing.T) {
	t.Parallel()
	seed := number(t, "HOLDFAST_SIMDISK_SEED", 1)
	if f := simdisk.Run(simdisk.Options{Seed: seed, Variant: simdisk.Variant(os.Getenv("HOLDFAST_SIMDISK_VARIANT"))}); f != nil {
		t.Error(f)
	}
}

// Every variant that is wrong on purpose is caught, and within a few seeds: a
// checker that sees nothing would pass every run.
func TestBrokenVariantsAreCaught(t *testing.T) {
	t.Parallel()
	const within = 40
	// Among three the others' word for what a node acknowledged stands in for this
	// check: it is a node alone that needs it.
	nodes := map[simdisk.Variant]int{simdisk.SkipCheckStart: 1}
	for _, v := range simdisk.Variants() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(within) {
				if f := simdisk.Run(simdisk.Options{Seed: 1000 + seed, Variant: v, Nodes: nodes[v]}); f != nil {
					t.Logf("caught after %d seeds: %s", seed+1, f.What)
					return
				}
			}
			t.Errorf("%s is not caught within %d seeds", v, within)
		})
	}
}
