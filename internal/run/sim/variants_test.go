package sim

import (
	"os"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/run/drill"
)

func TestVariants(t *testing.T) {
	only := os.Getenv("VARIANT")
	for _, name := range VariantNames() {
		if only != "" && only != name {
			continue
		}
		caught := map[string]int{}
		first := 0
		for seed := 1; seed <= 150; seed++ {
			steps := append(Generate(uint64(seed)), drill.MustStep("broken "+name))
			rep := Play(Options{Lenient: true, Seed: uint64(seed)}, steps)
			if rep.Failure != nil {
				caught[rep.Failure.Checker]++
				if first == 0 {
					first = seed
				}
				if only != "" && !slices.Contains(Variants[name].Checkers, rep.Failure.Checker) {
					t.Log(seed, rep.Failure)
				}
			}
		}
		t.Log(name, first, caught)
	}
}
