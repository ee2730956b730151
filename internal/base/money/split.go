package money

import (
	"math/bits"
	"slices"
)

// Split divides total into n parts that add up to it and differ by at most one
// minor unit; the larger parts come first. It returns false when n is not
// positive or total is negative.
func Split(total int64, n int) ([]int64, bool) {
	if n <= 0 || total < 0 {
		return nil, false
	}
	part, rest := total/int64(n), total%int64(n)
	parts := make([]int64, n)
	for i := range parts {
		parts[i] = part
		if int64(i) < rest {
			parts[i]++
		}
	}
	return parts, true
}

// SplitByWeight divides total in proportion to weights. Each part is the exact
// share rounded down or up to a minor unit, and the parts add up to total: what
// rounding down leaves goes, one unit each, to the largest remainders, and among
// equal remainders to the earlier part (Hamilton's method). A weight of zero
// gets nothing.
//
// It returns false when total or a weight is negative, or when the weights do
// not add up to a positive int64.
func SplitByWeight(total int64, weights []int64) ([]int64, bool) {
	sum, ok := Sum(weights...)
	if total < 0 || !ok || sum <= 0 || slices.Min(weights) < 0 {
		return nil, false
	}
	parts := make([]int64, len(weights))
	remainders := make([]uint64, len(weights))
	rest := total
	for i, w := range weights {
		// w <= sum, so the quotient is at most total and fits.
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		quotient, remainder := bits.Div64(hi, lo, uint64(sum))
		parts[i], remainders[i] = int64(quotient), remainder
		rest -= parts[i]
	}
	for _, i := range byRemainder(remainders)[:rest] {
		parts[i]++
	}
	return parts, true
}

// byRemainder lists indexes from the largest remainder to the smallest. The
// remainders add up to a multiple of the weights' sum, each being less than it,
// so fewer units are left over than there are remainders above zero.
func byRemainder(remainders []uint64) []int {
	order := make([]int, len(remainders))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case remainders[a] > remainders[b]:
			return -1
		case remainders[a] < remainders[b]:
			return 1
		}
		return 0
	})
	return order
}
