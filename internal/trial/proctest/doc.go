// Package proctest is what the tests that start, load and kill real processes
// have in common: `holdfast dev` as a user starts it, a merchant on the official
// SDK that keeps its own books, and the checks at the end. Every acknowledged
// payment must be there exactly once, the payer's balance must be what the
// merchant's books leave of it, and every notice must have arrived.
package proctest
