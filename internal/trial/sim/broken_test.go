package sim

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// within is how many seeds it may take until a broken driver is caught.
const within = 150

// Every checker is seen to see: a driver that is broken on purpose is caught by a
// rule that is meant for it. Where chance seldom gets there, a script leads to it.
func TestBrokenDriversAreCaught(t *testing.T) {
	for _, name := range VariantNames() {
		t.Run(name, func(t *testing.T) {
			v := Variants[name]
			led := scriptOf(t, name)
			for seed := uint64(1); seed <= within; seed++ {
				steps := led
				if steps == nil {
					steps = Generate(seed)
				}
				steps = append([]script.Step{script.MustStep("broken " + name)}, steps...)
				rep := Play(Options{Seed: seed, Lenient: true}, steps)
				switch {
				case rep.Failure != nil && slices.Contains(v.Checkers, rep.Failure.Checker):
					t.Logf("caught by %s with seed %d", rep.Failure.Checker, seed)
					return
				case rep.Failure == nil && rep.Err != nil:
					t.Fatalf("seed %d: %v", seed, rep.Err)
				}
			}
			t.Errorf("%s (%s) was not caught by %v within %d seeds", name, v.Why, v.Checkers, within)
		})
	}
}

// scriptOf is the script that leads to where a driver is broken, nil for none.
// On the driver as it should be it must pass.
func scriptOf(t *testing.T, name string) []script.Step {
	text, err := os.ReadFile(filepath.Join("testdata", "broken", name+".txt"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := script.Parse(name+".txt", string(text))
	if err != nil {
		t.Fatal(err)
	}
	for seed := uint64(1); seed <= 5; seed++ {
		if rep := Play(Options{Seed: seed}, s.Steps); rep.Failure != nil || rep.Err != nil {
			t.Fatalf("on a driver that is not broken, seed %d: %v %v", seed, rep.Failure, rep.Err)
		}
	}
	return s.Steps
}

// A failing run becomes a short script that fails in the same way when it is
// read from its text.
func TestShrink(t *testing.T) {
	const most = 20
	opt := Options{Lenient: true}
	var steps []script.Step
	for seed := uint64(1); ; seed++ {
		steps = append([]script.Step{script.MustStep("broken map-order")}, Generate(seed)...)
		if rep := Play(opt, steps); rep.Failure != nil && rep.Failure.Checker == "digests" {
			break
		}
	}
	short, rep := Shrink(opt, steps, 700)
	if rep.Failure == nil || rep.Failure.Checker != "digests" || len(short) > most {
		t.Fatalf("%d steps became %d, which fail with %v:\n%s", len(steps), len(short), rep.Failure, script.Format(short))
	}
	again, err := script.Parse("short.txt", script.Format(short))
	if err != nil {
		t.Fatal(err)
	}
	if rep := Play(Options{}, again.Steps); rep.Failure == nil || rep.Failure.Checker != "digests" {
		t.Errorf("read again it ends with %v %v", rep.Failure, rep.Err)
	}
}
