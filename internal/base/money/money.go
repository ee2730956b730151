// Package money is arithmetic on amounts. An amount is an int64 of minor units
// (fen); there is no floating point anywhere, and no sum that could wrap: every
// operation answers whether its result fits.
//
// Parse and Format are the only places with a decimal point. Bills and people
// see "12.34"; the API, the records and the ledger see 1234.
package money

import "math/bits"

// Add returns a+b, and false when the sum does not fit.
func Add(a, b int64) (int64, bool) {
	sum := a + b
	// Two numbers of one sign whose sum has the other have wrapped.
	if (a >= 0) == (b >= 0) && (sum >= 0) != (a >= 0) {
		return 0, false
	}
	return sum, true
}

// Sub returns a-b, and false when the difference does not fit.
func Sub(a, b int64) (int64, bool) {
	diff := a - b
	if (a >= 0) != (b >= 0) && (diff >= 0) != (a >= 0) {
		return 0, false
	}
	return diff, true
}

// Mul returns a*b, and false when the product does not fit.
func Mul(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 {
		return 0, false
	}
	return signed(lo, (a < 0) != (b < 0))
}

// Sum adds all amounts from left to right, and returns false when a partial
// sum does not fit.
func Sum(amounts ...int64) (int64, bool) {
	total, ok := int64(0), true
	for _, a := range amounts {
		if total, ok = Add(total, a); !ok {
			return 0, false
		}
	}
	return total, true
}

// magnitude is |a|, also for the smallest int64, whose negation does not fit.
func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// signed gives a magnitude its sign back, and returns false when it does not fit.
func signed(m uint64, negative bool) (int64, bool) {
	switch {
	case negative && m <= 1<<63:
		return -int64(m), true
	case !negative && m < 1<<63:
		return int64(m), true
	}
	return 0, false
}
