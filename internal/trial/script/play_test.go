package script_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/trial/script"
	"github.com/holdfast-pay/holdfast/internal/trial/sim"
)

var rewrite = flag.Bool("rewrite", false, "write what show steps show anew")

// seeds is how many seeds each script is played with: what it expects holds
// whatever the clocks and links do meanwhile.
const seeds = 8

func TestScripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { play(t, file) })
	}
}

func play(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := script.Parse(file, string(text))
	if err != nil {
		t.Fatal(err)
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		rep := sim.Play(sim.Options{Seed: seed}, s.Steps)
		if rep.Failure != nil {
			t.Errorf("seed %d: %v", seed, rep.Failure)
			return
		}
		if *rewrite && seed == 1 {
			s.Steps = rep.Steps
			if err := os.WriteFile(file, []byte(script.Rewrite(string(text), s)), 0o644); err != nil {
				t.Fatal(err)
			}
			var shown *sim.Shown
			if errors.As(rep.Err, &shown) {
				continue
			}
		}
		if rep.Err != nil {
			t.Errorf("%s:%d: seed %d: %v", file, rep.Step.Line, seed, rep.Err)
			return
		}
	}
}
