// Package must holds Holdfast's assertions, in two strengths.
//
//   - That and Never always run, in production too. A violation is a broken
//     invariant: the code that applies commands lets it stop the node before
//     anything is written. It is never an answer to a caller's mistake.
//   - Check and Sometimes (check.go, check_off.go) cost nothing unless the
//     binary is built with `-tags invariants`, as every test build is.
package must

import "fmt"

// Violation is what a failed assertion panics with.
type Violation struct {
	// Assertion is the sentence that was found false.
	Assertion string
}

// Error makes a Violation readable where a recovered panic is reported.
func (v *Violation) Error() string { return "broken invariant: " + v.Assertion }

// That panics with a *Violation when cond is false. The sentence states what
// must hold; args are formatted into it with fmt.Sprintf.
func That(cond bool, sentence string, args ...any) {
	if !cond {
		Never(sentence, args...)
	}
}

// Never panics with a *Violation: the place it stands in cannot be reached.
func Never(sentence string, args ...any) {
	panic(&Violation{Assertion: fmt.Sprintf(sentence, args...)})
}

// NoError panics with a *Violation when err is not nil.
func NoError(err error, doing string) {
	if err != nil {
		Never("%s: %v", doing, err)
	}
}
