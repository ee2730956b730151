// Package moves describes how records move from state to state: tables that the
// rules assert with every move and that docs/reference/states.md is printed from.
package moves

import "github.com/holdfast-pay/holdfast/internal/base/must"

// Move is one way from a state to another.
type Move[S ~int32] struct {
	// From is 0 for a record that is made.
	From, To S
	// By is the command that makes the move, by its name in the catalogue.
	By string
	// When says under which condition, in a few words.
	When string
}

// Table lists every move a kind of record can make, in the order of its life.
type Table[S ~int32] []Move[S]

// Allows says whether the table has a move between the two states.
func (t Table[S]) Allows(from, to S) bool {
	for _, m := range t {
		if m.From == from && m.To == to {
			return true
		}
	}
	return false
}

// Enter moves a record's state on. A move that the table lacks is a broken
// invariant.
func (t Table[S]) Enter(state *S, to S) {
	if !t.Allows(*state, to) {
		must.Never("a record in state %d may move to state %d", *state, to)
	}
	*state = to
}
