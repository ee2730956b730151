package money_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for yuan, want := range map[string]int64{
		"0": 0, "0.00": 0, "0.01": 1, "0.1": 10, "1": 100, "12.34": 1234, "-0.05": -5, "-12": -1200,
		"92233720368547758.07": math.MaxInt64, "-92233720368547758.08": math.MinInt64,
	} {
		if got, err := money.Parse(yuan); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", yuan, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, yuan := range []string{
		"", "-", ".", "1.", ".5", "1.234", "01", "00.1", "+1", "--1", "1 ", " 1", "1,00", "1.2.3", "1e3", "0x1", "１", "¥1",
		"92233720368547758.08", "-92233720368547758.09", "99999999999999999999999",
	} {
		if got, err := money.Parse(yuan); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", yuan, got)
		}
	}
}

func TestFormatAndParseAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fen := edgy().Draw(t, "fen")
		got, err := money.Parse(money.Format(fen))
		if err != nil || got != fen {
			t.Fatalf("%d is written %q and read as %d, %v", fen, money.Format(fen), got, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"12.34", "-0.05", "0", "92233720368547758.08", "1e9", "", "-.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fen, err := money.Parse(s)
		if err != nil {
			return
		}
		again, err := money.Parse(money.Format(fen))
		if err != nil || again != fen {
			t.Fatalf("%q is %d fen, written %q, read %d, %v", s, fen, money.Format(fen), again, err)
		}
	})
}
