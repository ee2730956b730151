package wallet

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A counter is taken once, whatever the order in which calls arrive, and one that
// was left more than the window behind never.
func TestCounterIsTakenOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dev, taken, highest := &pb.Device{}, map[uint64]bool{}, uint64(0)
		for _, n := range rapid.SliceOfN(rapid.Uint64Range(0, 200), 1, 80).Draw(t, "counters") {
			want := n > 0 && !taken[n] && n+counterWindow > highest
			if got := count(dev, n); got != want {
				t.Fatalf("counter %d after %d: taken %v, want %v", n, highest, got, want)
			}
			if want {
				taken[n], highest = true, max(highest, n)
			}
		}
	})
}

func TestCounterMayLeap(t *testing.T) {
	t.Parallel()
	dev := &pb.Device{}
	for _, n := range []uint64{1, 64, 65, math.MaxUint64 - 1, math.MaxUint64} {
		if !count(dev, n) {
			t.Errorf("counter %d is not taken", n)
		}
	}
	if count(dev, 65) || count(dev, math.MaxUint64) {
		t.Error("a counter is taken twice after a leap")
	}
}

func TestTextThatOthersMaySee(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":               true,
		"午饭 🍜 thanks":    true,
		"a\u200db":       true, // joins emoji
		"line\nline":     false,
		"bell\a":         false,
		"abc\u202ecba":   false,
		"\u2066isolated": false,
		"nul\x00":        false,
		"\xff":           false,
		"one too long":   false,
	} {
		if got := Text(text, 11); got != want {
			t.Errorf("%q may be shown: %v, want %v", text, got, want)
		}
	}
}
