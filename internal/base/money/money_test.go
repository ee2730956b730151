package money_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/money"
)

func ExampleFormat() {
	fmt.Println(money.Format(1234), money.Format(5), money.Format(-5))
	// Output: 12.34 0.05 -0.05
}

func ExampleParse() {
	fen, err := money.Parse("12.3")
	fmt.Println(fen, err)
	_, err = money.Parse("12,30")
	fmt.Println(err)
	// Output:
	// 1230 <nil>
	// amount "12,30" is not in yuan; write it like 12.34
}

func ExampleSplit() {
	parts, _ := money.Split(100, 3)
	fmt.Println(parts)
	// Output: [34 33 33]
}

func ExampleSplitByWeight() {
	parts, _ := money.SplitByWeight(100, []int64{1, 1, 4, 0})
	fmt.Println(parts)
	// Output: [17 17 66 0]
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	const most, least = math.MaxInt64, math.MinInt64
	for _, c := range []struct {
		name string
		op   func(a, b int64) (int64, bool)
		a, b int64
		want int64
		ok   bool
	}{
		{"add", money.Add, 1, 2, 3, true},
		{"add", money.Add, most, 0, most, true},
		{"add", money.Add, most, 1, 0, false},
		{"add", money.Add, least, -1, 0, false},
		{"add", money.Add, least, most, -1, true},
		{"add", money.Add, least, least, 0, false},
		{"sub", money.Sub, 1, 2, -1, true},
		{"sub", money.Sub, least, 1, 0, false},
		{"sub", money.Sub, 0, least, 0, false},
		{"sub", money.Sub, -1, least, most, true},
		{"sub", money.Sub, most, -1, 0, false},
		{"mul", money.Mul, 3, -4, -12, true},
		{"mul", money.Mul, least, 1, least, true},
		{"mul", money.Mul, least, -1, 0, false},
		{"mul", money.Mul, 1 << 32, 1 << 31, 0, false},
		{"mul", money.Mul, 1 << 32, -(1 << 31), least, true},
		{"mul", money.Mul, 0, least, 0, true},
	} {
		got, ok := c.op(c.a, c.b)
		if got != c.want || ok != c.ok {
			t.Errorf("%s(%d, %d) = %d, %v; want %d, %v", c.name, c.a, c.b, got, ok, c.want, c.ok)
		}
	}
}

// edgy draws amounts near the places where arithmetic breaks as often as others.
func edgy() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3),
		rapid.Int64Range(math.MaxInt64-3, math.MaxInt64), rapid.Int64Range(math.MinInt64, math.MinInt64+3),
		rapid.Int64Range(-1<<32, 1<<32))
}

func TestArithmeticAgreesWithBig(t *testing.T) {
	t.Parallel()
	ops := []struct {
		name string
		ours func(a, b int64) (int64, bool)
		big  func(z, a, b *big.Int) *big.Int
	}{
		{"add", money.Add, (*big.Int).Add},
		{"sub", money.Sub, (*big.Int).Sub},
		{"mul", money.Mul, (*big.Int).Mul},
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := edgy().Draw(t, "a"), edgy().Draw(t, "b")
		for _, op := range ops {
			want := op.big(new(big.Int), big.NewInt(a), big.NewInt(b))
			got, ok := op.ours(a, b)
			if ok != want.IsInt64() || ok && got != want.Int64() || !ok && got != 0 {
				t.Fatalf("%s(%d, %d) = %d, %v; exactly it is %s", op.name, a, b, got, ok, want)
			}
		}
	})
}

func TestSum(t *testing.T) {
	t.Parallel()
	if got, ok := money.Sum(); got != 0 || !ok {
		t.Errorf("Sum() = %d, %v", got, ok)
	}
	if got, ok := money.Sum(1, -2, 30); got != 29 || !ok {
		t.Errorf("Sum(1, -2, 30) = %d, %v", got, ok)
	}
	if _, ok := money.Sum(math.MaxInt64, 1, -1); ok {
		t.Error("a partial sum beyond int64 went unnoticed")
	}
}

func TestSplitRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total int64
		n     int
	}{{1, 0}, {1, -1}, {-1, 2}} {
		if parts, ok := money.Split(c.total, c.n); ok {
			t.Errorf("Split(%d, %d) = %v", c.total, c.n, parts)
		}
	}
	for _, c := range []struct {
		total   int64
		weights []int64
	}{{1, nil}, {1, []int64{0, 0}}, {1, []int64{2, -1}}, {-1, []int64{1}}, {1, []int64{math.MaxInt64, 1}}} {
		if parts, ok := money.SplitByWeight(c.total, c.weights); ok {
			t.Errorf("SplitByWeight(%d, %v) = %v", c.total, c.weights, parts)
		}
	}
}

func TestSplitIsFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, math.MaxInt64).Draw(t, "total")
		n := rapid.IntRange(1, 200).Draw(t, "n")
		parts, ok := money.Split(total, n)
		sum, fits := money.Sum(parts...)
		if !ok || !fits || sum != total || len(parts) != n {
			t.Fatalf("Split(%d, %d) = %v, %v: adds up to %d", total, n, parts, ok, sum)
		}
		if first, last := parts[0], parts[n-1]; first-last > 1 || first < last {
			t.Fatalf("parts run from %d to %d", first, last)
		}
	})
}

func TestSplitByWeightIsFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, math.MaxInt64).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64/64), 1, 64).Draw(t, "weights")
		weights[0]++ // at least one counts
		all, _ := money.Sum(weights...)
		parts, ok := money.SplitByWeight(total, weights)
		if !ok {
			t.Fatalf("SplitByWeight(%d, %v) refused", total, weights)
		}
		if sum, fits := money.Sum(parts...); !fits || sum != total {
			t.Fatalf("parts add up to %d, not %d", sum, total)
		}
		for i, part := range parts {
			// |part*all - total*weight| < all: off by less than one unit.
			off := new(big.Int).Mul(big.NewInt(part), big.NewInt(all))
			off.Sub(off, new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i]))).Abs(off)
			if off.Cmp(big.NewInt(all)) >= 0 || weights[i] == 0 && part != 0 {
				t.Fatalf("weight %d of %d got %d of %d", weights[i], all, part, total)
			}
		}
	})
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	c, ok := money.ParseCurrency("CNY")
	if !ok || c != money.CNY || !money.Known(c) || money.CurrencyCode(c) != "CNY" {
		t.Errorf("CNY reads as %d, %v", c, ok)
	}
	for _, s := range []string{"", "cny", "USD", "CNY "} {
		if _, ok := money.ParseCurrency(s); ok {
			t.Errorf("%q is no currency we know", s)
		}
	}
	if money.Known(840) || money.CurrencyCode(840) != "" {
		t.Error("840 is not known here")
	}
}
